import { expect, it } from 'vitest';
import {
  asFailure,
  type Code,
  concernsAccount,
  errorCatalog,
  Failure,
  type FailureSpec,
  retryAfterSeconds,
} from '../../lib/errors.ts';

type Row = readonly [
  Code,
  FailureSpec['status'],
  FailureSpec['category'],
  FailureSpec['retry'],
  FailureSpec['level'],
  number | undefined,
];

/** Code, HTTP status, category, retry, log level, and the seconds of Retry-After when the exchange did not say. */
const table: readonly Row[] = [
  ['bad_request', 400, 'caller', 'never', 'info', undefined],
  ['unknown_account', 404, 'caller', 'never', 'info', undefined],
  ['account_forbidden', 403, 'caller', 'never', 'warn', undefined],
  ['invalid_order_id', 400, 'caller', 'never', 'info', undefined],
  ['order_not_found', 404, 'not_found', 'never', 'info', undefined],
  ['not_owner', 403, 'auth', 'never', 'warn', undefined],
  ['unauthorized', 502, 'auth', 'renew', 'error', undefined],
  ['key_refused', 502, 'auth', 'renew', 'error', undefined],
  ['forbidden', 502, 'auth', 'never', 'error', undefined],
  ['account_locked', 502, 'auth', 'never', 'error', undefined],
  ['secret_empty', 503, 'auth', 'never', 'error', undefined],
  ['secret_malformed', 503, 'auth', 'never', 'error', undefined],
  ['secret_unavailable', 503, 'upstream', 'never', 'error', 5],
  ['throttled', 503, 'upstream', 'later', 'warn', 1],
  ['rate_limited_locally', 503, 'upstream', 'never', 'warn', 1],
  ['busy', 503, 'upstream', 'later', 'warn', 1],
  ['maintenance', 503, 'upstream', 'never', 'warn', 60],
  ['unreachable', 503, 'upstream', 'later', 'warn', 5],
  ['connection_lost', 503, 'upstream', 'now', 'warn', 1],
  ['timeout', 504, 'upstream', 'never', 'warn', undefined],
  ['invalid_response', 502, 'upstream', 'later', 'error', undefined],
  ['exchange_error', 502, 'upstream', 'never', 'error', undefined],
  ['request_rejected', 500, 'internal', 'never', 'error', undefined],
  ['store_unavailable', 503, 'internal', 'never', 'error', 1],
  ['store_conflict', 503, 'internal', 'never', 'warn', 1],
  ['store_corrupt', 500, 'internal', 'never', 'error', undefined],
  ['internal', 500, 'internal', 'never', 'error', undefined],
];

it('the error catalog has exactly these codes', () => {
  expect(Object.keys(errorCatalog).toSorted()).toEqual(table.map(([code]) => code).toSorted());
});

it.each(table)(
  'the error catalog gives the code %s the HTTP status %i',
  (code, status, family, retry, level, retryAfterSeconds) => {
    const { spec } = new Failure(code, 'x');
    expect(spec.title).toMatch(/^[A-Z][a-z]+(?: (?:[a-z]+|API))*$/);
    expect({ ...spec, title: '' }).toEqual({
      category: family,
      status,
      title: '',
      retry,
      level,
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    });
  },
);

it('the error catalog gives the same title to all internal errors, so that it reveals no internals', () => {
  const titles = Object.values(errorCatalog)
    .filter(({ status }) => status === 500)
    .map(({ title }) => title);
  expect(new Set(titles)).toEqual(new Set(['Internal error']));
});

it('a Failure keeps what it was given', () => {
  const cause = new Error('inner');
  const members = { last_known: { order: 1 } };
  const failure = new Failure('throttled', 'Wait.', { cause, retryAfterMs: 1_500, exchangeCode: 10_028, members });
  expect(failure).toBeInstanceOf(Error);
  expect(failure).toMatchObject({ name: 'Failure', message: 'Wait.', code: 'throttled', retryAfterMs: 1_500 });
  expect(failure).toMatchObject({ exchangeCode: 10_028, members });
  expect(failure.cause).toBe(cause);
});

it('a Failure has nothing that it was not given', () => {
  const failure = new Failure('internal', 'x');
  expect(failure.retryAfterMs).toBeUndefined();
  expect(failure.exchangeCode).toBeUndefined();
  expect(failure.members).toEqual({});
  expect('cause' in failure).toBe(false);
});

it('a Failure is unchanged when it is converted again', () => {
  const failure = new Failure('timeout', 'x');
  expect(asFailure(failure)).toBe(failure);
});

it.each([
  ['an unexpected error', new TypeError('inner text')],
  ['a thrown text', 'inner text'],
  ['nothing', undefined],
])('a Failure can be made of %s, whose text stays private', (_, thrown) => {
  const failure = asFailure(thrown);
  expect(failure.code).toBe('internal');
  expect(failure.cause).toBe(thrown);
  expect(failure.message).not.toContain('inner text');
});

it('a Failure makes its caller wait for as long as the exchange said, in whole seconds, or else for as long as the catalog says', () => {
  expect(retryAfterSeconds(new Failure('throttled', 'x', { retryAfterMs: 1_001 }))).toBe(2);
  expect(retryAfterSeconds(new Failure('throttled', 'x'))).toBe(errorCatalog.throttled.retryAfterSeconds);
  expect(retryAfterSeconds(new Failure('internal', 'x'))).toBeUndefined();
});

it('a Failure concerns the whole account when the key, the secret, the rate limit or the exchange is at fault', () => {
  const concerning = table.map(([code]) => code).filter((code) => concernsAccount(new Failure(code, 'x')));
  expect(concerning).toEqual([
    'unauthorized',
    'key_refused',
    'forbidden',
    'account_locked',
    'secret_empty',
    'secret_malformed',
    'secret_unavailable',
    'throttled',
    'maintenance',
  ]);
});
