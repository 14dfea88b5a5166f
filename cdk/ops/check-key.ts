import { randomUUID } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import { asFailure, type Failure } from '../../lib/errors.ts';
import { type ApiKey, readToken } from '../../lib/exchange/auth.ts';
import { createExchange } from '../../lib/exchange/client.ts';
import { type DialectName, dialects } from '../../lib/exchange/dialects/index.ts';
import { encodeCall, readReply } from '../../lib/exchange/json-rpc.ts';
import { createRetryBudget } from '../../lib/exchange/retry.ts';
import { createHttpTransport, type Transport } from '../../lib/exchange/transport.ts';

export type ExchangeAddress = { readonly url: string; readonly dialect: DialectName };

/** How far this machine's clock is ahead of the exchange's, and how far off that may be; milliseconds. */
export type ClockOffset = { readonly aheadMs: number; readonly uncertaintyMs: number };

/** What the exchange grants a key. */
type KeyGrant = {
  /** In the exchange's own words. */
  readonly scope: string;
  readonly mayWrite: boolean;
  /** `undefined` when the exchange did not say its time, or one that is hours away from ours. */
  readonly clock: ClockOffset | undefined;
};

/** `failure`: the exchange refuses the key, or does not let it read orders, or does not respond. */
export type KeyTrial = { readonly grant?: KeyGrant | undefined; readonly failure?: Failure };

/** No order has this id. */
const impossibleOrderId = '0';
/** How an exchange refuses it to a key that may read orders. */
const expected: ReadonlySet<string> = new Set(['order_not_found', 'invalid_order_id', 'not_owner']);
const timeoutMs = 15_000;

export const writeWarning = 'The exchange key is allowed to do more than read. A read-only key is enough, and safer.';

/** Tries a key with two calls that change nothing: a request for a token, and one for an order that cannot exist. */
export async function tryKey(key: ApiKey, exchange: ExchangeAddress, clock: Clock): Promise<KeyTrial> {
  const transport = createHttpTransport({ clock });
  let grant: KeyGrant | undefined;
  try {
    grant = await requestGrant(key, exchange, transport, clock);
    await requestOrder(key, exchange, transport, clock);
    return { grant };
  } catch (thrown) {
    return { grant, failure: asFailure(thrown) };
  } finally {
    transport.close();
  }
}

/** Where requests are signed, too: only the reply to this call says what the key may do. */
async function requestGrant(
  { clientId, clientSecret }: ApiKey,
  { url, dialect: name }: ExchangeAddress,
  transport: Transport,
  clock: Clock,
): Promise<KeyGrant> {
  const [id, method, dialect] = [1, 'public/auth', dialects[name]];
  const params = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret.reveal() };
  const requestedAt = clock.now();
  const deadline = requestedAt + timeoutMs;
  const body = encodeCall(dialect, id, method, params);
  const reply = await transport({ url: `${url}/${method}`, headers: {}, body, deadline });
  const receivedAt = clock.now();
  const { result, exchangeTime } = readReply(reply, { id, dialect, now: receivedAt });
  const { scope, mayWrite } = readToken(result);
  const [middle, uncertaintyMs] = [(requestedAt + receivedAt) / 2, (receivedAt - requestedAt) / 2];
  return {
    scope,
    mayWrite,
    clock: exchangeTime === undefined ? undefined : { aheadMs: middle - exchangeTime, uncertaintyMs },
  };
}

/** Throws the `Failure` of a key that may not read orders. */
async function requestOrder(
  key: ApiKey,
  { url, dialect }: ExchangeAddress,
  transport: Transport,
  clock: Clock,
): Promise<void> {
  const held = { version: 'new', key };
  const exchange = createExchange({
    dialect: dialects[dialect],
    url,
    transport,
    credentials: { get: async () => held, renew: async () => held },
    // One call, at a time when the account may not even have a table: it takes no permit.
    rateLimiter: { acquire: async () => {}, throttled: async () => {} },
    clock,
    random: Math.random,
    nonce: randomUUID,
    retryBudget: createRetryBudget(),
  });
  try {
    await exchange.getOrderState(impossibleOrderId, { deadline: clock.now() + timeoutMs });
  } catch (thrown) {
    const failure = asFailure(thrown);
    if (!expected.has(failure.code)) throw failure;
  }
}
