import { dialects } from '../../lib/exchange/dialects/index.ts';
import { createDynamoTable } from '../../lib/snapshots/dynamo-table.ts';
import { createSnapshotStore } from '../../lib/snapshots/store.ts';
import { isOpen, statusOf } from '../../lib/snapshots/watch.ts';
import type { Table } from './stack.ts';

/** Makes an order due at once. */
const policyOf = () => ({ minMs: 0, maxMs: 0 });

/**
 * Finishes what a check that was cut short left undone: records the newest snapshot once more, which is safe beside any
 * writer, and has the next sweep check the order, for what only the exchange can say.
 */
export async function repairOrder(table: Table, pk: string): Promise<void> {
  const [account = '', orderId = ''] = pk.split('#');
  const key = { account, orderId };
  const snapshots = createDynamoTable({ ...table, policyOf });
  const newest = await snapshots.newestSnapshot(key);
  if (newest !== undefined) {
    const { rank: _, dialect, ...observed } = newest;
    await createSnapshotStore(snapshots).record({ ...observed, dialect: dialects[dialect] });
  }
  const { stored } = await snapshots.readCurrent(key);
  if (stored !== undefined && isOpen(statusOf(stored.watch)))
    await snapshots.putWatch(key, stored.watch, stored.revision);
}
