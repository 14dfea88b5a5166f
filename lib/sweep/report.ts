import type { SweepSummary } from '../accounts/table.ts';
import type { CheckCounts } from './checks.ts';
import type { ListCounts } from './list-loop.ts';
import type { LiveOrder, LiveOrders } from './live-orders.ts';

/** What a sweep did, and the account as it leaves it. */
export type SweepReport = CheckCounts &
  ListCounts & {
    /** Orders on watch in an expected state, and how many of all that lists cover. */
    readonly watched: number;
    readonly covered: number;
    /** Orders that need attention, by status. */
    readonly missing: number;
    readonly unknown: number;
    readonly inconsistent: number;
    /** Orders due and not checked. */
    readonly backlog: number;
    /** More orders have to be checked one by one than can be in time. */
    readonly overCapacity: boolean;
    /** The time since the oldest last confirmation of a live order, milliseconds. */
    readonly oldestUnseenMs: number;
    /** How long until the exchange could forget an order that closed right after its last confirmation; milliseconds. */
    readonly retentionHeadroomMs: number;
  };

type SummaryOptions = {
  readonly now: number;
  readonly capacity: number;
  readonly listUntrusted: boolean;
  readonly breaker: SweepSummary['breaker'];
};

export function sweepSummaryOf(orders: Pick<LiveOrders, 'all'>, options: SummaryOptions): SweepSummary {
  const { now, capacity, listUntrusted, breaker } = options;
  const all = orders.all().toArray();
  const inStatus = (...statuses: readonly LiveOrder['status'][]) =>
    all.filter(({ status }) => statuses.includes(status)).length;
  const covered = all.filter((order) => order.covered).length;
  return {
    at: now,
    open: inStatus('watched', 'unconfirmed'),
    covered,
    missing: inStatus('missing'),
    unknown: inStatus('unknown'),
    inconsistent: inStatus('inconsistent'),
    overCapacity: all.length - (listUntrusted ? 0 : covered) > capacity,
    breaker,
  };
}

export function reportOf(
  counts: CheckCounts & ListCounts,
  orders: Pick<LiveOrders, 'all' | 'due' | 'seenAt'>,
  { retentionMs, ...options }: Omit<SummaryOptions, 'listUntrusted'> & { readonly retentionMs: number },
): SweepReport {
  const { now } = options;
  const { open, covered, missing, unknown, inconsistent, overCapacity } = sweepSummaryOf(orders, {
    ...options,
    listUntrusted: counts.listUntrusted,
  });
  // The end of a missing or never seen order can no longer be missed.
  const seen = orders.all().filter(({ status }) => status !== 'missing' && status !== 'unconfirmed');
  const oldestUnseenMs = seen.reduce((oldest, order) => Math.max(oldest, now - orders.seenAt(order)), 0);
  return {
    ...counts,
    watched: open,
    covered,
    missing,
    unknown,
    inconsistent,
    backlog: orders.due(now).length,
    overCapacity,
    oldestUnseenMs,
    retentionHeadroomMs: retentionMs - oldestUnseenMs,
  };
}
