import { snapshotRow } from '../../lib/api/presenters.ts';
import type { Snapshot } from '../../lib/snapshots/snapshot.ts';

/** A snapshot as the API presents it, with its account. Written with `writeJson` it keeps every digit. */
export function rowOf(snapshot: Snapshot) {
  const { account, orderId, dialect } = snapshot;
  return { account, order_id: orderId, dialect, ...snapshotRow(snapshot) };
}

export type ExportedRow = ReturnType<typeof rowOf>;
