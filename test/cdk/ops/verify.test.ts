import { DeleteItemCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTableReader } from '../../../cdk/ops/table-reader.ts';
import { createDynamoAccountTable } from '../../../lib/accounts/dynamo-table.ts';
import type { Item } from '../../../lib/dynamo.ts';
import { createDynamoTable } from '../../../lib/snapshots/dynamo-table.ts';
import { createSnapshotStore } from '../../../lib/snapshots/store.ts';
import { start } from '../../lib/snapshots/observations.ts';
import { policy } from '../../lib/snapshots/table-contract.ts';
import { createVirtualClock } from '../../lib/virtual-clock.ts';
import { names, type OpsTestBed, seenOf, startOpsTestBed } from './ops-test-bed.ts';

let ops: OpsTestBed;
beforeEach(async () => {
  ops = await startOpsTestBed();
  await ops.observe('LIVE');
  await ops.observe('LIVE', { filled: '0.5', updatedAfter: 1, requestedAfter: 5_000 });
  await ops.observe('OVER', { state: 'filled', filled: '1e0' });
  await ops.observe('GONE');
  await ops.store.recordNotFound({
    account: 'main',
    orderId: 'GONE',
    requestedAt: start + 20_000,
    requestId: 'r',
    observedBy: 'check-open-orders',
  });
  const lookup = { at: start + 20_000, requestId: 'r', observedBy: 'check-open-orders', attempts: [] };
  await ops.store.recordLookup({ account: 'main', orderId: 'GONE', ...lookup });
  await createDynamoAccountTable(ops.engine).setPause('main', { paused: true, by: 'anna', at: start });
});
afterEach(() => ops.stop());

const verify = (...args: readonly string[]) => ops.run(['verify', '--stage', 'dev', ...args]);

async function itemsOf(pk: string): Promise<readonly Item[]> {
  const query = new QueryCommand({
    TableName: names.table,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': { S: pk } },
  });
  return (await ops.engine.client.send(query)).Items ?? [];
}

/** Replaces attributes of the order's items whose sort key begins so; the last of several. */
async function spoil(orderId: string, prefix: string, attributes: Item): Promise<void> {
  const item = (await itemsOf(`main#${orderId}`)).findLast(({ sk }) => sk?.S?.startsWith(prefix));
  expect(item).toBeDefined();
  await ops.engine.client.send(new PutItemCommand({ TableName: names.table, Item: { ...item, ...attributes } }));
}

async function remove(orderId: string, prefix: string): Promise<void> {
  const item = (await itemsOf(`main#${orderId}`)).findLast(({ sk }) => sk?.S?.startsWith(prefix));
  const Key = { pk: item?.['pk'] ?? { S: '' }, sk: item?.['sk'] ?? { S: '' } };
  await ops.engine.client.send(new DeleteItemCommand({ TableName: names.table, Key }));
}

const text = (S: string) => ({ S });

describe('verify', () => {
  it('ops verify finds nothing wrong in a table that the store wrote', async () => {
    expect(await verify()).toEqual({
      code: 0,
      out: '13 items of 4 orders and accounts, no differences.\n',
      stderr: '',
    });
  });

  it.each<[what: string, fault: () => Promise<void>, where: string, how: string]>([
    [
      'a changed digit of a result',
      async () => {
        const [snapshot] = (await itemsOf('main#OVER')).filter(({ sk }) => sk?.S?.startsWith('S#'));
        const result = snapshot?.['result']?.S ?? '';
        await spoil('OVER', 'S#', { result: text(result.replace('855.10', '855.11')) });
      },
      'main#OVER S#',
      'its rank is not that of its result: digest',
    ],
    [
      'a changed state in a result',
      async () => {
        const [snapshot] = (await itemsOf('main#OVER')).filter(({ sk }) => sk?.S?.startsWith('S#'));
        const result = snapshot?.['result']?.S ?? '';
        await spoil('OVER', 'S#', { result: text(result.replace('filled"', 'open"')), order_state: text('open') });
      },
      'main#OVER S#',
      'its rank is not that of its result: phase, digest',
    ],
    [
      'an attribute that differs from the result',
      () => spoil('LIVE', 'S#', { instrument_name: text('ETH-PERPETUAL') }),
      'main#LIVE S#',
      'not what its result and key imply: instrument_name',
    ],
    [
      'an expiry on the newest snapshot',
      () => spoil('LIVE', 'S#', { expires_at: { N: '1' } }),
      'main#LIVE S#',
      'it is the newest snapshot, and expires',
    ],
    [
      'a result that is not an order',
      () => spoil('LIVE', 'S#', { result: text('no order') }),
      'main#LIVE S#',
      'it cannot be read: A snapshot in the table has a result that is not an order.',
    ],
    [
      'an account that differs from the key',
      () => spoil('OVER', 'NOW#HEAD', { account: text('other') }),
      'main#OVER NOW#HEAD',
      'its account and order_id are not those of its key',
    ],
    [
      'a missing head',
      () => remove('LIVE', 'NOW#HEAD'),
      'main#LIVE NOW#HEAD',
      'it is missing, though there are snapshots',
    ],
    ['a missing newest snapshot', () => remove('LIVE', 'S#'), 'main#LIVE NOW#HEAD', 'it has no snapshot'],
    [
      'provenance in the head that differs from that of its snapshot',
      () => spoil('LIVE', 'NOW#HEAD', { request_id: text('another') }),
      'main#LIVE NOW#HEAD',
      'not what the newest snapshot implies: request_id',
    ],
    [
      'a missing watch',
      () => remove('LIVE', 'NOW#WATCH'),
      'main#LIVE NOW#WATCH',
      'it is missing, though there are snapshots',
    ],
    [
      'a status that contradicts the rest of the watch',
      () => spoil('LIVE', 'NOW#WATCH', { status: text('final') }),
      'main#LIVE NOW#WATCH',
      'not what the rest of the watch implies: status',
    ],
    [
      'a live order in the list of final ones',
      () => spoil('LIVE', 'NOW#WATCH', { list: text('main#final') }),
      'main#LIVE NOW#WATCH',
      'not what the rest of the watch implies: list',
    ],
    [
      'a final order with a wrong closing time',
      () => spoil('OVER', 'NOW#WATCH', { list_at: { N: '1' } }),
      'main#OVER NOW#WATCH',
      'not what the rest of the watch implies: list_at',
    ],
    [
      'an audit entry whose time differs from its key',
      () => spoil('GONE', 'E#', { at: { N: '1' } }),
      'main#GONE E#',
      'its time and request_id are not those of its key',
    ],
    [
      'an item of an unknown kind',
      () => spoil('LIVE', 'NOW#WATCH', { sk: text('X#') }),
      'main#LIVE X#',
      'its kind is unknown to this version',
    ],
  ])('ops verify reports %s', async (_, fault, where, how) => {
    await fault();
    const { code, out } = await verify();
    expect(code).toBe(1);
    const lines = out.split('\n').filter((line) => line.startsWith(where));
    expect(lines.map((line) => line.slice(line.indexOf(': ') + 2))).toContainEqual(expect.stringMatching(`^${how}`));
  });

  it('ops verify accepts that older snapshots have expired where history is kept for some days', async () => {
    const table = createDynamoTable({ ...ops.engine, policyOf: () => policy, historyDaysOf: () => 30 });
    await createSnapshotStore(table).record(seenOf('LIVE', { filled: '1', updatedAfter: 2, requestedAfter: 9_000 }));
    const snapshots = (await itemsOf('main#LIVE')).filter(({ sk }) => sk?.S?.startsWith('S#'));
    expect(snapshots.filter((item) => !('expires_at' in item))).toEqual([snapshots.at(-1)]);
    expect((await verify()).out).toBe('14 items of 4 orders and accounts, no differences.\n');
  });

  it('ops verify reports nothing more about an order than the item that it cannot read', async () => {
    await spoil('LIVE', 'S#', { result: text('no order') });
    expect((await verify()).out).toMatch(/, differences: 1\.\n$/);
  });

  it('ops verify reports a watch that lags behind its head, and a head that lags behind its snapshots, as a crash leaves them', async () => {
    const before = (await itemsOf('main#LIVE')).find(({ sk }) => sk?.S === 'NOW#WATCH');
    const head = (await itemsOf('main#LIVE')).find(({ sk }) => sk?.S === 'NOW#HEAD');
    await ops.observe('LIVE', { filled: '1', updatedAfter: 2, requestedAfter: 9_000 });
    await spoil('LIVE', 'NOW#WATCH', before ?? {});
    const lagging = await verify();
    expect(lagging.out).toContain(
      'main#LIVE NOW#WATCH: its applied_rank is not the rank of the head: a check was cut short; the next check of the order repairs it\n',
    );
    await spoil('LIVE', 'NOW#HEAD', head ?? {});
    const { out } = await verify();
    expect(out).toBe(
      'main#LIVE NOW#HEAD: it is behind the newest snapshot: a check was cut short; the next check of the order repairs it\n' +
        '14 items of 4 orders and accounts, differences: 1.\n',
    );
    await ops.observe('LIVE', { filled: '1', updatedAfter: 2, requestedAfter: 12_000 });
    expect((await verify()).code).toBe(0);
  });

  it('ops verify reports a state that was announced and never written', async () => {
    const watch = (await itemsOf('main#LIVE')).find(({ sk }) => sk?.S === 'NOW#WATCH');
    const later = watch?.['announced_rank']?.S?.replace(String(start + 1), String(start + 2)) ?? '';
    await spoil('LIVE', 'NOW#WATCH', { announced_rank: text(later) });
    expect((await verify()).out).toContain(
      'main#LIVE NOW#WATCH: its announced_rank is ahead of the head: a check was cut short; the next check of the order repairs it\n',
    );
  });

  /** Ends the check of an order after this many of its writes, as when its process is killed. */
  async function cutShort(writes: number, reply: Parameters<typeof seenOf>[1]): Promise<void> {
    let left = writes;
    const table = createDynamoTable({ ...ops.engine, policyOf: () => policy });
    const dying =
      <Args extends readonly unknown[], Result>(write: (...args: Args) => Promise<Result>) =>
      async (...args: Args) => {
        if (left === 0) throw new Error('killed');
        left -= 1;
        return write(...args);
      };
    const { putWatch, putSnapshot, putHead } = table;
    const cut = { putWatch: dying(putWatch), putSnapshot: dying(putSnapshot), putHead: dying(putHead) };
    await expect(createSnapshotStore({ ...table, ...cut }).record(seenOf('LIVE', reply))).rejects.toThrow('killed');
  }

  it.each([
    ['announced', 1],
    ['announced and stored', 2],
    ['announced, stored and made the head', 3],
  ])(
    'ops verify reports a check that was cut short as such when its state was %s, and repairs the order',
    async (_, writes) => {
      const filled = { state: 'filled', filled: '1', updatedAfter: 2, requestedAfter: 9_000 } as const;
      await cutShort(writes, filled);
      const later = start + 10_000_000;
      await spoil('LIVE', 'NOW#WATCH', { list_at: { N: String(later) } });
      const found = await verify();
      expect(found.code).toBe(1);
      for (const line of found.out.split('\n').filter((text) => text.startsWith('main#')))
        expect(line).toMatch(/^main#LIVE NOW#\w+: .+: a check was cut short; the next check of the order repairs it$/);
      const repaired = await verify('--repair');
      expect(repaired.out).toContain('Orders repaired: 1.\n');
      // A state that was only announced is nowhere in the table: the next check brings it.
      expect(repaired.code).toBe(writes === 1 ? 1 : 0);
      const watch = (await itemsOf('main#LIVE')).find(({ sk }) => sk?.S === 'NOW#WATCH');
      expect(watch?.['status']?.S).toBe(writes === 1 ? 'watched' : 'final');
      if (writes === 1) expect(Number(watch?.['list_at']?.N)).toBeLessThan(later);
      await ops.observe('LIVE', { ...filled, requestedAfter: 12_000 });
      expect((await verify()).code).toBe(0);
    },
  );

  it('ops verify prints JSON', async () => {
    await remove('LIVE', 'NOW#HEAD');
    const { code, out } = await verify('--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      items: 12,
      keys: 4,
      differences: [
        { pk: 'main#LIVE', sk: 'NOW#HEAD' },
        { pk: 'main#LIVE', sk: 'NOW#WATCH' },
      ],
    });
  });
});

it('the pacing of ops verify waits before each further page for the capacity units that the last page used', async () => {
  const clock = createVirtualClock();
  const pages: number[] = [];
  for await (const { items } of createTableReader(ops.engine, clock).scan({ Limit: 5 })) pages.push(items.length);
  expect(pages).toEqual([5, 5, 3]);
  expect(clock.sleeps).toHaveLength(2);
  for (const sleep of clock.sleeps) expect(sleep).toBeGreaterThan(0);
});
