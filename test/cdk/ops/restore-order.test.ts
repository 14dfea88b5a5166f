import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { restoreOrder } from '../../../cdk/ops/restore-order.ts';
import type { SnapshotStore } from '../../../lib/snapshots/store.ts';
import { statusOf } from '../../../lib/snapshots/watch.ts';
import { startFaultyProxy } from '../../emulator/aws/faulty-proxy.ts';
import { anyReply, observationOf, start } from '../../lib/snapshots/observations.ts';
import { names, runHere, seenOf } from './ops-test-bed.ts';
import { filled, from, key, type RestoreTestBed, startRestoreTestBed } from './restore-test-bed.ts';

let ops: RestoreTestBed;
beforeEach(async () => {
  ops = await startRestoreTestBed();
});
afterEach(() => ops.stop());

describe('cut short', () => {
  const into = (table: string, endpoint: string) =>
    runHere('npm run ops --', ['restore', '--from', from, '--table', table, '--endpoint', endpoint], ops.clock);

  /** Ends it before the write of this number, counted from 0; returns whether there was one. */
  async function cutBefore(write: number, table: string): Promise<boolean> {
    const proxy = await startFaultyProxy(ops.url);
    let puts = 0;
    proxy.play((operation) => (operation === 'PutItem' && puts++ >= write ? { kind: 'denied' } : undefined));
    const { code } = await into(table, proxy.url);
    await proxy.stop();
    return code === 1;
  }

  it('a restoration that is cut short closes no order without its head, leaves each order that it began on watch, and can be completed by another restoration', async () => {
    await ops.before.record(seenOf('OVER'));
    await ops.before.record(seenOf('OVER', filled));
    await ops.before.record(seenOf('LIVE'));
    let writes = 0;
    for (; await cutIn(`cut-${writes}`); writes++) {
      const table = `cut-${writes}`;
      const store = ops.storeOf(table);
      for (const order of ['OVER', 'LIVE']) {
        const { head, stored } = await store.read(key(order));
        const status = stored && statusOf(stored.watch);
        if ((await ops.itemsOf(table, order)).size > 0) expect(stored).toBeDefined();
        if (status === 'final') expect(head?.rank).toBe(stored?.watch.announcedRank);
      }
      expect((await into(table, ops.url)).code).toBe(0);
      for (const order of ['OVER', 'LIVE'])
        expect(await ops.recordOf(table, order)).toEqual(await ops.recordOf(from, order));
      expect((await ops.verify(table)).code).toBe(0);
    }
    expect(writes).toBeGreaterThan(7);

    async function cutIn(table: string): Promise<boolean> {
      await ops.createTable(table);
      return cutBefore(writes, table);
    }
  });
});

it('the restoration of a closed order that the exchange did not find later never reports the order as missing', async () => {
  await ops.before.record(seenOf('OVER', filled));
  const notFound = { ...key('OVER'), requestId: 'r', observedBy: 'get-order', requestedAt: start + 20_000 };
  const { stored } = await ops.before.recordNotFound(notFound);
  expect(stored && statusOf(stored.watch)).toBe('final');
  const proxy = await startFaultyProxy(ops.url);
  let puts = 0;
  proxy.play((operation) => (operation === 'PutItem' && puts++ > 0 ? { kind: 'denied' } : undefined));
  const args = ['restore', '--from', from, '--table', names.table, '--endpoint', proxy.url];
  expect((await runHere('npm run ops --', args, ops.clock)).code).toBe(1);
  await proxy.stop();
  const announced = (await ops.store.read(key('OVER'))).stored;
  expect(announced && statusOf(announced.watch)).toBe('watched');
  expect((await ops.run(['restore', '--from', from, '--table', names.table])).code).toBe(0);
  const restored = (await ops.store.read(key('OVER'))).stored;
  expect(restored && statusOf(restored.watch)).toBe('final');
});

describe('a later, live state', () => {
  it.each([['with the restored watch'], ['without any watch']])(
    '%s, a restored order that the table has in a later, live state stays on watch',
    async (watch) => {
      await ops.before.record(seenOf('A', filled));
      await ops.observe('A', { filled: '0.5', updatedAfter: 9, requestedAfter: 20_000 });
      const Key = { pk: { S: 'main#A' }, sk: { S: 'NOW#WATCH' } };
      for (const TableName of watch === 'without any watch' ? [from, names.table] : [names.table])
        await ops.engine.client.send(new DeleteItemCommand({ TableName, Key }));
      expect((await ops.run(['restore', '--from', from, '--table', names.table])).code).toBe(0);
      const { head, stored } = await ops.store.read(key('A'));
      expect(head?.order.order_state).toBe('open');
      expect(stored && statusOf(stored.watch)).toBe('watched');
      expect((await ops.verify()).code).toBe(0);
    },
  );
});

it('the restoration of an order while checks of it run leaves the table as if nothing had been lost', async () => {
  await ops.createTable('whole');
  const whole = ops.storeOf('whole');
  const { client } = ops.engine;
  const table = { client, tableName: names.table };
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyReply, { minLength: 1, maxLength: 4 }),
      fc.array(anyReply, { maxLength: 3 }),
      fc.array(anyReply, { maxLength: 3 }),
      async (lost, since, meanwhile) => {
        runs += 1;
        const order = key(`P${runs}`);
        const record = async (store: SnapshotStore, replies: typeof lost) => {
          for (const reply of replies) await store.record(observationOf(order, reply));
        };
        await record(ops.before, lost);
        await record(ops.store, since);
        await record(whole, [...lost, ...since, ...meanwhile]);
        const restored = [...(await ops.itemsOf(from, order.orderId)).values()];
        const held = await ops.itemsOf(names.table, order.orderId);
        await Promise.all([restoreOrder(table, order, restored, held), record(ops.store, meanwhile)]);
        expect(await ops.recordOf(names.table, order.orderId)).toEqual(await ops.recordOf('whole', order.orderId));
        const { head, stored } = await ops.store.read(order);
        expect(stored?.watch).toMatchObject({ announcedRank: head?.rank, applied: { rank: head?.rank } });
      },
    ),
    { numRuns: Number(process.env['RUNS'] ?? 8), endOnFailure: true },
  );
  expect((await ops.verify()).code).toBe(0);
});
