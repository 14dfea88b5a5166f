import type { Clock } from '../clock.ts';
import { asFailure, type Code, type Failure, speaksOfAccount } from '../errors.ts';
import type { CheckOrder } from '../orders/check-order.ts';
import type { Listed, SnapshotTable } from '../snapshots/table.ts';
import { endOfTime } from '../time.ts';

export type SweepDeps = {
  readonly checkOrder: CheckOrder;
  readonly list: SnapshotTable['list'];
  readonly clock: Clock;
};

export type SweepRequest = {
  readonly account: string;
  readonly requestId: string;
  /** No check starts later; milliseconds since the Unix epoch. */
  readonly until: number;
  /** An order is not checked twice within this, whatever a lagging index says; milliseconds. */
  readonly minCheckMs: number;
  /** How long the exchange remembers closed orders, milliseconds. */
  readonly retentionMs: number;
  /** How many orders the account's share of the rate lets us check in time. */
  readonly capacity: number;
  /** Whether the sweep still holds its account. */
  readonly holds: () => boolean;
};

/** What a sweep did, and what it leaves: checks are counted of this sweep, orders of the account, now. */
export type SweepReport = {
  readonly checked: number;
  readonly changed: number;
  readonly final: number;
  /** Checks that failed, by code; not-found answers are not among them. */
  readonly failed: Readonly<Partial<Record<Code, number>>>;
  /** Orders on watch in a state that is as it should be; counted up to one more than can be checked in time. */
  readonly watched: number;
  /** Orders in a state to look at. */
  readonly missing: number;
  readonly unknown: number;
  readonly inconsistent: number;
  /** Orders due and not checked. */
  readonly backlog: number;
  /** More orders are on watch than can be checked in time. */
  readonly over_capacity: boolean;
  /** How long ago the order was seen that is due and has waited longest; milliseconds. */
  readonly oldest_unseen_ms: number;
  /** How long until the exchange could forget an order that closed right after its last check; milliseconds. */
  readonly retention_headroom_ms: number;
};

const concurrency = 8;
const pageSize = 100;
/** What a report counts at most. */
const countLimit = 1_000;
/** A check may take this long, so that one hanging call holds up one of eight places and no more. */
const checkMs = 10_000;
/** The schedule's own interval: the next tick comes after it. */
const tickMs = 60_000;
/** How often to look for orders that have become due, and, at rest, whether the account is still this sweep's. */
const idleMs = 1_000;
/** An order whose check failed waits this long, so that others come before it. */
const setAsideMs = 60_000;
/** So many failures in a row, whatever they are of, are the exchange's and not the orders'. */
const maxFailuresInARow = 3;
/** While the exchange or the key is in trouble, one probe in this time. */
const minBackoffMs = 5_000;
const maxBackoffMs = 60_000;

export type Sweep = (request: SweepRequest) => Promise<SweepReport>;

/**
 * Checks the due orders of one account, the longest due first, until its time is over or the account is another's. One
 * order's failure never stops another. When the exchange or the key is in trouble, a single order is tried ever more
 * rarely, once a minute at the least; its first answer lets the others follow. It ends early when nothing will fall due
 * before the next tick.
 */
export function createSweep({ checkOrder, list, clock }: SweepDeps): Sweep {
  return async (request) => {
    const { account, requestId, until, minCheckMs, retentionMs, capacity } = request;
    const counts = { checked: 0, changed: 0, final: 0 };
    const failed: Partial<Record<Code, number>> = {};
    const notBefore = new Map<string, number>();
    /** Whose latest check failed. */
    const failing = new Set<string>();
    // Every sweep starts with one order: it may find the trouble that the last one left.
    let isWell = false;
    let streak = 0;
    let backoffMs = 0;
    /** How long the trouble just met asks us to rest; the answers of one moment are one trouble. */
    let pauseMs: number | undefined;
    /** When there are credits again. */
    let permitsAt = 0;

    while (goesOn()) {
      const due = await listReady();
      const [first] = due;
      if (first === undefined) {
        if (await nothingComes()) break;
        await rest(idleMs);
      } else {
        await (isWell ? together(due) : check(first));
        if (!isWell) await backOff();
        if (clock.now() < permitsAt) await rest(permitsAt - clock.now());
      }
    }
    return report();

    function goesOn(): boolean {
      return clock.now() < until && request.holds();
    }

    /** In short naps, so that whoever relieves this sweep is not kept waiting. */
    async function rest(ms: number): Promise<void> {
      const end = Math.min(clock.now() + ms, until);
      while (clock.now() < end && goesOn()) await clock.sleep(Math.min(idleMs, end - clock.now()));
    }

    async function backOff(): Promise<void> {
      if (pauseMs !== undefined) backoffMs = Math.min(Math.max(backoffMs * 2, pauseMs, minBackoffMs), maxBackoffMs);
      pauseMs = undefined;
      await rest(backoffMs);
    }

    async function together(due: readonly Listed[]): Promise<void> {
      const queue = due.values();
      const worker = async () => {
        for (const order of queue) {
          if (!goesOn() || !isWell || clock.now() < permitsAt) return;
          await check(order);
        }
      };
      await Promise.all(Array.from({ length: concurrency }, worker));
    }

    async function check({ orderId }: Listed): Promise<void> {
      notBefore.set(orderId, clock.now() + minCheckMs);
      try {
        const { changed, final } = await checkOrder({
          account,
          orderId,
          maxAgeMs: 0,
          observedBy: 'check-open-orders',
          requestId,
          deadline: clock.now() + checkMs,
        });
        counts.checked++;
        failing.delete(orderId);
        if (changed) counts.changed++;
        if (changed && final) counts.final++;
        recover();
      } catch (thrown) {
        learn(orderId, asFailure(thrown));
      }
    }

    function learn(orderId: string, failure: Failure): void {
      if (failure.code === 'order_not_found') {
        counts.checked++;
        failing.delete(orderId);
        recover();
        return;
      }
      failed[failure.code] = (failed[failure.code] ?? 0) + 1;
      if (failure.code === 'rate_limited_locally') {
        // It was not asked for, and is still the next.
        notBefore.delete(orderId);
        permitsAt = clock.now() + Math.min(failure.retryAfterMs ?? minBackoffMs, maxBackoffMs);
        return;
      }
      failing.add(orderId);
      notBefore.set(orderId, clock.now() + setAsideMs);
      if (speaksOfOne(failure)) return;
      streak++;
      if (streak < maxFailuresInARow && !speaksOfAccount(failure)) return;
      isWell = false;
      pauseMs = Math.max(pauseMs ?? 0, isLasting(failure) ? maxBackoffMs : (failure.retryAfterMs ?? 0));
    }

    function recover(): void {
      isWell = true;
      streak = 0;
      backoffMs = 0;
      pauseMs = undefined;
    }

    /** Due, and not just checked or set aside by this sweep; none while the table does not answer. */
    async function listReady(): Promise<readonly Listed[]> {
      for (const [orderId, time] of notBefore) if (time <= clock.now()) notBefore.delete(orderId);
      const due = await listDue(clock.now(), pageSize + notBefore.size).catch(noneIfUnavailable);
      return due.filter(({ orderId }) => !notBefore.has(orderId));
    }

    /** Nothing falls due before the next tick, which will look again: waiting for it here would only cost. */
    async function nothingComes(): Promise<boolean> {
      try {
        return (await listDue(clock.now() + tickMs, 1)).length === 0;
      } catch (thrown) {
        noneIfUnavailable(thrown);
        return false;
      }
    }

    async function listDue(by: number, limit: number): Promise<readonly Listed[]> {
      const lists = await Promise.all([list(account, 'watch', by, limit), list(account, 'attention', by, limit)]);
      return lists.flat().sort((a, b) => a.at - b.at);
    }

    async function report(): Promise<SweepReport> {
      const now = clock.now();
      const [due, attention, watched] = await Promise.all([
        listDue(now, countLimit),
        list(account, 'attention', endOfTime, countLimit),
        list(account, 'watch', endOfTime, capacity + 1),
      ]);
      const left = due.filter(({ orderId, at }) => (notBefore.get(orderId) ?? at) <= now);
      // One that fails comes later, and ages as if it were left; a missing or never seen one has no end to miss.
      const unseen = due.filter((order) => left.includes(order) || failing.has(order.orderId));
      const inTime = unseen.filter(({ status }) => status !== 'missing' && status !== 'unconfirmed');
      const maxUnseenMs = Math.max(0, ...inTime.map(({ seenAt }) => now - seenAt));
      const inState = (status: Listed['status']) => attention.filter((order) => order.status === status).length;
      return {
        ...counts,
        failed,
        watched: watched.length,
        missing: inState('missing'),
        unknown: inState('unknown'),
        inconsistent: inState('inconsistent'),
        backlog: left.length,
        over_capacity: watched.length + attention.length > capacity,
        oldest_unseen_ms: maxUnseenMs,
        retention_headroom_ms: retentionMs - maxUnseenMs,
      };
    }
  };
}

/** The order's own trouble, or ours: the others are asked as before. */
function speaksOfOne({ code, spec }: Failure): boolean {
  return spec.category === 'caller' || spec.category === 'internal' || code === 'not_owner';
}

/** Over in minutes to hours, or when a person has acted: repeats would help nobody. */
function isLasting({ code, spec }: Failure): boolean {
  return spec.category === 'auth' || code === 'maintenance';
}

/** A failed look at the index must not end the sweep: the next one may succeed. */
function noneIfUnavailable(thrown: unknown): readonly Listed[] {
  const failure = asFailure(thrown);
  if (failure.code !== 'store_unavailable') throw failure;
  return [];
}
