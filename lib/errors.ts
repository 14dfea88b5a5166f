/** Every way a check can fail: the closed union that status, log level, retry and metrics are read from. */
export type Code =
  // the caller's mistake
  | 'bad_request'
  | 'unknown_account'
  | 'account_forbidden'
  | 'invalid_order_id'
  // the exchange's reply about the order
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
  // the exchange's availability
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
 * What an error code implies.
 * - `retry`: `now` again at once, on a new connection; `later` after a jittered wait, within the retry budget;
 *   `renew` with a new token or key; `never`.
 * - `retryAfterSeconds`: the caller's wait when the exchange did not specify one.
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
  account_forbidden: { category: 'caller', status: 403, title: 'Account access denied', retry: 'never', level: 'warn' },
  invalid_order_id: { category: 'caller', status: 400, title: 'Invalid order id', retry: 'never', level: 'info' },

  order_not_found: { category: 'not_found', status: 404, title: 'Order not found', retry: 'never', level: 'info' },
  not_owner: {
    category: 'auth',
    status: 403,
    title: 'Order belongs to another account',
    retry: 'never',
    level: 'warn',
  },

  unauthorized: { category: 'auth', status: 502, title: 'Exchange API key rejected', retry: 'renew', level: 'error' },
  key_refused: { category: 'auth', status: 502, title: 'Exchange API key rejected', retry: 'renew', level: 'error' },
  forbidden: { category: 'auth', status: 502, title: 'Exchange API key lacks access', retry: 'never', level: 'error' },
  account_locked: { category: 'auth', status: 502, title: 'Exchange account locked', retry: 'never', level: 'error' },
  secret_empty: { category: 'auth', status: 503, title: 'Exchange API key not set', retry: 'never', level: 'error' },
  secret_malformed: {
    category: 'auth',
    status: 503,
    title: 'Exchange API key malformed',
    retry: 'never',
    level: 'error',
  },
  secret_unavailable: {
    category: 'upstream',
    status: 503,
    title: 'Exchange API key unavailable',
    retry: 'never',
    level: 'error',
    retryAfterSeconds: 5,
  },

  throttled: {
    category: 'upstream',
    status: 503,
    title: 'Throttled by the exchange',
    retry: 'later',
    level: 'warn',
    retryAfterSeconds: 1,
  },
  rate_limited_locally: {
    category: 'upstream',
    status: 503,
    title: 'Local rate limit reached',
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
    title: 'Exchange under maintenance',
    retry: 'never',
    level: 'warn',
    retryAfterSeconds: 60,
  },
  unreachable: {
    category: 'upstream',
    status: 503,
    title: 'Exchange unreachable',
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
    title: 'Exchange timed out',
    retry: 'never',
    level: 'warn',
  },
  invalid_response: {
    category: 'upstream',
    status: 502,
    title: 'Invalid reply from the exchange',
    retry: 'later',
    level: 'error',
  },
  exchange_error: {
    category: 'upstream',
    status: 502,
    title: 'Exchange returned an error',
    retry: 'never',
    level: 'error',
  },

  request_rejected: { category: 'internal', status: 500, title: 'Internal error', retry: 'never', level: 'error' },
  store_unavailable: {
    category: 'internal',
    status: 503,
    title: 'Snapshot table unavailable',
    retry: 'never',
    level: 'error',
    retryAfterSeconds: 1,
  },
  store_conflict: {
    category: 'internal',
    status: 503,
    title: 'Too many concurrent writes',
    retry: 'never',
    level: 'warn',
    retryAfterSeconds: 1,
  },
  store_corrupt: { category: 'internal', status: 500, title: 'Internal error', retry: 'never', level: 'error' },
  internal: { category: 'internal', status: 500, title: 'Internal error', retry: 'never', level: 'error' },
};

/** One odd reply must not block a caller, or an account, for hours. */
const maxRetryAfterMs = 300_000;

type FailureOptions = {
  /** The original error. Never a parser's error: those quote the text that they could not parse. */
  readonly cause?: unknown;
  /** How long the exchange or AWS requires us to wait; more than 300 s counts as 300 s. */
  readonly retryAfterMs?: number | undefined;
  /** The exchange's own number for the error. */
  readonly exchangeCode?: number | undefined;
  /** Additional members of the problem response. */
  readonly members?: Readonly<Record<string, unknown>>;
};

/**
 * The only error class of this project. `message` is a sentence for people; it never contains a request or reply body,
 * a header, a key or a token.
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

/** Any thrown value as a `Failure`. An unexpected one becomes `internal`; its message is kept only in the cause. */
export function asFailure(thrown: unknown): Failure {
  return thrown instanceof Failure ? thrown : new Failure('internal', 'Unexpected error.', { cause: thrown });
}

/** How long a caller should wait, seconds: as the exchange specified, or else as the catalog says. */
export function retryAfterSeconds({ retryAfterMs, spec }: Failure): number | undefined {
  return retryAfterMs === undefined ? spec.retryAfterSeconds : Math.ceil(retryAfterMs / 1000);
}

/**
 * Whether the failure concerns the whole account: an invalid key, an exhausted rate limit, an exchange under
 * maintenance.
 */
export function concernsAccount({ code, spec }: Failure): boolean {
  if (code === 'throttled' || code === 'maintenance' || code === 'secret_unavailable') return true;
  return spec.category === 'auth' && code !== 'not_owner';
}
