import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { beforeEach, expect, it } from 'vitest';
import { createDynamoWatchCommandTable } from '../../../lib/snapshots/dynamo-watch-command-table.ts';
import { createSnapshotStore, type SnapshotStore } from '../../../lib/snapshots/store.ts';
import type { WatchCommand, WatchCommandTable } from '../../../lib/snapshots/table.ts';
import { join, statusOf } from '../../../lib/snapshots/watch.ts';
import { applyWatchCommand } from '../../../lib/snapshots/watch-command.ts';
import { endOfTime } from '../../../lib/time.ts';
import { failureOf } from '../thrown.ts';
import { Crash } from './interference.ts';
import { createMemoryTable, type MemoryTable } from './memory-table.ts';
import { observationOf, opened, start } from './observations.ts';
import { policy } from './table-contract.ts';

const key = { account: 'main', orderId: 'ORDER-1' };
const observed = observationOf(key, opened);

let table: MemoryTable;
beforeEach(() => {
  table = createMemoryTable(() => policy);
});

function command(after: number, stopped: boolean): WatchCommand {
  return { ...key, at: start + after, by: 'anna', stopped, requestId: `command-${after}` };
}

function status(): string {
  const { stored } = table.inspect(key);
  return stored === undefined ? 'none' : statusOf(stored.watch);
}

async function listed(): Promise<readonly string[]> {
  return (await table.list('main', 'live', endOfTime, 10)).map(({ orderId }) => orderId);
}

it('a watch command stops the watch, and starts it again, and the last command decides, whatever the order of arrival', async () => {
  await createSnapshotStore(table).record(observed);
  const { operator } = await applyWatchCommand(table, command(2, true));
  expect(operator).toEqual({ at: start + 2, by: 'anna', stopped: true });
  expect([status(), await listed()]).toEqual(['stopped', []]);
  await applyWatchCommand(table, command(1, false));
  expect([status(), await listed()]).toEqual(['stopped', []]);
  await applyWatchCommand(table, command(3, false));
  expect([status(), await listed()]).toEqual(['watched', ['ORDER-1']]);
  expect([...table.inspect(key).commands.values()]).toEqual([command(2, true), command(1, false), command(3, false)]);
});

it('a watch command puts an order on watch that was never seen', async () => {
  await applyWatchCommand(table, command(0, false));
  expect([status(), await listed()]).toEqual(['unconfirmed', ['ORDER-1']]);
});

it('a watch command takes effect at once, before any check, even for a check that began earlier', async () => {
  const store = createSnapshotStore(table);
  await store.record(observed);
  const before = await store.read(key);
  await applyWatchCommand(table, command(2, true));
  await store.record(
    observationOf(key, { ...opened, updatedAfter: 5, requestedAfter: 900, took: 1, request: 2 }),
    before,
  );
  expect([status(), await listed()]).toEqual(['stopped', []]);
});

/** The table, to which so many checks write, each just after a command has read the watch. */
function contendedBy(store: SnapshotStore, maxChecks: number) {
  let checks = 0;
  const contended: WatchCommandTable = {
    ...table,
    claimWatch: async (order) => {
      const claimed = await table.claimWatch(order);
      if (checks < maxChecks) {
        checks++;
        await store.recordNotFound({ ...key, requestedAt: start + 90_000 + checks, requestId: 'm', observedBy: 'd' });
      }
      return claimed;
    },
  };
  return { contended, checks: () => checks };
}

it('a watch command is joined with what a check wrote in between', async () => {
  const store = createSnapshotStore(table);
  await store.record(observed);
  const { contended } = contendedBy(store, 2);
  const watch = await applyWatchCommand(contended, command(2, true));
  expect(watch).toEqual(table.inspect(key).stored?.watch);
  expect(watch.notFoundAt).toHaveLength(2);
  expect(watch.operator).toEqual({ at: start + 2, by: 'anna', stopped: true });
});

it('a watch command gives up after endless conflicts, and says to try again', async () => {
  const store = createSnapshotStore(table);
  await store.record(observed);
  const { contended, checks } = contendedBy(store, Infinity);
  const { code, message } = await failureOf(applyWatchCommand(contended, command(2, true)));
  expect(code).toBe('store_conflict');
  expect(message).toContain('Try again');
  expect([status(), checks()]).toEqual(['missing', 17]);
});

it('a watch command leaves only an audit entry when its writer crashes early, and takes effect when it is repeated', async () => {
  await createSnapshotStore(table).record(observed);
  const dies = () => Promise.reject(new Crash('before putWatch'));
  await expect(applyWatchCommand({ ...table, putWatch: dies }, command(2, true))).rejects.toBeInstanceOf(Crash);
  expect([status(), await listed()]).toEqual(['watched', ['ORDER-1']]);
  expect(table.inspect(key).commands.size).toBe(1);
  await applyWatchCommand(table, command(2, true));
  expect([status(), await listed()]).toEqual(['stopped', []]);
  expect(table.inspect(key).commands.size).toBe(1);
});

it('a watch command that is repeated changes nothing the second time', async () => {
  await applyWatchCommand(table, command(0, true));
  const { watch } = table.inspect(key).stored ?? {};
  const puts: unknown[] = [];
  const counting: WatchCommandTable = {
    ...table,
    putWatch: (...put) => {
      puts.push(put);
      return table.putWatch(...put);
    },
  };
  expect(await applyWatchCommand(counting, command(0, true))).toEqual(watch);
  expect(puts).toEqual([]);
});

it('an unreachable table fails every request of a watch command as store_unavailable', async () => {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const endpoint = 'http://127.0.0.1:1';
  const client = new DynamoDBClient({ endpoint, region: 'eu-central-1', credentials, maxAttempts: 1 });
  const gone = createDynamoWatchCommandTable({ client, tableName: 'gone', policyOf: () => policy });
  const watch = join(undefined, { openedAt: start });
  for (const request of [
    () => gone.putWatchCommand(command(0, true)),
    () => gone.claimWatch(key),
    () => gone.putWatch(key, watch, 0),
  ]) {
    expect((await failureOf(request())).code).toBe('store_unavailable');
  }
  client.destroy();
});
