import { startExchange } from '../emulator/exchange/server.ts';
import { startLocal } from '../start/run.ts';
import type { ExistingOrders } from './requests.ts';

/** The stack on this machine, with an exchange whose orders keep changing. */
export type TestEnvironment = {
  readonly url: string;
  readonly known: ExistingOrders;
  /** Something happens to a live order; `at` is any whole number. */
  readonly live: (at: number) => void;
  readonly stop: () => Promise<void>;
};

const account = 'main';
/** Seven of ten are over: those cost no call of the exchange once they were seen. */
const placed = 40;
const closed = 28;
/** This many ids are unknown. */
const strangers = 2;

/** Starts the stack, and requests every order once. `failed`: a function that failed instead of responding. */
export async function startEnvironment(failed: (reported: string) => void): Promise<TestEnvironment> {
  const dialect = 'deribit';
  const exchange = await startExchange({ dialect });
  const [key] = exchange.keys;
  if (key === undefined) throw new Error('the exchange has a key');
  const run = await startLocal({
    options: {
      kind: 'run',
      port: 0,
      account,
      dialect,
      exchange: { url: exchange.url, key },
      data: undefined,
      every: 60,
      demo: false,
      verbose: false,
    },
    failed: (name, type, message) => failed(`${name} failed: ${type}: ${message}`),
    onEvent: () => undefined,
  });
  const orderIds = Array.from({ length: placed }, () => exchange.place({ amount: '1000000' }));
  for (const id of orderIds.slice(0, closed)) exchange.fill(id);
  const open = orderIds.slice(closed);
  for (const id of orderIds) {
    const response = await fetch(`${run.url}/accounts/${account}/orders/${id}`);
    if (!response.ok) throw new Error(`order ${id} got ${response.status}: ${await response.text()}`);
  }
  return {
    url: run.url,
    known: {
      account,
      version: 'v2',
      orderIds: [...orderIds, ...Array.from({ length: strangers }, (_, i) => `ETH-STRANGER-${i}`)],
    },
    live: (at) => exchange.partialFill(open[at % open.length] ?? '', String(1 + at)),
    stop: async () => {
      await run.stop();
      await exchange.stop();
    },
  };
}
