import { beforeEach } from 'vitest';
import type { Observation } from '../../../lib/snapshots/snapshot.ts';
import { createSnapshotStore, type SnapshotStore } from '../../../lib/snapshots/store.ts';
import { join, statusOf, type WatchDelta } from '../../../lib/snapshots/watch.ts';
import { createMemoryTable, type MemoryTable } from './memory-table.ts';
import { observationOf, type ReplyFields, start } from './observations.ts';
import { policy } from './table-contract.ts';

export const key = { account: 'main', orderId: 'ORDER-1' };

/** `observationOf` counts the request's time from here. */
export const requestTime = start + 10_000;

export function observed(reply: Partial<ReplyFields> = {}): Observation {
  const opened = { state: 'open', updatedAfter: 0, version: 1, filled: '0', label: '', rpl: '0' };
  return observationOf(key, { ...opened, requestedAfter: 0, took: 50, request: 1, ...reply });
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

export const kept = () => table.inspect(key);

export function status(): string {
  const { stored } = kept();
  return stored === undefined ? 'none' : statusOf(stored.watch);
}

/** A watch command, or what a crashed writer left: joined in without the store. */
export async function writeWatch(delta: Partial<WatchDelta>): Promise<void> {
  const { stored } = kept();
  await table.putWatch(key, join(stored?.watch, { openedAt: start, ...delta }), stored?.revision ?? 0);
}
