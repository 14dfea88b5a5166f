import { phaseOf } from '../exchange/order.ts';
import { digestOfRank } from '../snapshots/rank.ts';
import type { ListEntry } from '../snapshots/reader.ts';
import type { Snapshot } from '../snapshots/snapshot.ts';
import { ageSeconds, iso } from '../time.ts';
import type { ListedOrder, SnapshotRow } from './responses.ts';

/** A snapshot with its evidence, as answers tell it. */
export function snapshotRow({ rank, order, exchangeTime, provenance }: Snapshot): Omit<SnapshotRow, 'changes'> {
  return {
    rank,
    digest: digestOfRank(rank),
    order,
    final: phaseOf(order) === 'final',
    requested_at: iso(provenance.requestedAt),
    first_observed_at: iso(provenance.firstObservedAt),
    ...(exchangeTime !== undefined && { exchange_time: iso(exchangeTime) }),
    request_id: provenance.requestId,
    observed_by: provenance.observedBy,
    key_version: provenance.keyVersion,
  };
}

/** An order in a list, as answers tell it; `now` in milliseconds since the Unix epoch. */
export function listedOrder({ orderId, status, at, openedAt, checkedAt }: ListEntry, now: number): ListedOrder {
  return {
    order_id: orderId,
    status,
    ...(status === 'final' ? { closed_at: iso(at) } : { due_at: iso(at) }),
    opened_at: iso(openedAt),
    ...(checkedAt !== undefined && { checked_at: iso(checkedAt), age_seconds: ageSeconds(checkedAt, now) }),
  };
}
