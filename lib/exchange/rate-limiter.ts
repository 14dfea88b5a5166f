import type { AccountTable } from '../accounts/table.ts';
import type { Clock } from '../clock.ts';
import { Failure } from '../errors.ts';
import type { Dialect } from './dialects/index.ts';

/** Who spends: a person who waits for one answer, or the schedule, which has time. */
export type Priority = 'interactive' | 'background';

/** What an account may spend. `burst`: how many credits a lane may have taken before they are earned back. */
export type RateLimits = { readonly msPerPermit: number; readonly burst: Readonly<Record<Priority, number>> };

/** The part of each burst that the sweep leaves to people. */
const interactiveShare = 0.4;

/** The part of the exchange's limit that is ours, in (0, 1]; the rest is for whoever else uses the account. */
export function rateLimitsOf(limit: Dialect['limit'], share = 0.5): RateLimits {
  const interactive = Math.max(1, Math.floor(limit.burst * share));
  return {
    // Whole milliseconds, so that every table adds them up alike; rounded up, at most 2 % slower at 20 a second.
    msPerPermit: Math.ceil(1000 / (limit.perSecond * share)),
    burst: {
      interactive,
      background: Math.max(1, interactive - Math.max(1, Math.floor(interactive * interactiveShare))),
    },
  };
}

/** How many orders can be checked in time, each once in `maxCheckMs`. */
export function capacityOf({ msPerPermit }: RateLimits, maxCheckMs: number): number {
  return Math.floor(maxCheckMs / msPerPermit);
}

/**
 * When `permits` can be taken, epoch ms: GCRA lets the arrival time `tat` run ahead of the clock by as much as the whole
 * burst is worth, what is being taken included.
 */
export function permitsDueAt(tat: number, permits: number, burst: number, msPerPermit: number): number {
  return tat - (burst - permits) * msPerPermit;
}

/** Credits taken for a call that starts later than this after they were asked for are dead: the bound of any window. */
export const permitLifeMs = 2_000;
/** More in one request would save little, and all start at once. */
const maxBatch = 5;
/** An exchange that throttles has had enough for a second, whatever it says. */
const minCoolDownMs = 1_000;
/** One odd answer must not stop an account for hours; orders are asked for every ten minutes at the latest. */
const maxCoolDownMs = 300_000;

export type RateLimiter = {
  /**
   * Waits for one credit, and takes it; the call that it pays for must start at once. Throws `rate_limited_locally`, as soon as it is
   * clear that none comes before `deadline` (epoch ms), and `store_unavailable`.
   */
  readonly acquire: (deadline: number) => Promise<void>;
  /** The exchange throttled a call: nobody gets a credit for `waitMs`, then one after the other. Throws `store_unavailable`. */
  readonly throttled: (waitMs?: number) => Promise<void>;
};

export type RateLimiterDeps = {
  readonly table: AccountTable;
  readonly account: string;
  readonly priority: Priority;
  readonly limits: RateLimits;
  readonly clock: Clock;
};

/**
 * The credits of one account, counted in the table for all processes together. Those who wait in one process ask as one:
 * the door for one credit, the sweep for as many as are wanted, up to a batch.
 */
export function createRateLimiter({ table, account, priority, limits, clock }: RateLimiterDeps): RateLimiter {
  const { msPerPermit, burst } = limits;
  // One credit short of the burst: the next batch can be asked for before the bucket is full and time is lost.
  const batch = priority === 'interactive' ? 1 : Math.max(1, Math.min(maxBatch, burst.background - 1));
  /** As last seen: the table's is never less. */
  let tat = 0;
  /** What throttled answers here made of it, known to the table or not. */
  let cooledTat = 0;
  let lease = { permits: 0, requestedAt: 0 };
  let throttledAt = 0;
  let wanting = 0;
  let refusals = 0;
  let asking: Promise<number> | undefined;

  const takeLeased = (): boolean => {
    const dead = lease.requestedAt <= throttledAt || clock.now() >= lease.requestedAt + permitLifeMs;
    if (dead || lease.permits === 0) return false;
    lease.permits--;
    return true;
  };

  /** Milliseconds until it is worth asking again; 0 when credits were taken. */
  const ask = async (): Promise<number> => {
    const permits = Math.min(wanting, batch);
    const waitMs = () => permitsDueAt(Math.max(tat, cooledTat), permits, burst[priority], msPerPermit) - clock.now();
    if (waitMs() > 0) return waitMs();

    const taken = await take(permits);
    if (taken === undefined) {
      tat = Math.max(tat, (await table.readAccount(account)).tat);
      // Many doors want the same credit: each steps back further, so that they do not all ask for every one. A sweep has
      // no other beside it, and would come too late for credits that are earned while it waits.
      return Math.max(waitMs(), priority === 'interactive' ? refusals++ * msPerPermit : 0);
    }
    tat = Math.max(tat, taken.tat);
    lease = { permits, requestedAt: taken.requestedAt };
    refusals = 0;
    return 0;
  };

  /** `requestedAt` is as of before the request: however late the answer, the credits were not taken earlier. */
  const take = async (permits: number): Promise<{ readonly tat: number; readonly requestedAt: number } | undefined> => {
    const byMs = permits * msPerPermit;
    const now = clock.now();
    if (tat < now && (await table.raiseTat(account, { below: now, to: now + byMs }))) {
      return { tat: now + byMs, requestedAt: now };
    }
    const requestedAt = clock.now();
    const to = requestedAt + burst[priority] * msPerPermit - byMs;
    const after = await table.advanceTat(account, { from: requestedAt, to, byMs });
    return after === undefined ? undefined : { tat: after, requestedAt };
  };

  const acquire: RateLimiter['acquire'] = async (deadline) => {
    wanting++;
    try {
      while (!takeLeased()) {
        asking ??= ask().finally(() => {
          asking = undefined;
        });
        const waitMs = await asking;
        if (clock.now() + waitMs >= deadline) {
          const retryAfterMs = Math.max(waitMs, msPerPermit);
          throw new Failure('rate_limited_locally', "The account's share of the exchange's limit is spent.", {
            retryAfterMs,
          });
        }
        if (waitMs > 0) await clock.sleep(waitMs);
      }
    } finally {
      wanting--;
    }
  };

  const throttled: RateLimiter['throttled'] = async (waitMs = 0) => {
    throttledAt = clock.now();
    const until = throttledAt + Math.min(Math.max(waitMs, minCoolDownMs), maxCoolDownMs);
    // As if the whole burst but one credit were taken at the end: none comes earlier, and then no burst does.
    const to = until + (burst.interactive - 1) * msPerPermit;
    cooledTat = Math.max(cooledTat, to);
    await table.raiseTat(account, { below: to, to });
  };

  return { acquire, throttled };
}
