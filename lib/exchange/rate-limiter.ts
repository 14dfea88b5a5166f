import type { AccountTable } from '../accounts/table.ts';
import type { Clock } from '../clock.ts';
import { Failure } from '../errors.ts';
import type { Dialect } from './dialects/index.ts';

/** Who spends: a person who waits for one answer, or the schedule, which has time. */
export type Lane = 'door' | 'sweep';

/** What an account may spend. `burst`: how many credits a lane may have taken before they are earned back. */
export type CreditLimits = { readonly msPerCredit: number; readonly burst: Readonly<Record<Lane, number>> };

/** The part of each burst that the sweep leaves to people. */
const peoplesPart = 0.4;

/** The part of the exchange's limit that is ours, in (0, 1]; the rest is for whoever else uses the account. */
export function creditLimits(limit: Dialect['limit'], share = 0.5): CreditLimits {
  const door = Math.max(1, Math.floor(limit.burst * share));
  return {
    // Whole milliseconds, so that every table adds them up alike; rounded up, at most 2 % slower at 20 a second.
    msPerCredit: Math.ceil(1000 / (limit.perSecond * share)),
    burst: { door, sweep: Math.max(1, door - Math.max(1, Math.floor(door * peoplesPart))) },
  };
}

/** How many orders can be checked in time, each once in `maxCheckMs`. */
export function capacityOf({ msPerCredit }: CreditLimits, maxCheckMs: number): number {
  return Math.floor(maxCheckMs / msPerCredit);
}

/**
 * When `credits` can be taken, epoch ms: GCRA lets the arrival time `tat` run ahead of the clock by as much as the whole
 * burst is worth, what is being taken included.
 */
export function creditsDueAt(tat: number, credits: number, burst: number, msPerCredit: number): number {
  return tat - (burst - credits) * msPerCredit;
}

/** Credits taken for a call that starts later than this after they were asked for are dead: the bound of any window. */
export const creditLifeMs = 2_000;
/** More in one request would save little, and all start at once. */
const largestBatch = 5;
/** An exchange that throttles has had enough for a second, whatever it says. */
const shortestCoolDownMs = 1_000;
/** One odd answer must not stop an account for hours; orders are asked for every ten minutes at the latest. */
const longestCoolDownMs = 300_000;

export type Credits = {
  /**
   * Waits for one credit, and takes it; the call that it pays for must start at once. Throws `no_credit`, as soon as it is
   * clear that none comes before `deadline` (epoch ms), and `store_unavailable`.
   */
  readonly spend: (deadline: number) => Promise<void>;
  /** The exchange throttled a call: nobody gets a credit for `waitMs`, then one after the other. Throws `store_unavailable`. */
  readonly throttled: (waitMs?: number) => Promise<void>;
};

export type CreditsDeps = {
  readonly table: AccountTable;
  readonly account: string;
  readonly lane: Lane;
  readonly limits: CreditLimits;
  readonly clock: Clock;
};

/**
 * The credits of one account, counted in the table for all processes together. Those who wait in one process ask as one:
 * the door for one credit, the sweep for as many as are wanted, up to a batch.
 */
export function createCredits({ table, account, lane, limits, clock }: CreditsDeps): Credits {
  const { msPerCredit, burst } = limits;
  // One credit short of the burst: the next batch can be asked for before the bucket is full and time is lost.
  const batch = lane === 'door' ? 1 : Math.max(1, Math.min(largestBatch, burst.sweep - 1));
  /** As last seen: the table's is never less. */
  let tat = 0;
  /** What throttled answers here made of it, known to the table or not. */
  let cooledTat = 0;
  let lease = { credits: 0, askedAt: 0 };
  let throttledAt = 0;
  let wanting = 0;
  let refusals = 0;
  let asking: Promise<number> | undefined;

  const spendLeased = (): boolean => {
    const dead = lease.askedAt <= throttledAt || clock.now() >= lease.askedAt + creditLifeMs;
    if (dead || lease.credits === 0) return false;
    lease.credits--;
    return true;
  };

  /** Milliseconds until it is worth asking again; 0 when credits were taken. */
  const ask = async (): Promise<number> => {
    const credits = Math.min(wanting, batch);
    const waitMs = () => creditsDueAt(Math.max(tat, cooledTat), credits, burst[lane], msPerCredit) - clock.now();
    if (waitMs() > 0) return waitMs();

    const taken = await take(credits);
    if (taken === undefined) {
      tat = Math.max(tat, (await table.readAccount(account)).tat);
      // Many doors want the same credit: each steps back further, so that they do not all ask for every one. A sweep has
      // no other beside it, and would come too late for credits that are earned while it waits.
      return Math.max(waitMs(), lane === 'door' ? refusals++ * msPerCredit : 0);
    }
    tat = Math.max(tat, taken.tat);
    lease = { credits, askedAt: taken.askedAt };
    refusals = 0;
    return 0;
  };

  /** `askedAt` is as of before the request: however late the answer, the credits were not taken earlier. */
  const take = async (credits: number): Promise<{ readonly tat: number; readonly askedAt: number } | undefined> => {
    const byMs = credits * msPerCredit;
    const now = clock.now();
    if (tat < now && (await table.raiseTat(account, { below: now, to: now + byMs }))) {
      return { tat: now + byMs, askedAt: now };
    }
    const askedAt = clock.now();
    const to = askedAt + burst[lane] * msPerCredit - byMs;
    const after = await table.advanceTat(account, { from: askedAt, to, byMs });
    return after === undefined ? undefined : { tat: after, askedAt };
  };

  const spend: Credits['spend'] = async (deadline) => {
    wanting++;
    try {
      while (!spendLeased()) {
        asking ??= ask().finally(() => {
          asking = undefined;
        });
        const waitMs = await asking;
        if (clock.now() + waitMs >= deadline) {
          const retryAfterMs = Math.max(waitMs, msPerCredit);
          throw new Failure('no_credit', "The account's share of the exchange's limit is spent.", { retryAfterMs });
        }
        if (waitMs > 0) await clock.sleep(waitMs);
      }
    } finally {
      wanting--;
    }
  };

  const throttled: Credits['throttled'] = async (waitMs = 0) => {
    throttledAt = clock.now();
    const until = throttledAt + Math.min(Math.max(waitMs, shortestCoolDownMs), longestCoolDownMs);
    // As if the whole burst but one credit were taken at the end: none comes earlier, and then no burst does.
    const to = until + (burst.door - 1) * msPerCredit;
    cooledTat = Math.max(cooledTat, to);
    await table.raiseTat(account, { below: to, to });
  };

  return { spend, throttled };
}
