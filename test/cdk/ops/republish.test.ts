import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { headItem, snapshotItem } from '../../../lib/snapshots/items.ts';
import { snapshotOf } from '../../../lib/snapshots/snapshot.ts';
import { start } from '../../lib/snapshots/observations.ts';
import { names, type OpsTestBed, seenOf, startOpsTestBed } from './ops-test-bed.ts';

let ops: OpsTestBed;

const iso = (after: number) => new Date(start + after).toISOString();
const republish = (...args: readonly string[]) => ops.run(['republish', ...args]);
const here = ['--stage', 'dev'];

beforeAll(async () => {
  ops = await startOpsTestBed();
  await ops.observe('A');
  await ops.observe('A', { state: 'filled', updatedAfter: 5_000, requestedAfter: 20_000 });
  await ops.observe('A', { updatedAfter: 1, requestedAfter: 30_000 }); // late: never the head
  await ops.observe('B', { requestedAfter: 20_000 });
  await ops.observe('OLD', { state: 'filled' });
});
afterAll(() => ops.stop());
beforeEach(() => ops.bus.recover());

it('ops republish only counts the events without --yes', async () => {
  const { code, out, stderr } = await republish('--since', iso(20_000), ...here);
  expect(out).toBe(
    `Would send 2 OrderStateChanged of 2 orders since ${iso(20_000)} to ${names.bus}.\nNothing was sent: add --yes to send them.\n`,
  );
  expect(stderr).toBe('11 items read, 2 orders changed since, 2 OrderStateChanged\n');
  expect(code).toBe(0);
  expect(ops.bus.requests).toHaveLength(0);
});

it('ops republish sends with --yes what the stream sent, with the same ids each time', async () => {
  for (const _ of ['once', 'twice']) {
    expect(await republish('--since', iso(20_000), ...here, '--yes')).toMatchObject({
      code: 0,
      out: `Sent 2 OrderStateChanged of 2 orders since ${iso(20_000)} to ${names.bus}.\n`,
    });
  }
  const sent = ops.bus.events.map(({ detail }) => JSON.parse(detail));
  expect(sent.map(({ order_id, from, to }) => [order_id, from?.order_state, to.order_state]).toSorted()).toEqual([
    ['A', 'open', 'filled'],
    ['A', 'open', 'filled'],
    ['B', undefined, 'open'],
    ['B', undefined, 'open'],
  ]);
  expect(new Set(sent.map(({ id }) => id)).size).toBe(2);
});

it('ops republish sends again what the bus refused, and gives up with one line when the bus keeps refusing', async () => {
  ops.bus.fail({ kind: 'refuse', entries: [1] });
  expect((await republish('--since', iso(20_000), ...here, '--yes')).code).toBe(0);
  ops.bus.failAlways({ kind: 'refuse', entries: [0], code: 'LimitExceeded' });
  expect(await republish('--since', iso(20_000), ...here, '--yes')).toMatchObject({
    code: 1,
    stderr: `${names.bus} stopped accepting events (LimitExceeded) after no events: run this again\n`,
  });
});

it('ops republish finds the table by the stage, and reports when it cannot', async () => {
  const { code, stderr } = await republish('--since', iso(0), '--stage', 'prod');
  expect(stderr).toBe(
    `There is no table order-state-snapshots-prod-SnapshotTable… at ${ops.url}: give --table, or check --region\n`,
  );
  expect(code).toBe(1);
});

it('ops republish reports in one line what AWS refuses', async () => {
  const { code, stderr } = await republish('--since', iso(0), '--table', 'no table', '--bus', 'any');
  expect(code).toBe(1);
  expect(stderr).toMatch(/^.*tableName.*\n$/i);
});

it('ops republish leaves out an order that it cannot read, names it, and exits 1', async () => {
  const broken = snapshotOf(seenOf('BROKEN', { requestedAfter: 20_000 }));
  for (const item of [headItem(broken), { ...snapshotItem(broken), result: { S: 'no order' } }])
    await ops.engine.client.send(new PutItemCommand({ TableName: ops.engine.tableName, Item: item }));
  const { code, out, stderr } = await republish('--since', iso(20_000), ...here);
  expect(code).toBe(1);
  expect(out).toContain('Would send 2 OrderStateChanged');
  expect(stderr).toContain('main#BROKEN: A snapshot in the table has a result that is not an order.\n');
  expect(stderr).toContain('Left out: 1 of the orders named above, which cannot be read.\n');
});

it('the command line of ops republish has a help text', async () => {
  const { code, out } = await republish('--help');
  expect(code).toBe(0);
  for (const option of ['--since', '--stage', '--table', '--bus', '--region', '--yes']) expect(out).toContain(option);
});

it.each([
  [[], "Required option '--since <time>' not specified"],
  [['--since', 'yesterday'], '--since takes a date'],
  [['--since', '2026-01-01T12:00:00'], '--since takes a date'],
  [['--since', '2026-13-01'], '--since takes a date'],
  [['--since', '2026-01-01', '--table', 'snapshots'], 'Give --bus: '],
  [['--since', '2026-01-01', '--colour'], "Unknown option '--colour'"],
])('the command line of ops republish refuses %j with one line', async (args, line) => {
  const { code, stderr } = await republish(...args);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^[^\n]+See: npm run ops -- republish --help\n$/);
  expect(stderr).toContain(line);
});
