import { dialects } from '../../lib/exchange/dialects/index.ts';
import { createDynamoTable } from '../../lib/snapshots/dynamo-table.ts';
import type { Snapshot } from '../../lib/snapshots/snapshot.ts';
import { createSnapshotStore } from '../../lib/snapshots/store.ts';
import type { SnapshotTable } from '../../lib/snapshots/table.ts';
import { isOpen, statusOf } from '../../lib/snapshots/watch.ts';
import type { Table } from './stack.ts';

/** The table for writers; open orders that it writes are due at once. */
export function openSnapshots(table: Table): SnapshotTable {
  return createDynamoTable({ ...table, policyOf: () => ({ minMs: 0, maxMs: 0 }) });
}

/** Records a snapshot as if the exchange had just returned it, with its provenance: safe beside any writer. */
export async function recordAgain(snapshots: SnapshotTable, snapshot: Snapshot): Promise<void> {
  const { rank: _, dialect, ...observed } = snapshot;
  await createSnapshotStore(snapshots).record({ ...observed, dialect: dialects[dialect] });
}

/**
 * Finishes what a check that was cut short left undone: records the newest snapshot once more, which is safe beside any
 * writer, and has the next sweep check the order, for what only the exchange can say.
 */
export async function repairOrder(table: Table, pk: string): Promise<void> {
  const [account = '', orderId = ''] = pk.split('#');
  const key = { account, orderId };
  const snapshots = openSnapshots(table);
  const newest = await snapshots.newestSnapshot(key);
  if (newest !== undefined) await recordAgain(snapshots, newest);
  const { stored } = await snapshots.readCurrent(key);
  if (stored !== undefined && isOpen(statusOf(stored.watch)))
    await snapshots.putWatch(key, stored.watch, stored.revision);
}
