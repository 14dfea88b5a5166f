import type { AccountTable } from '../accounts/table.ts';
import type { Clock } from '../clock.ts';
import { Failure } from '../errors.ts';
import type { Dialect } from './dialects/index.ts';

/** Whose call it is: a caller's, who waits for the response, or the schedule's, which has time. */
export type Priority = 'interactive' | 'background';

/** The rate of an account. `burst`: how many permits a priority may have taken that are not yet replenished. */
export type RateLimits = { readonly msPerPermit: number; readonly burst: Readonly<Record<Priority, number>> };

/** The part of each burst that background calls leave to interactive ones. */
const interactiveShare = 0.4;

export const defaultShareOfRate = 0.5;

/** `share`: the part of the exchange's limit that is ours, in (0, 1]; the rest is for other users of the account. */
export function rateLimitsOf(limit: Dialect['limit'], share = defaultShareOfRate): RateLimits {
  const interactive = Math.max(1, Math.floor(limit.burst * share));
  return {
    // Whole milliseconds, so that every table adds them up the same way; rounded up, at most 2 % slower at 20 a second.
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

/** Permits expire this long after they were requested: it bounds how many calls can start at once. */
export const permitLifeMs = 2_000;
/** A call takes a permit at most this long before it is due, milliseconds: a part of the permit's life. */
const maxReservationMs: Readonly<Record<Priority, number>> = { interactive: 1_000, background: 0 };
/** How long a call backs off whose permit others took, milliseconds. */
const maxBackMs = 1_500;
/** Permits in one request: more would save little, and their calls all start at once. */
const maxBatch = 5;
/**
 * Demand is what was used within this time, milliseconds: a part of the permits' life, so that steady demand uses them
 * all.
 */
const demandMs = 1_000;
/** After a throttling reply, no call for at least a second, whatever the exchange says. */
const minCoolDownMs = 1_000;
/** One odd reply must not stop an account for hours: orders are checked every ten minutes at the latest. */
const maxCoolDownMs = 300_000;

export type RateLimiter = {
  /**
   * Waits for one permit, and takes it; its call must start at once. Throws `rate_limited_locally` as soon as it is clear
   * that none comes before `deadline` (epoch ms), and `store_unavailable`.
   */
  readonly acquire: (deadline: number) => Promise<void>;
  /** The exchange throttled a call: no permit for `waitMs`, then one after the other. Throws `store_unavailable`. */
  readonly throttled: (waitMs?: number) => Promise<void>;
};

type RateLimiterDeps = {
  readonly table: AccountTable;
  readonly account: string;
  readonly priority: Priority;
  readonly limits: RateLimits;
  readonly clock: Clock;
};

/** `dueAt`: when the first of them may be used. */
type Taken = { readonly permits: number; readonly tat: number; readonly dueAt: number; readonly requestedAt: number };

type Permit = { readonly dueAt: number; readonly requestedAt: number };

type HeldPermits = ReturnType<typeof createHeldPermits>;

/** Permits that were taken in the table and are not used yet: for a short time, and until a throttling reply. */
function createHeldPermits(clock: Clock) {
  let held = { permits: 0, dueAt: 0, requestedAt: 0 };
  let droppedAt = 0;
  /** When the last were used. A process that starts will use two: for its token or connection, and for its first request. */
  let usedAt: readonly number[] = [clock.now(), clock.now()];
  const isValid = ({ requestedAt }: Permit): boolean =>
    requestedAt > droppedAt && clock.now() < requestedAt + permitLifeMs;
  return {
    isValid,
    count: (): number => (isValid(held) ? held.permits : 0),
    replace: (taken: Taken): void => {
      held = taken;
    },
    use: (): Permit => {
      held = { ...held, permits: held.permits - 1 };
      usedAt = [...usedAt, clock.now()].slice(-maxBatch);
      return held;
    },
    /** How many were used in the last second, up to a batch. */
    usedLately: (): number => usedAt.filter((at) => at > clock.now() - demandMs).length,
    /** Those, too, whose request is still under way. */
    drop: (): void => {
      droppedAt = clock.now();
    },
  };
}

/** Requests for permits, one at a time, for all calls of the process that wait: their deadlines, the first to come first. */
function createPermitRequests(deps: RateLimiterDeps, held: HeldPermits, waiting: ReadonlyMap<symbol, number>) {
  const { table, account, priority, limits, clock } = deps;
  const { msPerPermit, burst } = limits;
  const burstMs = burst[priority] * msPerPermit;
  const isInteractive = priority === 'interactive';
  // What sweeps leave of the burst; for sweeps themselves, one permit less than theirs, so that the next batch can be
  // taken before the bucket is full and time is lost.
  const maxPermits = isInteractive ? burst.interactive - burst.background : burst.background - 1;
  const batch = Math.max(1, Math.min(maxBatch, maxPermits));
  /** The latest known; the table's is never less. */
  let tat = 0;
  /** What throttling replies to this process raised it to, written to the table or not. */
  let cooledTat = 0;
  let refusals = 0;
  let request: Promise<number> | undefined;

  /** Takes permits in the table, or `whenFull` if all are replenished; `undefined` when there are too few. */
  const take = async (permits: number, whenFull: number, aheadMs: number): Promise<Taken | undefined> => {
    const now = clock.now();
    const raised = now + whenFull * msPerPermit;
    if (tat < now && (await table.raiseTat(account, { below: now, to: raised }))) {
      return { permits: whenFull, tat: raised, dueAt: now, requestedAt: now };
    }
    const byMs = permits * msPerPermit;
    // From before the request: however late its response, the permits were not taken earlier.
    const requestedAt = clock.now();
    const to = requestedAt + burstMs - byMs + aheadMs;
    const after = await table.advanceTat(account, { from: requestedAt, to, byMs });
    return after === undefined ? undefined : { permits, tat: after, dueAt: after - burstMs, requestedAt };
  };

  const requestPermits = async (): Promise<number> => {
    const permits = isInteractive ? 1 : Math.min(waiting.size, batch);
    const whenFull = isInteractive ? Math.min(Math.max(waiting.size, held.usedLately()), batch) : permits;
    const [deadline = 0] = waiting.values();
    const aheadMs = Math.max(0, Math.min(maxReservationMs[priority], deadline - clock.now() - 1));
    const waitMs = () => permitsDueAt(Math.max(tat, cooledTat), permits, burst[priority], msPerPermit) - clock.now();
    if (waitMs() > aheadMs) return waitMs();

    const taken = await take(permits, whenFull, aheadMs);
    if (taken === undefined) {
      tat = Math.max(tat, (await table.readAccount(account)).tat);
      // Processes that want the same permit back off further each time, so that they do not all try for every one.
      // Background calls have no rival, and would come too late for permits that are replenished meanwhile.
      const backMs = isInteractive ? Math.min(refusals++ * msPerPermit, maxBackMs) : 0;
      return Math.max(waitMs(), backMs);
    }
    tat = Math.max(tat, taken.tat);
    held.replace(taken);
    refusals = 0;
    return 0;
  };

  return {
    /** Milliseconds until permits are due; 0 or less when they were taken. */
    next: (): Promise<number> => {
      request ??= requestPermits().finally(() => {
        request = undefined;
      });
      return request;
    },
    coolDown: (to: number): void => {
      cooledTat = Math.max(cooledTat, to);
    },
  };
}

/**
 * The permits of one account, counted in the table for all processes together. The waiting calls of one process are
 * served in their order, and share requests to the table: one permit at a time for interactive calls, for background
 * calls as many as are waiting, up to a batch. Interactive calls take a permit up to a second before it is due and wait
 * for it: so those of all processes are served in their order, too, as long as no more wait than a second has permits.
 * While all permits are replenished, an interactive call takes as many as its process used in the last second, for the
 * calls that are likely to follow. No more expire unused than were used before
 * (test/lib/accounts/permits-ahead.test.ts), and nobody lacks them: where calls or a sweep use all that there is,
 * permits are never all replenished. Measured at 10 permits a second, with processes that call without a pause: 4 wait
 * at most 0.4 s, 10 wait 1 s, and of 16 one waited 11 s (test/lib/accounts/fairness.test.ts).
 */
export function createRateLimiter(deps: RateLimiterDeps): RateLimiter {
  const { table, account, priority, limits, clock } = deps;
  const { msPerPermit, burst } = limits;
  const held = createHeldPermits(clock);
  const waiting = new Map<symbol, number>();
  const requests = createPermitRequests(deps, held, waiting);

  const nextPermit = async (deadline: number): Promise<Permit> => {
    const call = Symbol('call');
    waiting.set(call, deadline);
    try {
      while (held.count() <= [...waiting.keys()].indexOf(call)) {
        // What is held belongs to the calls before this one: they are about to take it.
        const waitMs = held.count() > 0 ? msPerPermit : await requests.next();
        if (clock.now() + waitMs >= deadline) throw exhausted(Math.max(waitMs, msPerPermit));
        if (waitMs > 0) await clock.sleep(Math.max(waitMs - maxReservationMs[priority], Math.min(waitMs, msPerPermit)));
      }
      return held.use();
    } finally {
      waiting.delete(call);
    }
  };

  const acquire: RateLimiter['acquire'] = async (deadline) => {
    let permit: Permit;
    do {
      permit = await nextPermit(deadline);
      const waitMs = permit.dueAt - clock.now();
      // Due before the deadline of the call that it was taken for, so before that of any later one.
      if (waitMs > 0) await clock.sleep(waitMs);
    } while (!held.isValid(permit));
  };

  const throttled: RateLimiter['throttled'] = async (waitMs = 0) => {
    held.drop();
    const until = clock.now() + Math.min(Math.max(waitMs, minCoolDownMs), maxCoolDownMs);
    // As if the whole burst but one permit had been taken by the end: no permit comes earlier, and no burst follows.
    const to = until + (burst.interactive - 1) * msPerPermit;
    requests.coolDown(to);
    await table.raiseTat(account, { below: to, to });
  };

  return { acquire, throttled };
}

function exhausted(retryAfterMs: number): Failure {
  return new Failure('rate_limited_locally', "The account's share of the exchange's rate limit is used up.", {
    retryAfterMs,
  });
}
