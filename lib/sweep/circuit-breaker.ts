import type { BreakerPhase } from '../accounts/table.ts';
import type { Failure } from '../errors.ts';

/**
 * The circuit breaker of one account. Closed: orders are checked concurrently. Open: none is checked. Half-open: one
 * order at a time is, as a probe. A state and an event give the next state; the clock is an argument (epoch ms).
 */
export type CircuitBreaker = {
  readonly closed: boolean;
  /** Failures of the transport since the last reply. */
  readonly failuresInARow: number;
  /** How long it was last open, milliseconds; 0 after a reply. */
  readonly backoffMs: number;
  /** When it last opened, and when the first probe may follow. */
  readonly openedAt: number;
  readonly probeAt: number;
};

/** What a failed check says about the account as a whole. */
export type AccountFailure = 'transport' | 'auth' | 'secrets' | 'throttling' | 'maintenance';

export type BreakerEvent =
  /** The exchange replied to a check that started at `requestedAt`; not-found is a reply, too. */
  | { readonly type: 'replied'; readonly requestedAt: number }
  | { readonly type: 'failed'; readonly kind: AccountFailure; readonly retryAfterMs?: number | undefined };

/** One lost connection is not an outage; this many failures in a row are. */
const maxFailuresInARow = 3;
const minBackoffMs = 5_000;
const maxBackoffMs = 60_000;

/** A new sweep starts with a probe: what stopped the last one may still be there. */
export const halfOpen: CircuitBreaker = { closed: false, failuresInARow: 0, backoffMs: 0, openedAt: 0, probeAt: 0 };

export function phaseAt({ closed, probeAt }: CircuitBreaker, now: number): BreakerPhase {
  if (closed) return 'closed';
  return now < probeAt ? 'open' : 'half-open';
}

export function nextState(state: CircuitBreaker, event: BreakerEvent, now: number): CircuitBreaker {
  if (event.type === 'replied') {
    // A reply to a call from before the breaker opened says nothing about the time since.
    const isStale = !state.closed && event.requestedAt < state.openedAt;
    return isStale ? state : { ...halfOpen, closed: true };
  }
  const requestedMs = isLasting(event.kind) ? maxBackoffMs : (event.retryAfterMs ?? 0);
  if (phaseAt(state, now) === 'open') {
    // The failure of a call that was under way: the same outage, which may ask for more time.
    const backoffMs = Math.min(Math.max(state.backoffMs, requestedMs), maxBackoffMs);
    return { ...state, backoffMs, probeAt: Math.max(state.probeAt, now + backoffMs) };
  }
  const failuresInARow = state.failuresInARow + (event.kind === 'transport' ? 1 : 0);
  if (event.kind === 'transport' && failuresInARow < maxFailuresInARow) return { ...state, failuresInARow };
  const backoffMs = Math.min(Math.max(state.backoffMs * 2, requestedMs, minBackoffMs), maxBackoffMs);
  return { closed: false, failuresInARow, backoffMs, openedAt: now, probeAt: now + backoffMs };
}

/** Ends in minutes to hours, or when somebody acts: earlier probes would help nobody. */
function isLasting(kind: AccountFailure): boolean {
  return kind === 'auth' || kind === 'maintenance';
}

/**
 * What a failed check says about the account. `undefined`: nothing, because it concerns this order alone (an error that
 * only this order gets, a result that cannot be read) or this stack. However many such orders there are, they never
 * open the breaker.
 */
export function accountFailureOf({ code, spec }: Failure): AccountFailure | undefined {
  switch (code) {
    case 'throttled':
      return 'throttling';
    case 'maintenance':
      return 'maintenance';
    case 'secret_unavailable':
      return 'secrets';
    case 'busy':
    case 'unreachable':
    case 'connection_lost':
    case 'timeout':
      return 'transport';
    default:
      return spec.category === 'auth' && code !== 'not_owner' ? 'auth' : undefined;
  }
}
