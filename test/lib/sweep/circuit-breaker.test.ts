import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Code, Failure } from '../../../lib/errors.ts';
import {
  type AccountFailure,
  accountFailureOf,
  type BreakerEvent,
  type CircuitBreaker,
  halfOpen,
  nextState,
  phaseAt,
} from '../../../lib/sweep/circuit-breaker.ts';

const codes: readonly Code[] = [
  'bad_request',
  'unknown_account',
  'account_forbidden',
  'invalid_order_id',
  'order_not_found',
  'not_owner',
  'unauthorized',
  'key_refused',
  'forbidden',
  'account_locked',
  'secret_empty',
  'secret_malformed',
  'secret_unavailable',
  'throttled',
  'rate_limited_locally',
  'busy',
  'maintenance',
  'unreachable',
  'connection_lost',
  'timeout',
  'invalid_response',
  'exchange_error',
  'request_rejected',
  'store_unavailable',
  'store_conflict',
  'store_corrupt',
  'internal',
];

const t0 = Date.UTC(2026, 0, 1);
const replied = (requestedAt: number): BreakerEvent => ({ type: 'replied', requestedAt });
const failed = (kind: AccountFailure, retryAfterMs?: number): BreakerEvent => ({
  type: 'failed',
  kind,
  retryAfterMs,
});
const closed = nextState(halfOpen, replied(t0), t0);

/** The state after events, each with the milliseconds that passed before it. */
function stateAfter(state: CircuitBreaker, ...events: readonly (readonly [number, BreakerEvent])[]): CircuitBreaker {
  let now = t0;
  let next = state;
  for (const [ms, event] of events) {
    now += ms;
    next = nextState(next, event, now);
  }
  return next;
}

it('a circuit breaker starts half-open, and is closed by its first reply', () => {
  expect(phaseAt(halfOpen, t0)).toBe('half-open');
  expect(phaseAt(closed, t0)).toBe('closed');
});

it.each<[AccountFailure, number]>([
  ['throttling', 5_000],
  ['secrets', 5_000],
  ['auth', 60_000],
  ['maintenance', 60_000],
])('a circuit breaker opens at the first sign of %s, for %i ms', (kind, backoffMs) => {
  for (const state of [halfOpen, closed]) {
    const open = nextState(state, failed(kind), t0);
    expect(phaseAt(open, t0)).toBe('open');
    expect(phaseAt(open, t0 + backoffMs - 1)).toBe('open');
    expect(phaseAt(open, t0 + backoffMs)).toBe('half-open');
  }
});

it('a circuit breaker opens at the third transport failure in a row, and not when a reply comes in between', () => {
  const transport = failed('transport');
  expect(phaseAt(stateAfter(closed, [0, transport], [1, transport]), t0 + 1)).toBe('closed');
  expect(phaseAt(stateAfter(halfOpen, [0, transport], [1, transport]), t0 + 1)).toBe('half-open');
  expect(phaseAt(stateAfter(closed, [0, transport], [1, transport], [1, transport]), t0 + 2)).toBe('open');
  const interrupted = stateAfter(closed, [0, transport], [1, transport], [1, replied(t0 + 1)], [1, transport]);
  expect(phaseAt(interrupted, t0 + 3)).toBe('closed');
});

it('a circuit breaker counts only transport failures towards three in a row', () => {
  const transport = failed('transport');
  const probed = stateAfter(closed, [0, failed('throttling')], [5_000, transport], [1, transport]);
  expect(phaseAt(probed, t0 + 5_001)).toBe('half-open');
  expect(phaseAt(nextState(probed, transport, t0 + 5_002), t0 + 5_002)).toBe('open');
});

it('a circuit breaker doubles its backoff with each failed probe from 5 s to a minute, and starts again after a reply', () => {
  const backoffs: number[] = [];
  let state = halfOpen;
  let now = t0;
  for (let i = 0; i < 6; i++) {
    state = nextState(state, failed('throttling'), now);
    backoffs.push(state.backoffMs);
    now = state.probeAt;
  }
  expect(backoffs).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  state = nextState(nextState(state, replied(now), now), failed('throttling'), now);
  expect(state.backoffMs).toBe(5_000);
});

it('a circuit breaker stays open for the time that the exchange names, but at most a minute', () => {
  expect(nextState(closed, failed('throttling', 12_000), t0).probeAt).toBe(t0 + 12_000);
  expect(nextState(closed, failed('throttling', 3_600_000), t0).probeAt).toBe(t0 + 60_000);
});

it('a circuit breaker does not double its backoff for the other calls that were under way when it opened', () => {
  const open = stateAfter(closed, [0, failed('throttling')], [100, failed('throttling')], [100, failed('transport')]);
  expect(open.backoffMs).toBe(5_000);
  expect(open.probeAt).toBe(t0 + 200 + 5_000);
});

it('a circuit breaker waits longer when one of the calls that were under way requires it', () => {
  const longer = stateAfter(closed, [0, failed('throttling')], [100, failed('throttling', 30_000)]);
  expect(longer.probeAt).toBe(t0 + 100 + 30_000);
  expect(stateAfter(closed, [0, failed('auth')], [100, failed('throttling')]).probeAt).toBe(t0 + 100 + 60_000);
});

it('a circuit breaker does not close with a reply to a call from before it opened', () => {
  const open = nextState(closed, failed('throttling'), t0 + 100);
  expect(nextState(open, replied(t0 + 99), t0 + 200)).toBe(open);
  expect(nextState(open, replied(t0 + 99), t0 + 60_000)).toBe(open);
  expect(phaseAt(nextState(open, replied(t0 + 100), t0 + 200), t0 + 200)).toBe('closed');
  expect(phaseAt(nextState(open, replied(t0 + 5_100), t0 + 5_200), t0 + 5_200)).toBe('closed');
});

it('a circuit breaker always lets a probe through within a minute, and is closed by its reply', () => {
  const kind = fc.constantFrom<AccountFailure>('transport', 'auth', 'secrets', 'throttling', 'maintenance');
  const step = fc.record({
    ms: fc.nat(90_000),
    event: fc.oneof(
      kind.map((each) => failed(each)),
      fc.tuple(kind, fc.nat(1e9)).map(([each, retryAfterMs]) => failed(each, retryAfterMs)),
      fc.constant('replied' as const),
    ),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let now = t0;
      let state = halfOpen;
      for (const { ms, event } of steps) {
        now += ms;
        state = nextState(state, event === 'replied' ? replied(now) : event, now);
        expect(phaseAt(state, now + 60_000)).not.toBe('open');
      }
      expect(nextState(state, replied(now + 60_000), now + 60_000)).toEqual(closed);
    }),
  );
});

describe('account failures', () => {
  const expected: Readonly<Partial<Record<Code, AccountFailure>>> = {
    throttled: 'throttling',
    maintenance: 'maintenance',
    secret_unavailable: 'secrets',
    busy: 'transport',
    unreachable: 'transport',
    connection_lost: 'transport',
    timeout: 'transport',
    unauthorized: 'auth',
    key_refused: 'auth',
    forbidden: 'auth',
    account_locked: 'auth',
    secret_empty: 'auth',
    secret_malformed: 'auth',
  };

  it.each(codes)('a failed check with the code %s is the right account failure, or none', (code) => {
    expect(accountFailureOf(new Failure(code, 'for the test'))).toBe(expected[code]);
  });
});
