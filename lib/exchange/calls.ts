import type { Clock } from '../clock.ts';
import { asFailure, type Failure } from '../errors.ts';
import { type Credentials, createSignatureAuth, createTokenAuth, type Grant, type KeyVersion } from './auth.ts';
import type { MethodCall } from './dialects/definition.ts';
import type { Dialect } from './dialects/index.ts';
import { hedged } from './hedged.ts';
import { encodeCall, type Reply, readReply } from './json-rpc.ts';
import { isOrderFailure } from './order-failures.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { type RetryBudget, retryDelay } from './retry.ts';
import type { ReplyStream, Transport } from './transport.ts';

export type CallDeps = {
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
  /** How long a request may go without a reply before another is sent alongside, milliseconds. Default: none is. */
  readonly hedgingDelayMs?: number;
  /** Called once per key when the key may do more than it needs to. */
  readonly onWarning?: (sentence: string) => void;
};

/** What a call returned. Times are by our clock, epoch ms: just before the request was sent, and when its reply came. */
export type CallResult<Result> = {
  readonly result: Result;
  /** The text of `result`, verbatim; of a streamed reply, what its stream left of it. */
  readonly resultText: string;
  readonly exchangeTime: Reply['exchangeTime'];
  readonly requestedAt: number;
  readonly receivedAt: number;
  /** The version of the key that was used. */
  readonly keyVersion: string;
};

/** Reads the reply of one attempt, so that nothing of a broken attempt carries over into the next. */
export type ReplyReader<Result> = {
  /** What it throws is handled like an error of the exchange. */
  readonly read: (reply: Reply) => Result;
  readonly stream?: ReplyStream;
};

export type Calls = {
  /**
   * Calls a private method. `deadline` (epoch ms) bounds everything: key, token, call and repeats. Each of them takes a
   * permit. A call is repeated once, and then again with a new token or key. The repeat is charged to the retry budget;
   * when that is empty, only the first connection lost since the last reply is made up for. A request alongside a late
   * one, at most one per call, is charged to it, too: the reply that comes first counts, and the other is dropped.
   * Throws `Failure`.
   */
  readonly call: <Result>(
    call: MethodCall,
    createReader: () => ReplyReader<Result>,
    deadline: number,
  ) => Promise<CallResult<Result>>;
  /** Prepares what the first call would otherwise wait for: key, token, connection. Throws `Failure`. */
  readonly warmUp: (deadline: number) => Promise<void>;
};

export function createCalls(deps: CallDeps): Calls {
  const { dialect, credentials, clock, retryBudget, hedgingDelayMs: delayMs } = deps;
  const freeRepeat: FreeRepeat = { isLeft: true };
  const compose = createCompose(deps);
  const send = createSend(deps);
  const auth =
    dialect.auth === 'signature'
      ? createSignatureAuth(deps)
      : createTokenAuth({
          ...deps,
          call: async (method, params, deadline) =>
            (await send(compose({ method, params }), { headers: {}, deadline })).result,
        });

  const accept = (grant: Grant | undefined): void => {
    grant?.accepted();
    freeRepeat.isLeft = true;
  };

  const call: Calls['call'] = async (methodCall, createReader, deadline) => {
    retryBudget.earn();
    const first = once();
    const remedy = createRemedy(deps, deadline, first, freeRepeat);
    let key = await credentials.get(deadline);
    for (;;) {
      const { version } = key;
      let grant: Grant | undefined;
      const attempt = async (onSent: () => void) => {
        const post = compose(methodCall);
        const { read, stream } = createReader();
        const granted = await auth.grant(post, key, deadline);
        grant ??= granted;
        const reply = await send(post, { headers: granted.headers, deadline, stream, onSent });
        const result = read(reply);
        accept(granted);
        return { ...reply, result, keyVersion: version };
      };
      try {
        return await hedged(attempt, { clock, delayMs, mayRepeat: () => first('late') && retryBudget.spend() });
      } catch (thrown) {
        const failure = asFailure(thrown);
        if (isOrderFailure(failure)) accept(grant);
        key = await remedy(failure, key, grant);
      }
    }
  };

  const warmUp: Calls['warmUp'] = async (deadline) => {
    const post = compose({ method: 'public/test', params: {} });
    const granted = credentials.get(deadline).then((key) => auth.grant(post, key, deadline));
    // A token request opens the connection; where none is needed, a call that needs no key does.
    await Promise.all([granted, dialect.auth === 'signature' && send(post, { headers: {}, deadline })]);
  };

  return { call, warmUp };
}

type Post = { readonly id: number; readonly url: string; readonly body: string };

/** Each request has its own id. */
function createCompose({ dialect, url }: CallDeps) {
  let lastId = 0;
  return ({ method, params }: MethodCall): Post => {
    const id = ++lastId;
    return { id, url: `${url}/${method}`, body: encodeCall(dialect, id, method, params) };
  };
}

type SendOptions = {
  readonly headers: Grant['headers'];
  readonly deadline: number;
  readonly stream?: ReplyStream | undefined;
  readonly onSent?: () => void;
};

/** Everything that is sent to the exchange passes here, and takes its permit here. */
function createSend({ dialect, transport, rateLimiter, clock }: CallDeps) {
  return async ({ id, url, body }: Post, { headers, deadline, stream, onSent }: SendOptions) => {
    await rateLimiter.acquire(deadline);
    const requestedAt = clock.now();
    onSent?.();
    const reply = await transport({ url, headers, body, deadline, stream });
    const receivedAt = clock.now();
    try {
      return { ...readReply(reply, { id, dialect, now: receivedAt }), requestedAt, receivedAt };
    } catch (thrown) {
      const failure = asFailure(thrown);
      if (failure.code === 'throttled') await rateLimiter.throttled(failure.retryAfterMs);
      throw failure;
    }
  };
}

/** Whether a call has had its reply since the last repeat that was not charged to the budget. */
type FreeRepeat = { isLeft: boolean };

/** What follows a failed attempt of one call: another one with the key that is returned, or the failure is thrown. */
function createRemedy(
  { credentials, clock, random, retryBudget }: CallDeps,
  deadline: number,
  first: First,
  freeRepeat: FreeRepeat,
) {
  const refusals = new Map<string, Failure>();
  // As it was when the call began: a process that was frozen resumes with several dead connections.
  const isFree = freeRepeat.isLeft;
  return async (failure: Failure, key: KeyVersion, grant: Grant | undefined): Promise<KeyVersion> => {
    switch (failure.spec.retry) {
      case 'never':
        throw failure;
      case 'now':
        if (!first('call') || !(retryBudget.spend() || isFree)) throw failure;
        freeRepeat.isLeft = false;
        return key;
      case 'later': {
        const delay = retryDelay(failure, random(), deadline - clock.now());
        if (delay === undefined || !first('call') || !retryBudget.spend()) throw failure;
        await clock.sleep(delay);
        return key;
      }
      case 'renew': {
        if (grant?.discard() && first('token')) return key;
        refusals.set(key.version, failure);
        const next = await credentials.renew(key.version, deadline);
        // The failure of the current key, not that of the one that stood in for it.
        const refusal = refusals.get(next.version);
        if (refusal !== undefined || !first('key')) throw refusal ?? failure;
        return next;
      }
    }
  };
}

/** True the first time that a remedy is named. */
type First = (remedy: 'call' | 'late' | 'token' | 'key') => boolean;

/** Each remedy once per call. */
function once(): First {
  const tried = new Set<string>();
  return (remedy) => {
    const before = tried.size;
    return tried.add(remedy).size > before;
  };
}
