import { phaseOf } from '../../lib/exchange/order.ts';
import { digestOfRank } from '../../lib/snapshots/rank.ts';
import type { Snapshot } from '../../lib/snapshots/snapshot.ts';
import { iso } from '../../lib/time.ts';

/** A snapshot with its evidence, by the names that the API has for them. Written with `writeJson` it keeps every digit. */
export function rowOf({ account, orderId, rank, dialect, order, exchangeTime, evidence }: Snapshot) {
  return {
    account,
    order_id: orderId,
    rank,
    digest: digestOfRank(rank),
    dialect,
    order,
    final: phaseOf(order) === 'final',
    asked_at: iso(evidence.askedAt),
    first_observed_at: iso(evidence.firstObservedAt),
    ...(exchangeTime !== undefined && { exchange_time: iso(exchangeTime) }),
    request_id: evidence.requestId,
    door: evidence.door,
    key_version: evidence.keyVersion,
  };
}

export type SnapshotRow = ReturnType<typeof rowOf>;
