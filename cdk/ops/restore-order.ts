import { createPut, type Item } from '../../lib/dynamo.ts';
import { advanceWatch } from '../../lib/snapshots/advance-watch.ts';
import { auditPrefix, headKey, snapshotPrefix, watchKey } from '../../lib/snapshots/items.ts';
import { expiresAtOf, readSnapshot, readWatch, sortKeyOf } from '../../lib/snapshots/read-items.ts';
import { isEarlier, type OrderKey, type Snapshot } from '../../lib/snapshots/snapshot.ts';
import type { SnapshotTable } from '../../lib/snapshots/table.ts';
import { statusOf, type Watch } from '../../lib/snapshots/watch.ts';
import { openSnapshots, recordAgain } from './repair-order.ts';
import type { Table } from './stack.ts';

/**
 * Adds to an order what only the restored table has of it. Safe to repeat, and beside any writer: each write is the store's
 * own or on the condition that its item is absent, and an order whose restoration was cut short has the head of its newest
 * snapshot or is on watch. `restored` is what the restored table has of the order, `held` what the stack's table has, by
 * its sort key. Throws `store_corrupt` when the stack's table has an item of it that cannot be read.
 */
export async function restoreOrder(
  table: Table,
  key: OrderKey,
  restored: readonly Item[],
  held: ReadonlyMap<string, Item>,
): Promise<void> {
  const snapshots = openSnapshots(table);
  const watch = restored.find((item) => sortKeyOf(item) === watchKey);
  if (watch !== undefined) await restoreWatch(snapshots, key, readWatch(watch).watch);
  // If the order has no watch in the stack's table, what that table has must be announced first: a restored end must
  // not close it.
  const first = held.has(watchKey) ? undefined : newestOf([...held.values()]);
  for (const newest of [first, newestOf(restored)]) if (newest !== undefined) await recordAgain(snapshots, newest);
  const put = createPut(table);
  for (const item of restored.filter((each) => isSnapshot(each) || isAuditEntry(each))) {
    const own = held.get(sortKeyOf(item));
    if (own === undefined) await put({ Item: item, ConditionExpression: 'attribute_not_exists(pk)' });
    else if (isSnapshot(item) && isEarlier(readSnapshot(item).provenance, readSnapshot(own).provenance))
      await snapshots.putSnapshot(readSnapshot(item));
  }
}

/** Whether an item expired in the restored table: the stack's table has let it go, too. */
export function isExpired(item: Item, now: number): boolean {
  return expiresAtOf(item) <= now;
}

/**
 * Gives an order without a watch the restored one. Its state is announced and not yet applied, so it cannot close
 * before its head is there; and no list has held it since, so that the account's latest list does not confirm it. A
 * watch that is there only learns when and how it was started first: everything else in it is newer, and no old command
 * may stop it.
 */
async function restoreWatch(snapshots: SnapshotTable, key: OrderKey, watch: Watch): Promise<void> {
  const { putWatch, readCurrent } = snapshots;
  const reread = async () => (await readCurrent(key)).stored;
  const stored = await reread();
  // Not-found replies after the end prove nothing, but the order would be reported as missing until its head is there.
  const notFoundAt = statusOf(watch) === 'final' ? [] : watch.notFoundAt;
  const announced = { ...watch, applied: undefined, listed: undefined, notFoundAt };
  if (stored === undefined && (await putWatch(key, announced, 0))) return;
  const { openedAt, startedBy } = watch;
  await advanceWatch({ key, stored: stored ?? (await reread()), delta: { openedAt, startedBy }, putWatch, reread });
}

/** Of the snapshots and the head: a backup may have a head without its snapshot. */
function newestOf(items: readonly Item[]): Snapshot | undefined {
  const [newest] = items
    .filter((item) => sortKeyOf(item) === headKey || isSnapshot(item))
    .map(readSnapshot)
    .toSorted((a, b) => {
      if (a.rank !== b.rank) return a.rank > b.rank ? -1 : 1;
      return isEarlier(a.provenance, b.provenance) ? -1 : 1;
    });
  return newest;
}

function isSnapshot(item: Item): boolean {
  return sortKeyOf(item).startsWith(snapshotPrefix);
}

function isAuditEntry(item: Item): boolean {
  return sortKeyOf(item).startsWith(auditPrefix);
}
