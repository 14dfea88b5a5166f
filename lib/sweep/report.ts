import type { Code } from '../errors.ts';
import type { Listed } from '../snapshots/table.ts';

/** What the checks of a sweep came to. */
export type SweepCounts = {
  /** Answered, not-found answers included. */
  readonly checked: number;
  readonly changed: number;
  readonly final: number;
  /** Failed checks by code. */
  readonly failed: Readonly<Partial<Record<Code, number>>>;
};

/** What a sweep did, and the account as it leaves it. */
export type SweepReport = SweepCounts & {
  /** Orders on watch in an expected state; counted up to one more than the capacity. */
  readonly watched: number;
  /** Orders that need attention, by status. */
  readonly missing: number;
  readonly unknown: number;
  readonly inconsistent: number;
  /** Orders due and not checked. */
  readonly backlog: number;
  /** More orders are on watch than can be checked in time. */
  readonly overCapacity: boolean;
  /** Of the orders that are overdue or failing: the time since the oldest last confirmation, milliseconds. */
  readonly oldestUnseenMs: number;
  /** How long until the exchange could forget an order that closed right after its last check; milliseconds. */
  readonly retentionHeadroomMs: number;
};

export type AccountView = {
  /** The orders that are due, from both lists. */
  readonly due: readonly Listed[];
  /** All orders on watch, and all that need attention. */
  readonly watched: readonly Listed[];
  readonly attention: readonly Listed[];
};

type ReportOptions = {
  readonly now: number;
  readonly retentionMs: number;
  readonly capacity: number;
  /** This sweep checked the order, which a lagging index still lists as due. */
  readonly isChecked: (orderId: string) => boolean;
  /** The latest check of the order failed, whatever a lagging index says. */
  readonly isFailing: (orderId: string) => boolean;
};

export function reportOf(
  counts: SweepCounts,
  { due, watched, attention }: AccountView,
  { now, retentionMs, capacity, isChecked, isFailing }: ReportOptions,
): SweepReport {
  const backlog = due.filter(({ orderId }) => !isChecked(orderId));
  // A failing order is due later, and still ages. The end of a missing or never seen one can no longer be missed.
  const failing = [...watched, ...attention].filter(({ orderId, failing }) => failing || isFailing(orderId));
  const unseen = [...backlog, ...failing].filter(({ status }) => status !== 'missing' && status !== 'unconfirmed');
  const oldestUnseenMs = Math.max(0, ...unseen.map(({ seenAt }) => now - seenAt));
  const inStatus = (status: Listed['status']) => attention.filter((order) => order.status === status).length;
  return {
    ...counts,
    watched: watched.length,
    missing: inStatus('missing'),
    unknown: inStatus('unknown'),
    inconsistent: inStatus('inconsistent'),
    backlog: backlog.length,
    overCapacity: watched.length + attention.length > capacity,
    oldestUnseenMs,
    retentionHeadroomMs: retentionMs - oldestUnseenMs,
  };
}
