/** Every way a check can fail: the closed union that status, log level, retry and metrics are read from. */
export type Code =
  // the caller's
  | 'bad_request'
  | 'unknown_account'
  | 'account_forbidden'
  | 'invalid_order_id'
  // what the exchange says of the order
  | 'order_not_found'
  | 'not_owner'
  // the key
  | 'unauthorized'
  | 'key_refused'
  | 'forbidden'
  | 'account_locked'
  | 'secret_unfilled'
  | 'secret_malformed'
  | 'secret_unavailable'
  // the exchange's health
  | 'throttled'
  | 'no_credit'
  | 'busy'
  | 'maintenance'
  | 'unreachable'
  | 'connection_lost'
  | 'timeout'
  | 'protocol'
  | 'exchange_error'
  // ours
  | 'call_rejected'
  | 'store_unavailable'
  | 'store_conflict'
  | 'store_corrupt'
  | 'internal';

/**
 * What follows from a code.
 * - `retry`: `now` again at once, on a new connection; `later` after a jittered wait, within the retry budget;
 *   `renew` with a new token or key; `never`.
 * - `retryAfterSeconds`: what a caller is told when the exchange did not say.
 */
export type FailureKind = {
  readonly class: 'caller' | 'absent' | 'auth' | 'health' | 'ours';
  readonly status: 400 | 403 | 404 | 500 | 502 | 503 | 504;
  readonly title: string;
  readonly retry: 'never' | 'now' | 'later' | 'renew';
  readonly level: 'info' | 'warn' | 'error';
  readonly retryAfterSeconds?: number;
};

export const failureKinds: Readonly<Record<Code, FailureKind>> = {
  bad_request: { class: 'caller', status: 400, title: 'Bad request', retry: 'never', level: 'info' },
  unknown_account: { class: 'caller', status: 404, title: 'Unknown account', retry: 'never', level: 'info' },
  account_forbidden: { class: 'caller', status: 403, title: 'Not your account', retry: 'never', level: 'warn' },
  invalid_order_id: { class: 'caller', status: 400, title: 'Order id refused', retry: 'never', level: 'info' },

  order_not_found: { class: 'absent', status: 404, title: 'Order not found', retry: 'never', level: 'info' },
  not_owner: { class: 'auth', status: 403, title: 'Not an order of this account', retry: 'never', level: 'warn' },

  unauthorized: { class: 'auth', status: 502, title: 'Exchange key refused', retry: 'renew', level: 'error' },
  key_refused: { class: 'auth', status: 502, title: 'Exchange key refused', retry: 'renew', level: 'error' },
  forbidden: { class: 'auth', status: 502, title: 'Exchange key lacks a right', retry: 'never', level: 'error' },
  account_locked: { class: 'auth', status: 502, title: 'Exchange account locked', retry: 'never', level: 'error' },
  secret_unfilled: { class: 'auth', status: 503, title: 'Exchange key not filled in', retry: 'never', level: 'error' },
  secret_malformed: { class: 'auth', status: 503, title: 'Exchange key malformed', retry: 'never', level: 'error' },
  secret_unavailable: {
    class: 'health',
    status: 503,
    title: 'Exchange key cannot be read',
    retry: 'never',
    level: 'error',
    retryAfterSeconds: 5,
  },

  throttled: {
    class: 'health',
    status: 503,
    title: 'Exchange is throttling',
    retry: 'later',
    level: 'warn',
    retryAfterSeconds: 1,
  },
  no_credit: {
    class: 'health',
    status: 503,
    title: 'Share of the rate limit spent',
    retry: 'never',
    level: 'warn',
    retryAfterSeconds: 1,
  },
  busy: {
    class: 'health',
    status: 503,
    title: 'Exchange is busy',
    retry: 'later',
    level: 'warn',
    retryAfterSeconds: 1,
  },
  maintenance: {
    class: 'health',
    status: 503,
    title: 'Exchange is in maintenance',
    retry: 'never',
    level: 'warn',
    retryAfterSeconds: 60,
  },
  unreachable: {
    class: 'health',
    status: 503,
    title: 'Exchange cannot be reached',
    retry: 'later',
    level: 'warn',
    retryAfterSeconds: 5,
  },
  connection_lost: {
    class: 'health',
    status: 503,
    title: 'Connection to the exchange lost',
    retry: 'now',
    level: 'warn',
    retryAfterSeconds: 1,
  },
  timeout: { class: 'health', status: 504, title: 'Exchange did not answer in time', retry: 'never', level: 'warn' },
  protocol: {
    class: 'health',
    status: 502,
    title: 'Exchange gave an unusable answer',
    retry: 'later',
    level: 'error',
  },
  exchange_error: {
    class: 'health',
    status: 502,
    title: 'Exchange answered an error',
    retry: 'never',
    level: 'error',
  },

  call_rejected: { class: 'ours', status: 500, title: 'Internal error', retry: 'never', level: 'error' },
  store_unavailable: {
    class: 'ours',
    status: 503,
    title: 'Snapshots cannot be reached',
    retry: 'never',
    level: 'error',
    retryAfterSeconds: 1,
  },
  store_conflict: {
    class: 'ours',
    status: 503,
    title: 'Too many writers at once',
    retry: 'never',
    level: 'warn',
    retryAfterSeconds: 1,
  },
  store_corrupt: { class: 'ours', status: 500, title: 'Internal error', retry: 'never', level: 'error' },
  internal: { class: 'ours', status: 500, title: 'Internal error', retry: 'never', level: 'error' },
};

export type FailureOptions = {
  /** What threw. Never a parser's error: those quote the text they choked on. */
  readonly cause?: unknown;
  /** How long the other side asked us to wait. */
  readonly retryAfterMs?: number | undefined;
  /** The exchange's own number for the error. */
  readonly exchangeCode?: number | undefined;
  /** More that the caller may know, by member name. */
  readonly members?: Readonly<Record<string, unknown>>;
};

/**
 * The one error of this project. `message` is a sentence for the person who reads it; it never holds a request or reply
 * body, a header, a key or a token.
 */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: Code;
  readonly retryAfterMs: number | undefined;
  readonly exchangeCode: number | undefined;
  readonly members: Readonly<Record<string, unknown>>;

  constructor(code: Code, message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
    this.exchangeCode = options.exchangeCode;
    this.members = options.members ?? {};
  }

  get kind(): FailureKind {
    return failureKinds[this.code];
  }
}

/** Whatever was thrown, as a `Failure`; what nobody foresaw becomes `internal`, its text kept as the cause only. */
export function asFailure(thrown: unknown): Failure {
  return thrown instanceof Failure ? thrown : new Failure('internal', 'Something failed here.', { cause: thrown });
}

/** The account's trouble, at first sight: a key that does not work, a limit that is spent, a house that is closed. */
export function speaksOfAccount({ code, kind }: Failure): boolean {
  if (code === 'throttled' || code === 'maintenance' || code === 'secret_unavailable') return true;
  return kind.class === 'auth' && code !== 'not_owner';
}
