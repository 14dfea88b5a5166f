import type { Clock } from '../clock.ts';
import { asFailure, Failure } from '../errors.ts';
import { type Credentials, createSignatureAuth, createTokenAuth, type Grant } from './auth.ts';
import type { Dialect } from './dialects/index.ts';
import { isJsonObject, type JsonObject, scalarText } from './json.ts';
import { type Envelope, encodeCall, type Reply, readReply } from './json-rpc.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { type RetryBudget, retryDelay } from './retry.ts';
import type { Transport } from './transport.ts';

/** What the exchange said of an order. Times are ours, epoch ms: just before the answered request, and just after. */
export type OrderReply = {
  readonly result: JsonObject;
  /** The text of `result`, verbatim. */
  readonly resultText: string;
  readonly envelope: Envelope;
  readonly requestedAt: number;
  readonly answeredAt: number;
  /** The version of the key that asked. */
  readonly keyVersion: string;
};

export type Exchange = {
  /** `deadline` (epoch ms) bounds everything: key, token, call and repeats. Throws `Failure`. */
  readonly getOrderState: (orderId: string, options: { readonly deadline: number }) => Promise<OrderReply>;
  /** Does ahead of the first call what it would wait for: key, token, connection. Throws `Failure`. */
  readonly warmUp: (deadline: number) => Promise<void>;
};

export type ExchangeDeps = {
  readonly dialect: Dialect;
  /** Base URL; a method's path is appended to it. */
  readonly url: string;
  readonly transport: Transport;
  readonly credentials: Credentials;
  readonly rateLimiter: RateLimiter;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Never the same twice. */
  readonly nonce: () => string;
  readonly retryBudget: RetryBudget;
  /** Told once per key when the key may do more than it needs to. */
  readonly onWarning?: (sentence: string) => void;
};

export function createExchange(deps: ExchangeDeps): Exchange {
  const { dialect, transport, credentials, rateLimiter, clock, random, retryBudget } = deps;
  let lastId = 0;

  const compose = (method: string, params: Readonly<Record<string, string>>) => {
    const id = ++lastId;
    return { id, url: `${deps.url}/${method}`, body: encodeCall(dialect, id, method, params) };
  };

  /** Everything that reaches the exchange passes here, and is paid for here. */
  const send = async ({ id, url, body }: ReturnType<typeof compose>, headers: Grant['headers'], deadline: number) => {
    await rateLimiter.acquire(deadline);
    const requestedAt = clock.now();
    const reply = await transport({ url, headers, body, deadline });
    const answeredAt = clock.now();
    try {
      return { ...readReply(reply, { id, dialect }), requestedAt, answeredAt };
    } catch (thrown) {
      const failure = asFailure(thrown);
      if (failure.code === 'throttled') await rateLimiter.throttled(failure.retryAfterMs);
      throw failure;
    }
  };

  const auth =
    dialect.auth === 'signature'
      ? createSignatureAuth(deps)
      : createTokenAuth({
          ...deps,
          call: async (method, params, deadline) => (await send(compose(method, params), {}, deadline)).result,
        });

  const getOrderState: Exchange['getOrderState'] = async (orderId, { deadline }) => {
    retryBudget.earn();
    const first = once();
    let key = await credentials.get(deadline);
    for (;;) {
      const post = compose('private/get_order_state', { order_id: orderId });
      let grant: Grant | undefined;
      try {
        grant = await auth.grant(post, key, deadline);
        const reply = await send(post, grant.headers, deadline);
        return { ...reply, result: orderOf(reply, orderId), keyVersion: key.version };
      } catch (thrown) {
        const failure = asFailure(thrown);
        switch (failure.spec.retry) {
          case 'never':
            throw failure;
          case 'now':
            if (!first('connection')) throw failure;
            break;
          case 'later': {
            const delay = retryDelay(failure, random(), deadline - clock.now());
            if (delay === undefined || !first('wait') || !retryBudget.spend()) throw failure;
            await clock.sleep(delay);
            break;
          }
          case 'renew': {
            if (grant?.discard() && first('token')) break;
            const newest = await credentials.renew(key.version, deadline);
            if (newest.version === key.version || !first('key')) throw failure;
            key = newest;
          }
        }
      }
    }
  };

  const warmUp: Exchange['warmUp'] = async (deadline) => {
    const post = compose('public/test', {});
    const granted = credentials.get(deadline).then((key) => auth.grant(post, key, deadline));
    // Asking for a token opens the connection; where none is needed, a call that needs no key does.
    await Promise.all([granted, dialect.auth === 'signature' && send(post, {}, deadline)]);
  };

  return { getOrderState, warmUp };
}

/** Each remedy once in a call: true the first time that it is named. */
function once(): (remedy: 'connection' | 'wait' | 'token' | 'key') => boolean {
  const tried = new Set<string>();
  return (remedy) => {
    const isFirst = !tried.has(remedy);
    tried.add(remedy);
    return isFirst;
  };
}

function orderOf({ result }: Reply, orderId: string): JsonObject {
  if (!isJsonObject(result) || scalarText(result['order_id']) !== orderId) {
    throw new Failure('invalid_response', 'The answer of the exchange is not about the order that was asked for.');
  }
  return result;
}
