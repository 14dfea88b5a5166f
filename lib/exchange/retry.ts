import type { Failure } from '../errors.ts';

/** What a process may spend on retries of an account, so that it does not double the load on a failing exchange. */
export type RetryBudget = {
  /** One more call was made: a fifth of a retry is earned. */
  readonly earn: () => void;
  /** Takes one retry; `false` when there is none left. */
  readonly spend: () => boolean;
};

const callsPerRetry = 5;

/**
 * One per process and account. Among any n calls in a row at most ceil(n / 5) retries are taken, 20 %: rounded up, so
 * that even the first call of a process may be retried. No more than one retry is saved up, or an outage would begin
 * with all those that the calls before it have earned.
 */
export function createRetryBudget(): RetryBudget {
  let saved = callsPerRetry - 1;
  return {
    earn: () => {
      saved = Math.min(saved + 1, callsPerRetry);
    },
    spend: () => {
      if (saved < callsPerRetry) return false;
      saved -= callsPerRetry;
      return true;
    },
  };
}

/** Full jitter: a retry waits up to this long beyond the exchange's retry-after, milliseconds. */
const jitterMs = 200;
/** A retry with less time than this left for its reply would only add load, milliseconds. */
const minTimeMs = 250;

/**
 * How long to wait before the one retry of a failed call, milliseconds; `undefined` when the deadline leaves no time
 * for it. `random` is in [0, 1), `left` the milliseconds to the deadline.
 */
export function retryDelay(failure: Failure, random: number, left: number): number | undefined {
  const delay = (failure.retryAfterMs ?? 0) + random * jitterMs;
  return delay + minTimeMs <= left ? delay : undefined;
}
