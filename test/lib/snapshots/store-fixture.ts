import { beforeEach } from 'vitest';
import type { Observation } from '../../../lib/snapshots/snapshot.ts';
import { createSnapshotStore, type SnapshotStore } from '../../../lib/snapshots/store.ts';
import { join, statusOf, type WatchDelta } from '../../../lib/snapshots/watch.ts';
import { createMemoryTable, type MemoryTable } from './memory-table.ts';
import { observationOf, opened, type ReplyFields, start } from './observations.ts';
import { policy } from './table-contract.ts';

export const key = { account: 'main', orderId: 'ORDER-1' };

/** `observationOf` counts the request's time from here. */
export const requestTime = start + 10_000;

export function observed(reply: Partial<ReplyFields> = {}): Observation {
  return observationOf(key, { ...opened, ...reply });
}

export let table: MemoryTable;
export let store: SnapshotStore;

/** Each test starts with an empty table. */
export function emptyTableForEachTest(): void {
  beforeEach(() => {
    table = createMemoryTable(() => policy);
    store = createSnapshotStore(table);
  });
}

export const notFound = (requestedAfter: number) => ({
  ...key,
  requestedAt: requestTime + requestedAfter,
  requestId: 'm',
  observedBy: 'check-open-orders',
});

export const storedItems = () => table.inspect(key);

export function status(): string {
  const { stored } = storedItems();
  return stored === undefined ? 'none' : statusOf(stored.watch);
}

/** A watch command, or what a crashed writer left: joined in without the store. */
export async function writeWatch(delta: Partial<WatchDelta>): Promise<void> {
  const { stored } = storedItems();
  await table.putWatch(key, join(stored?.watch, { openedAt: start, ...delta }), stored?.revision ?? 0);
}
