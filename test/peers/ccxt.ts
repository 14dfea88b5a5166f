import { pathToFileURL } from 'node:url';
import * as z from 'zod/mini';
import type { Key } from '../emulator/exchange/auth.ts';

/** What is used here of ccxt's class for an exchange. */
type Client = {
  readonly setMarkets: (markets: readonly object[]) => unknown;
  readonly fetchOrder: (orderId: string) => Promise<unknown>;
};
type ClientClass = new (config: object) => Client;
type ErrorClass = new (message: string) => Error;

const isFunction = (value: unknown) => typeof value === 'function';
const Module = z.object({
  default: z.object({
    deribit: z.custom<ClientClass>(isFunction),
    OrderNotFound: z.custom<ErrorClass>(isFunction),
  }),
});
export type Ccxt = z.output<typeof Module>['default'];

export async function loadCcxt(file: string): Promise<Ccxt> {
  return Module.parse(await import(pathToFileURL(file).href)).default;
}

/** The market of the orders below: with it at hand, ccxt requests nothing but orders. */
const market = {
  id: 'BTC-PERPETUAL',
  symbol: 'BTC/USD:BTC',
  base: 'BTC',
  quote: 'USD',
  settle: 'BTC',
  type: 'swap',
  swap: true,
  contract: true,
  inverse: true,
  contractSize: 10,
  precision: { amount: 10, price: 0.5 },
};

/** ccxt's deribit class, which signs with the key and sends to `url`, to which it adds `/api/v2/…` itself. */
export function clientOf({ deribit }: Ccxt, url: string, { clientId, clientSecret }: Key): Client {
  const client = new deribit({ apiKey: clientId, secret: clientSecret, urls: { api: { rest: url } } });
  client.setMarkets([market]);
  return client;
}
