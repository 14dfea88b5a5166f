import type { AccountState, ListTrust, SweepProgress } from '../accounts/table.ts';
import { asFailure, type Failure } from '../errors.ts';
import type { AccountBreaker } from './account-breaker.ts';
import type { Checks } from './checks.ts';
import { accountFailureOf } from './circuit-breaker.ts';
import { fullTrust, nextTrust } from './list-trust.ts';
import { createListing, type ListingDeps, type ListResult } from './listing.ts';
import { type ListPolicy, listIntervalMs } from './pace.ts';

type ListLoopDeps = ListingDeps & {
  readonly checks: Checks;
  readonly breaker: AccountBreaker;
  readonly listPolicy: ListPolicy;
  readonly before: AccountState;
};

/** The results of one sweep's lists. */
export type ListCounts = {
  /** Lists that passed, and lists that failed or permitted no conclusion. */
  readonly listed: number;
  readonly listFailed: number;
  readonly discovered: number;
  readonly vanished: number;
  /** At the end of the sweep. */
  readonly listUntrusted: boolean;
};

export type ListLoop = {
  readonly run: (loop: {
    readonly pause: (ms: number) => Promise<void>;
    readonly isDone: () => boolean;
  }) => Promise<void>;
  /** Lists are trusted: they confirm the orders that they cover. */
  readonly isUsable: () => boolean;
  /** This sweep has listed the account, or found that it cannot. */
  readonly hasListed: () => boolean;
  /** The latest list failed: single orders probe the exchange, too. */
  readonly hasFailed: () => boolean;
  /** The account is not listed any more in this sweep. */
  readonly isOver: () => boolean;
  readonly progress: () => SweepProgress;
  readonly counts: () => ListCounts;
};

/** The minimum wait after a list that failed because of the table or for its own reason; milliseconds. */
const retryMs = 5_000;

/** Lists the account's open orders at its pace for as long as the sweep goes on. */
export function createListLoop(deps: ListLoopDeps): ListLoop {
  const { clock, orders, checks, breaker, listPolicy, before, goesOn } = deps;
  const list = createListing(deps);
  const counts = { listed: 0, listFailed: 0, discovered: 0, vanished: 0 };
  let trust = before.listTrust ?? fullTrust;
  let latest = before.listed;
  let changedAt = 0;
  let hasListed = false;
  let hasFailed = false;
  let isOver = false;
  // A sweep that takes over goes on at the pace of the one before it, whose clock may have been ahead.
  let nextAt = Math.min(latest?.at ?? 0, clock.now()) + listPolicy.minMs;

  const take = ({ outcome, listed, discovered, vanished, changed }: ListResult): void => {
    counts.discovered += discovered;
    counts.vanished += vanished;
    if (changed) changedAt = clock.now();
    trust = trustAfter(trust, outcome, clock.now());
    if (listed === undefined) {
      counts.listFailed++;
      return;
    }
    counts.listed++;
    latest = listed;
    orders.confirm(listed);
  };

  const fail = (failure: Failure): void => {
    counts.listFailed++;
    checks.count(failure);
    if (isOfLists(failure, breaker)) {
      trust = nextTrust(trust, { type: 'failed', reason: failure.code }, clock.now());
    }
  };

  const listOnce = async (): Promise<void> => {
    const startedAt = clock.now();
    try {
      const result = await list();
      breaker.replied(startedAt);
      take(result);
      hasFailed = false;
    } catch (thrown) {
      fail(asFailure(thrown));
      hasFailed = true;
    }
    hasListed = true;
    const sinceChangeMs = clock.now() - Math.max(changedAt, checks.changedAt());
    nextAt = Math.max(startedAt + listIntervalMs(listPolicy, sinceChangeMs), trust.nextAt ?? 0, clock.now());
    if (latest === undefined || latest.at < startedAt) nextAt = Math.max(nextAt, clock.now() + retryMs);
  };

  return {
    run: async ({ pause, isDone }) => {
      while (goesOn() && !isOver) {
        const waitMs = Math.max(nextAt, trust.nextAt ?? 0) - clock.now();
        if (waitMs <= 0 && breaker.waitMs() <= 0) await listOnce();
        else if (isDone()) isOver = true;
        else await pause(Math.min(1_000, Math.max(waitMs, breaker.waitMs())));
      }
      isOver = true;
    },
    hasFailed: () => hasFailed,
    isOver: () => isOver,
    isUsable: () => trust.trusted,
    hasListed: () => hasListed,
    progress: () => ({ listed: latest, listTrust: trust }),
    counts: () => ({ ...counts, listUntrusted: !trust.trusted }),
  };
}

function trustAfter(trust: ListTrust, outcome: ListResult['outcome'], now: number): ListTrust {
  if (outcome === 'unfinished') return trust;
  return nextTrust(trust, outcome === 'incomplete' ? { type: 'failed', reason: outcome } : { type: outcome }, now);
}

/** Whether a failed list says something about lists; what it says about the account goes to the breaker. */
function isOfLists(failure: Failure, breaker: AccountBreaker): boolean {
  if (failure.code === 'rate_limited_locally') {
    breaker.outOfPermits(failure.retryAfterMs);
    return false;
  }
  if (failure.spec.category === 'internal' && failure.code !== 'request_rejected') return false;
  const kind = accountFailureOf(failure);
  // A key may be allowed to read orders and not to list them: that says nothing about single checks.
  if (kind === undefined || kind === 'auth') return true;
  breaker.failed(failure);
  return false;
}
