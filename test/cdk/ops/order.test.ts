import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDynamoWatchCommandTable } from '../../../lib/snapshots/dynamo-watch-command-table.ts';
import { applyWatchCommand } from '../../../lib/snapshots/watch-command.ts';
import { start } from '../../lib/snapshots/observations.ts';
import { policy } from '../../lib/snapshots/table-contract.ts';
import { type OpsTestBed, startOpsTestBed } from './ops-test-bed.ts';

let ops: OpsTestBed;
beforeAll(async () => {
  ops = await startOpsTestBed();
  await ops.observe('A', { label: 'first' });
  await ops.observe('A', { filled: '0.5', updatedAfter: 1, requestedAfter: 5_000, label: 'first' });
  await ops.observe('A', { filled: '10', state: 'filled', updatedAfter: 2, version: 2, requestedAfter: 9_000 });
});
afterAll(() => ops.stop());

const order = (...args: readonly string[]) => ops.run(['order', ...args, '--account', 'main', '--stage', 'dev']);
const iso = (after: number) => new Date(start + after).toISOString();

it('ops order shows the current state with its provenance, every digit, and the watch', async () => {
  const { code, out } = await order('A');
  expect(code).toBe(0);
  for (const [name, value] of [
    ['order_state', 'filled'],
    ['price', '855.10'],
    ['observed_by', 'get-order'],
    ['first_observed_at', iso(19_050)],
    ['status', 'final'],
    ['closed_at', iso(2)],
    ['checked_at', iso(19_000)],
  ])
    expect(out).toMatch(new RegExp(`^${name} +${value}$`, 'm'));
  expect(out).not.toContain('→');
});

it('ops order shows the history, newest first, and what changed field by field', async () => {
  const { out } = await order('A', '--history');
  const [, history = ''] = out.split(/\n\n(?=2026)/s, 2);
  expect(out.match(/^2026\S+ {2}\w+/gm)).toEqual([`${iso(2)}  filled`, `${iso(1)}  open`, `${iso(0)}  open`]);
  expect(
    history
      .split('\n')
      .slice(1, 6)
      .map((line) => line.trim().split(/ +/).join(' ')),
  ).toEqual([
    'order_state "open" → "filled"',
    'last_update_timestamp 1767225600001 → 1767225600002',
    'filled_amount "0.5" → "10"',
    'version 1 → 2',
    'details.custom_order_id "first" → ""',
  ]);
});

it.each([
  ['clears the screen', 'B1', '\\u001b[2Jb', '\\u001b[2Jb'],
  ['clears it in one character', 'B2', '\\u009b2J', '\\u009b2J'],
  ['adds a line', 'B3', 'a\\norder_state  filled', 'a\\u000aorder_state  filled'],
  ['reverses what follows', 'B4', 'a\\u202egpj.exe', 'a\\u202egpj.exe'],
  ['is invisible', 'B5', 'a\\u200b\\ufeff', 'a\\u200b\\ufeff'],
])('ops order shows a label that %s as escaped text in one line', async (_, id, label, shown) => {
  await ops.observe(id, { label });
  const { out } = await order(id, '--history');
  expect(out.split('\n').find((line) => line.startsWith('custom_order_id'))).toBe(`custom_order_id        ${shown}`);
  expect(out).not.toMatch(/[^\P{C}\n]/u);
  const json = (await order(id, '--json')).out;
  expect(json).not.toMatch(/[^\P{C}\n]/u);
  expect(JSON.parse(json).head.order.details.custom_order_id).toBe(JSON.parse(`"${label}"`));
});

it('ops order prints JSON with the digits of the wire', async () => {
  const { out } = await order('A', '--history', '--json');
  const { head, watch, history } = JSON.parse(out);
  expect(head).toMatchObject({ final: true, order: { order_state: 'filled', price: '855.10', filled_amount: '10' } });
  expect(watch).toMatchObject({ status: 'final', closed_at: iso(2) });
  expect(history.map(({ changes }: { changes: readonly unknown[] }) => changes.length)).toEqual([5, 2, 0]);
});

it('ops order shows the watch of an order that was never seen', async () => {
  const table = createDynamoWatchCommandTable({ ...ops.engine, policyOf: () => policy });
  await applyWatchCommand(table, {
    account: 'main',
    orderId: 'W',
    at: start,
    by: 'anna',
    stopped: false,
    requestId: 'r',
  });
  const { code, out } = await order('W');
  expect(code).toBe(0);
  expect(out).toMatch(/^status +unconfirmed$/m);
  expect(out).toMatch(new RegExp(`^operator +started by anna at ${iso(0)}$`, 'm'));
});

it('ops order reports an order that the table does not have', async () => {
  const { code, stderr } = await order('N');
  expect([code, stderr]).toEqual([1, 'The table has no order N of account main.\n']);
});

it.each([
  [[], "Missing required argument 'id'"],
  [['A', 'B'], 'Too many arguments'],
  [['A#B'], 'order takes the id of one order'],
])('ops order refuses the order ids %j', async (ids, line) => {
  const { code, stderr } = await order(...ids);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/^[^\n]+\. See: npm run ops -- order --help\n$/)]);
  expect(stderr).toContain(line);
});
