import type { Failure } from '../errors.ts';

/** What a process may spend on repeats, so that an outage of the exchange is not doubled by us. */
export type RetryBudget = {
  /** One more call was made: a fifth of a retry is earned. */
  readonly earn: () => void;
  /** Takes one retry; `false` when there is none left. */
  readonly spend: () => boolean;
};

const callsPerRetry = 5;
/** A long healthy life saves up this many retries and no more. */
const maxSaved = 10 * callsPerRetry;

/**
 * One per process. After n calls at most ceil(n / 5) retries have been taken, 20 %: rounded up, so that the very first
 * call of a process may be repeated too.
 */
export function createRetryBudget(): RetryBudget {
  let saved = callsPerRetry - 1;
  return {
    earn: () => {
      saved = Math.min(saved + 1, maxSaved);
    },
    spend: () => {
      if (saved < callsPerRetry) return false;
      saved -= callsPerRetry;
      return true;
    },
  };
}

/** Full jitter: a retry waits up to this long beyond what the exchange asked for, milliseconds. */
const jitterMs = 200;
/** A retry with less time than this left for its answer would only add load, milliseconds. */
const minTimeMs = 250;

/**
 * How long to wait before the one repeat of a failed call, milliseconds; `undefined` when the deadline leaves no room
 * for it. `random` is in [0, 1), `left` the milliseconds to the deadline.
 */
export function retryDelay(failure: Failure, random: number, left: number): number | undefined {
  const delay = (failure.retryAfterMs ?? 0) + random * jitterMs;
  return delay + minTimeMs <= left ? delay : undefined;
}
