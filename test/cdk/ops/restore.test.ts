import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { DeleteItemCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { createDynamoAccountTable } from '../../../lib/accounts/dynamo-table.ts';
import type { Item } from '../../../lib/dynamo.ts';
import { createDynamoTable } from '../../../lib/snapshots/dynamo-table.ts';
import { createDynamoWatchCommandTable } from '../../../lib/snapshots/dynamo-watch-command-table.ts';
import type { SnapshotStore } from '../../../lib/snapshots/store.ts';
import { confirmedAt, statusOf } from '../../../lib/snapshots/watch.ts';
import { applyWatchCommand } from '../../../lib/snapshots/watch-command.ts';
import { startFaultyProxy } from '../../emulator/aws/faulty-proxy.ts';
import { createForwarder, send } from '../../emulator/aws/forward.ts';
import { listen, unlisten } from '../../emulator/listen.ts';
import { start } from '../../lib/snapshots/observations.ts';
import { policy } from '../../lib/snapshots/table-contract.ts';
import { names, runHere, seenOf, tablePermissions } from './ops-test-bed.ts';
import { filled, from, key, type RestoreTestBed, startRestoreTestBed } from './restore-test-bed.ts';

let ops: RestoreTestBed;
let before: SnapshotStore;
beforeEach(async () => {
  ops = await startRestoreTestBed();
  before = ops.before;
});
afterEach(() => ops.stop());

const restore = (...args: readonly string[]) => ops.run(['restore', '--from', from, '--table', names.table, ...args]);

const restoredFrom = (stage: string) => ({
  SourceTableArn: `arn:aws:dynamodb:eu-west-1:111122223333:table/order-state-snapshots-${stage}-SnapshotTable0A-9Z`,
});

/** A person's command about a watch of the restored table. */
async function command(orderId: string, stopped: boolean): Promise<void> {
  const table = createDynamoWatchCommandTable({ client: ops.engine.client, tableName: from, policyOf: () => policy });
  await applyWatchCommand(table, { ...key(orderId), at: start + 30_000, by: 'anna', stopped, requestId: 'c' });
}

async function everything(TableName: string): Promise<readonly Item[]> {
  const { Items = [] } = await ops.engine.client.send(new ScanCommand({ TableName, ConsistentRead: true }));
  return Items.toSorted((a, b) => `${a['pk']?.S} ${a['sk']?.S}`.localeCompare(`${b['pk']?.S} ${b['sk']?.S}`));
}

async function watchOf(orderId: string) {
  const { stored } = await ops.store.read(key(orderId));
  if (stored === undefined) throw new Error(`${orderId} has no watch`);
  return stored.watch;
}

/** An order of each kind: live, in a list, final, missing, stopped, never seen. */
async function recordEach(): Promise<readonly string[]> {
  await before.record(seenOf('LIVE'));
  await before.record(seenOf('LIVE', { filled: '0.5', updatedAfter: 1, requestedAfter: 5_000 }));
  await before.record({ ...seenOf('LISTED'), listedAt: start + 10_000 });
  await before.record(seenOf('OVER'));
  await before.record(seenOf('OVER', filled));
  await before.record(seenOf('GONE'));
  const by = { requestId: 'r', observedBy: 'check-open-orders' };
  await before.recordNotFound({ ...key('GONE'), ...by, requestedAt: start + 20_000 });
  await before.record(seenOf('STOPPED'));
  await command('STOPPED', true);
  await command('NEW', false);
  const accounts = createDynamoAccountTable({ client: ops.engine.client, tableName: from });
  await accounts.takeLease('main', { owner: 'sweep', until: start + 1_000, now: start });
  return ['LIVE', 'LISTED', 'OVER', 'GONE', 'STOPPED', 'NEW'];
}

it('ops restore restores all orders into an empty table as they were, and no account item', async () => {
  const orders = await recordEach();
  const { code, out, stderr } = await restore();
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const items = (await everything(from)).length - 1;
  expect(out).toBe(
    `Items copied: ${items}, already there: 0, expired: 0. Accounts' own items are not copied.\n` +
      "Next: verify the stack's table with ops verify.\n",
  );
  for (const order of orders) {
    expect(await ops.recordOf(names.table, order)).toEqual(await ops.recordOf(from, order));
    const { listed: _, ...was } = (await before.read(key(order))).stored?.watch ?? {};
    expect(await watchOf(order)).toEqual({ ...was, listed: undefined });
  }
  const accounts = createDynamoAccountTable(ops.engine);
  expect((await accounts.readAccount('main')).lease).toBeUndefined();
  expect((await ops.verify()).out).toBe(`${items} items of ${orders.length} orders and accounts, no differences.\n`);
});

it('ops restore makes every live order due at once, and lets no earlier list confirm one', async () => {
  await recordEach();
  await restore();
  const table = createDynamoTable({ ...ops.engine, policyOf: () => policy });
  const now = start + 40_000;
  const due = [...(await table.list('main', 'live', now, 10)), ...(await table.list('main', 'attention', now, 10))];
  expect(due.map(({ orderId }) => orderId).toSorted()).toEqual(['GONE', 'LISTED', 'LIVE', 'NEW']);
  const listed = await watchOf('LISTED');
  // A list that the account has had since says nothing of an order that its sweep did not know.
  const list = { at: now, ordersReadAt: now - 1_000 };
  expect(confirmedAt(listed, list)).toBe(listed.observations[0]?.requestedAt);
  expect(statusOf(await watchOf('OVER'))).toBe('final');
  expect(statusOf(await watchOf('STOPPED'))).toBe('stopped');
});

it('ops restore changes nothing when it is repeated', async () => {
  await recordEach();
  await restore();
  const once = await everything(names.table);
  const { out } = await restore('--json');
  expect(await everything(names.table)).toEqual(once);
  const present = once.length;
  expect(JSON.parse(out)).toEqual({
    ...{ from, table: names.table, copied: 0, present, expired: 0, accounts: 1, leftOut: 0 },
  });
});

it('ops restore keeps newer states, and adds the older ones to their history', async () => {
  await before.record(seenOf('A'));
  await before.record(seenOf('A', { filled: '0.5', updatedAfter: 1, requestedAfter: 1_000 }));
  await ops.observe('A', filled);
  const { head, stored } = await ops.store.read(key('A'));
  expect((await restore()).out).toContain('Items copied: 2, already there: 2');
  const now = await ops.store.read(key('A'));
  expect(now.head).toEqual(head);
  expect(now.stored?.watch).toMatchObject({ applied: stored?.watch.applied, announcedRank: head?.rank });
  expect([...(await ops.itemsOf(names.table, 'A')).keys()].filter((sk) => sk.startsWith('S#'))).toHaveLength(3);
  expect((await ops.verify()).code).toBe(0);
});

it('ops restore raises the head to a greater rank, and reopens a watch that had closed below that rank', async () => {
  await ops.observe('A', { state: 'canceled' });
  await before.record(seenOf('A', { filled: '0.5', updatedAfter: 9, requestedAfter: 8_000 }));
  await ops.observe('B');
  await before.record(seenOf('B', filled));
  await restore();
  expect((await ops.store.read(key('A'))).head?.order.filled_amount).toBe('0.5');
  expect(statusOf(await watchOf('A'))).toBe('watched');
  expect(statusOf(await watchOf('B'))).toBe('final');
  expect((await ops.verify()).code).toBe(0);
});

it('ops restore keeps the earlier observation of a state that is in both tables', async () => {
  await before.record({ ...seenOf('A'), listedAt: start + 10_000 });
  await ops.observe('A', { requestedAfter: 50_000, request: 2 });
  await restore();
  expect(await ops.recordOf(names.table, 'A')).toEqual(await ops.recordOf(from, 'A'));
  const watch = await watchOf('A');
  expect(watch).toMatchObject({ startedBy: 'list', observations: [{ requestedAt: start + 60_000 }, {}] });
  expect((await ops.verify()).code).toBe(0);
});

it('ops restore lets no old command stop a watch that was started since', async () => {
  await before.record(seenOf('A'));
  await command('A', true);
  await ops.observe('A', { requestedAfter: 50_000, request: 2 });
  await restore();
  expect(statusOf(await watchOf('A'))).toBe('watched');
});

it('ops restore restores no expired snapshot, and keeps the expiry of the others', async () => {
  await before.record(seenOf('A'));
  await before.record(seenOf('A', { filled: '0.5', updatedAfter: 1 }));
  await before.record(seenOf('A', filled));
  const [first, second] = (await everything(from)).filter(({ sk }) => sk?.S?.startsWith('S#'));
  const put = async (item: Item | undefined, at: number) => {
    const expires = { expires_at: { N: String(Math.round(at / 1000)) } };
    await ops.engine.client.send(new PutItemCommand({ TableName: from, Item: { ...item, ...expires } }));
  };
  await put(first, ops.clock.now() - 1_000);
  await put(second, ops.clock.now() + 1_000_000);
  expect((await restore()).out).toContain('Items copied: 4, already there: 0, expired: 1');
  const { [first?.['sk']?.S ?? '']: gone, ...others } = await ops.recordOf(from, 'A');
  expect(gone).toBeDefined();
  expect(await ops.recordOf(names.table, 'A')).toEqual(others);
});

it('ops restore restores an order from a backup whose items were read some moments apart', async () => {
  const lose = async (orderId: string, found: string) => {
    const sk = [...(await ops.itemsOf(from, orderId)).keys()].findLast((each) => each.startsWith(found)) ?? '';
    const Key = { pk: { S: `main#${orderId}` }, sk: { S: sk } };
    await ops.engine.client.send(new DeleteItemCommand({ TableName: from, Key }));
  };
  const lost = [
    ['A', 'S#'],
    ['B', 'NOW#HEAD'],
    ['C', 'NOW#WATCH'],
  ] as const;
  for (const [order, item] of lost) {
    await before.record(seenOf(order));
    await before.record(seenOf(order, filled));
    await lose(order, item);
  }
  expect((await restore()).code).toBe(0);
  for (const [order] of lost) {
    const { head, stored } = await ops.store.read(key(order));
    expect(head?.order.order_state).toBe('filled');
    expect(stored && statusOf(stored.watch)).toBe('final');
  }
  expect((await ops.verify()).out).toBe('12 items of 3 orders and accounts, no differences.\n');
});

it('ops restore skips an order that has an invalid item, names it, and restores the others', async () => {
  await before.record(seenOf('A'));
  await before.record(seenOf('B'));
  const snapshot = (await everything(from)).find(({ pk, sk }) => pk?.S === 'main#A' && sk?.S?.startsWith('S#'));
  const result = { S: snapshot?.['result']?.S?.replace('855.10', '855.11') ?? '' };
  await ops.engine.client.send(new PutItemCommand({ TableName: from, Item: { ...snapshot, result } }));
  const { code, out, stderr } = await restore();
  expect(code).toBe(1);
  expect(stderr).toMatch(/^main#A is left out: S#\S+: its rank is not that of its result: digest\n$/);
  expect(out).toContain('Orders left out, each named above: 1.\n');
  expect((await ops.itemsOf(names.table, 'A')).size).toBe(0);
  expect((await ops.itemsOf(names.table, 'B')).size).toBe(3);
});

it('ops restore skips an order that has an invalid expiry, names it, and restores the others', async () => {
  await before.record(seenOf('A'));
  await before.record(seenOf('B'));
  const snapshot = (await everything(from)).find(({ pk, sk }) => pk?.S === 'main#A' && sk?.S?.startsWith('S#'));
  const Item = { ...snapshot, expires_at: { S: 'never' } };
  await ops.engine.client.send(new PutItemCommand({ TableName: from, Item }));
  const { code, stderr } = await restore();
  expect(code).toBe(1);
  expect(stderr).toMatch(/^main#A is left out: S#\S+: it cannot be read: .*see expires_at\.N\.\n$/);
  expect((await ops.itemsOf(names.table, 'A')).size).toBe(0);
  expect((await ops.itemsOf(names.table, 'B')).size).toBe(3);
});

it("ops restore skips an order that cannot be read in the stack's table, names it, and restores the others", async () => {
  await before.record(seenOf('A'));
  await before.record(seenOf('B'));
  await ops.observe('A');
  const head = (await ops.itemsOf(names.table, 'A')).get('NOW#HEAD');
  const Item = { ...head, result: { S: 'no order' } };
  await ops.engine.client.send(new PutItemCommand({ TableName: names.table, Item }));
  const { code, stderr } = await restore();
  expect(code).toBe(1);
  expect(stderr).toMatch(/^main#A is left out: in the stack's table: A snapshot in the table has a result that/);
  expect((await ops.itemsOf(names.table, 'B')).size).toBe(3);
});

it.each([
  [
    "a table that is still being restored from the stack's own",
    { TableStatus: 'CREATING', RestoreSummary: restoredFrom('dev') },
    'restored is CREATING: wait until it is ACTIVE',
  ],
  ['the table of another stack', { StreamSpecification: { StreamEnabled: true } }, 'restored has a stream'],
  [
    'a table that was restored from that of another stack',
    { RestoreSummary: restoredFrom('dev-2') },
    'restored was restored from a table of order-state-snapshots-dev-2, not of order-state-snapshots-dev',
  ],
])('ops restore refuses to restore from %s', async (_, described, line) => {
  const { forward, stop } = createForwarder();
  const server = createServer(async (incoming, response) => {
    const { method, url, headers } = incoming;
    const reply = await forward({ method, url, headers, body: await buffer(incoming) }, ops.url);
    const { Table } = z.object({ Table: z.record(z.string(), z.unknown()) }).parse(JSON.parse(reply.body.toString()));
    const body = Buffer.from(
      JSON.stringify({ Table: Table['TableName'] === from ? { ...Table, ...described } : Table }),
    );
    send(response, { ...reply, headers: { 'content-type': 'application/x-amz-json-1.0' }, body });
  });
  const endpoint = `http://127.0.0.1:${(await listen(server, 0)).port}`;
  const args = ['restore', '--from', from, '--table', names.table, '--endpoint', endpoint];
  const { code, stderr } = await runHere('npm run ops --', args, ops.clock);
  await unlisten(server);
  stop();
  expect(stderr).toContain(line);
  expect(code).toBe(2);
});

it.each([
  ['the same table twice', ['--from', names.table, '--table', names.table], "--from names the stack's own table"],
  ['a source table that does not exist', ['--from', 'other', '--table', names.table], 'There is no table other here'],
  ['a missing --from option', ['--table', names.table], "Required option '--from <table>' not specified"],
])('ops restore refuses %s', async (_, args, line) => {
  const { code, stderr } = await ops.run(['restore', ...args]);
  expect(stderr).toContain(line);
  expect(code).not.toBe(0);
});

it('ops restore uses exactly the permissions that the runbooks list for it', async () => {
  await recordEach();
  const proxy = await startFaultyProxy(ops.url);
  const used = new Set<string>();
  proxy.play((operation) => void used.add(operation));
  const args = ['restore', '--from', from, '--stage', 'dev', '--endpoint', proxy.url];
  expect((await runHere('npm run ops --', args, ops.clock)).code).toBe(0);
  await proxy.stop();
  expect(tablePermissions('restore')).toEqual([...used].toSorted());
});
