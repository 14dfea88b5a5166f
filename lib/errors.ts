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
  | 'secret_empty'
  | 'secret_malformed'
  | 'secret_unavailable'
  // the exchange's health
  | 'throttled'
  | 'rate_limited_locally'
  | 'busy'
  | 'maintenance'
  | 'unreachable'
  | 'connection_lost'
  | 'timeout'
  | 'invalid_response'
  | 'exchange_error'
  // ours
  | 'request_rejected'
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
export type FailureSpec = {
  readonly category: 'caller' | 'not_found' | 'auth' | 'upstream' | 'internal';
  readonly status: 400 | 403 | 404 | 500 | 502 | 503 | 504;
  readonly title: string;
  readonly retry: 'never' | 'now' | 'later' | 'renew';
  readonly level: 'info' | 'warn' | 'error';
  readonly retryAfterSeconds?: number;
};

export const errorCatalog: Readonly<Record<Code, FailureSpec>> = {
  bad_request: { category: 'caller', status: 400, title: 'Bad request', retry: 'never', level: 'info' },
  unknown_account: { category: 'caller', status: 404, title: 'Unknown account', retry: 'never', level: 'info' },
  account_forbidden: { category: 'caller', status: 403, title: 'Not your account', retry: 'never', level: 'warn' },
  invalid_order_id: { category: 'caller', status: 400, title: 'Order id refused', retry: 'never', level: 'info' },

  order_not_found: { category: 'not_found', status: 404, title: 'Order not found', retry: 'never', level: 'info' },
  not_owner: { category: 'auth', status: 403, title: 'Not an order of this account', retry: 'never', level: 'warn' },

  unauthorized: { category: 'auth', status: 502, title: 'Exchange key refused', retry: 'renew', level: 'error' },
  key_refused: { category: 'auth', status: 502, title: 'Exchange key refused', retry: 'renew', level: 'error' },
  forbidden: { category: 'auth', status: 502, title: 'Exchange key lacks a right', retry: 'never', level: 'error' },
  account_locked: { category: 'auth', status: 502, title: 'Exchange account locked', retry: 'never', level: 'error' },
  secret_empty: { category: 'auth', status: 503, title: 'Exchange key not filled in', retry: 'never', level: 'error' },
  secret_malformed: { category: 'auth', status: 503, title: 'Exchange key malformed', retry: 'never', level: 'error' },
  secret_unavailable: {
    category: 'upstream',
    status: 503,
    title: 'Exchange key cannot be read',
    retry: 'never',
    level: 'error',
    retryAfterSeconds: 5,
  },

  throttled: {
    category: 'upstream',
    status: 503,
    title: 'Exchange is throttling',
    retry: 'later',
    level: 'warn',
    retryAfterSeconds: 1,
  },
  rate_limited_locally: {
    category: 'upstream',
    status: 503,
    title: 'Share of the rate limit spent',
    retry: 'never',
    level: 'warn',
    retryAfterSeconds: 1,
  },
  busy: {
    category: 'upstream',
    status: 503,
    title: 'Exchange is busy',
    retry: 'later',
    level: 'warn',
    retryAfterSeconds: 1,
  },
  maintenance: {
    category: 'upstream',
    status: 503,
    title: 'Exchange is in maintenance',
    retry: 'never',
    level: 'warn',
    retryAfterSeconds: 60,
  },
  unreachable: {
    category: 'upstream',
    status: 503,
    title: 'Exchange cannot be reached',
    retry: 'later',
    level: 'warn',
    retryAfterSeconds: 5,
  },
  connection_lost: {
    category: 'upstream',
    status: 503,
    title: 'Connection to the exchange lost',
    retry: 'now',
    level: 'warn',
    retryAfterSeconds: 1,
  },
  timeout: {
    category: 'upstream',
    status: 504,
    title: 'Exchange did not answer in time',
    retry: 'never',
    level: 'warn',
  },
  invalid_response: {
    category: 'upstream',
    status: 502,
    title: 'Exchange gave an unusable answer',
    retry: 'later',
    level: 'error',
  },
  exchange_error: {
    category: 'upstream',
    status: 502,
    title: 'Exchange answered an error',
    retry: 'never',
    level: 'error',
  },

  request_rejected: { category: 'internal', status: 500, title: 'Internal error', retry: 'never', level: 'error' },
  store_unavailable: {
    category: 'internal',
    status: 503,
    title: 'Snapshots cannot be reached',
    retry: 'never',
    level: 'error',
    retryAfterSeconds: 1,
  },
  store_conflict: {
    category: 'internal',
    status: 503,
    title: 'Too many writers at once',
    retry: 'never',
    level: 'warn',
    retryAfterSeconds: 1,
  },
  store_corrupt: { category: 'internal', status: 500, title: 'Internal error', retry: 'never', level: 'error' },
  internal: { category: 'internal', status: 500, title: 'Internal error', retry: 'never', level: 'error' },
};

/** One odd reply must not keep a caller, or an account, away for hours. */
export const maxRetryAfterMs = 300_000;

export type FailureOptions = {
  /** What threw. Never a parser's error: those quote the text they choked on. */
  readonly cause?: unknown;
  /** How long the other side asked us to wait; more than 300 s counts as 300 s. */
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
    const { retryAfterMs } = options;
    this.retryAfterMs = retryAfterMs === undefined ? undefined : Math.min(retryAfterMs, maxRetryAfterMs);
    this.exchangeCode = options.exchangeCode;
    this.members = options.members ?? {};
  }

  get spec(): FailureSpec {
    return errorCatalog[this.code];
  }
}

/** Whatever was thrown, as a `Failure`; what nobody foresaw becomes `internal`, its text kept as the cause only. */
export function asFailure(thrown: unknown): Failure {
  return thrown instanceof Failure ? thrown : new Failure('internal', 'Something failed here.', { cause: thrown });
}

/** How long a caller should wait, seconds: what the exchange asked for, else what the catalog says. */
export function retryAfterSeconds({ retryAfterMs, spec }: Failure): number | undefined {
  return retryAfterMs === undefined ? spec.retryAfterSeconds : Math.ceil(retryAfterMs / 1000);
}

/** The account's trouble, at first sight: a key that does not work, a limit that is spent, a house that is closed. */
export function speaksOfAccount({ code, spec }: Failure): boolean {
  if (code === 'throttled' || code === 'maintenance' || code === 'secret_unavailable') return true;
  return spec.category === 'auth' && code !== 'not_owner';
}
