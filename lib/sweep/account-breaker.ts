import type { SweepSummary } from '../accounts/table.ts';
import type { Clock } from '../clock.ts';
import type { Failure } from '../errors.ts';
import { accountFailureOf, type CircuitBreaker, halfOpen, nextState, phaseAt } from './circuit-breaker.ts';

/** The circuit breaker of one account's calls in one sweep, and since when it has not been closed, and why. */
export type AccountBreaker = {
  readonly isClosed: () => boolean;
  /** How long no call may start, milliseconds: the breaker is open, or there are no permits. */
  readonly waitMs: () => number;
  readonly replied: (requestedAt: number) => void;
  /** Whether the failure says something about the account, and not about one call alone. */
  readonly failed: (failure: Failure) => boolean;
  /** There are no permits for this long. */
  readonly outOfPermits: (waitMs: number | undefined) => void;
  readonly summary: () => SweepSummary['breaker'];
};

const minPermitWaitMs = 5_000;
const maxPermitWaitMs = 60_000;

/** `before`: what the last sweep left. It starts half-open: what stopped that sweep may still be there. */
export function createAccountBreaker(clock: Clock, before?: SweepSummary['breaker']): AccountBreaker {
  let state: CircuitBreaker = halfOpen;
  let opened: { readonly reason: string; readonly since: number } | undefined =
    before?.reason !== undefined && before.since !== undefined
      ? { reason: before.reason, since: before.since }
      : undefined;
  let permitsAt = 0;

  return {
    isClosed: () => phaseAt(state, clock.now()) === 'closed',
    waitMs: () => {
      const now = clock.now();
      return Math.max(phaseAt(state, now) === 'open' ? state.probeAt : now, permitsAt) - now;
    },
    replied: (requestedAt) => {
      state = nextState(state, { type: 'replied', requestedAt }, clock.now());
      if (state.closed) opened = undefined;
    },
    failed: (failure) => {
      const kind = accountFailureOf(failure);
      if (kind === undefined) return false;
      const now = clock.now();
      state = nextState(state, { type: 'failed', kind, retryAfterMs: failure.retryAfterMs }, now);
      if (!state.closed) opened = { reason: failure.code, since: opened?.since ?? now };
      return true;
    },
    outOfPermits: (waitMs = minPermitWaitMs) => {
      permitsAt = clock.now() + Math.min(waitMs, maxPermitWaitMs);
    },
    summary: () => ({ phase: phaseAt(state, clock.now()), reason: opened?.reason, since: opened?.since }),
  };
}
