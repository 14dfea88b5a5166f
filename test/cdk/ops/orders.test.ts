import { afterAll, beforeAll, expect, it } from 'vitest';
import { start } from '../../lib/snapshots/observations.ts';
import { type OpsTestBed, runSchedule, startOpsTestBed } from './ops-test-bed.ts';

let ops: OpsTestBed;
beforeAll(async () => {
  ops = await startOpsTestBed();
  await runSchedule(ops);
  for (const [index, orderId] of ['L1', 'L2', 'L3'].entries())
    await ops.observe(orderId, { requestedAfter: index * 1_000 });
  await ops.observe('F1', { state: 'filled', updatedAfter: 1_000 });
  await ops.observe('F2', { state: 'canceled', updatedAfter: 2_000 });
  await ops.observe('M1');
  const miss = {
    account: 'main',
    orderId: 'M1',
    requestedAt: start + 20_000,
    requestId: 'r',
    observedBy: 'check-open-orders',
  };
  await ops.store.recordNotFound(miss);
});
afterAll(() => ops.stop());

const orders = (...args: readonly string[]) => ops.run(['orders', '--account', 'main', '--stage', 'dev', ...args]);
const iso = (after: number) => new Date(start + after).toISOString();

it('ops orders shows live orders, the next due first, with the time and the age of their last check', async () => {
  const { code, stderr, out } = await orders();
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [heading = '', ...rows] = out.trimEnd().split('\n');
  expect(heading.split(/ {2,}/)).toEqual([
    ...['order', 'status', 'state', 'instrument', 'side', 'type', 'price', 'filled', 'amount'],
    ...['due', 'last checked', 'age'],
  ]);
  expect(rows.map((row) => row.split(/ {2,}/)).map((cells) => [cells[0], cells[1], ...cells.slice(-3)])).toEqual([
    ['L1', 'watched', iso(20_000), iso(10_000), '90 s'],
    ['L2', 'watched', iso(21_000), iso(11_000), '89 s'],
    ['L3', 'watched', iso(22_000), iso(12_000), '88 s'],
  ]);
});

it("ops orders shows orders that need a person's attention, and closed orders, the last closed first", async () => {
  expect((await orders('--state', 'attention')).out).toMatch(/\nM1 +missing +/);
  const { out } = await orders('--state', 'final');
  const rows = out.trimEnd().split('\n');
  expect(rows.map((line) => line.split(/ {2,}/)).map((cells) => [cells[0], cells[1], cells.at(-3)])).toEqual([
    ['order', 'status', 'closed'],
    ['F2', 'final', iso(2_000)],
    ['F1', 'final', iso(1_000)],
  ]);
});

it('ops orders prints one page, and says how to get the next one', async () => {
  const first = await orders('--limit', '2');
  const [, after = ''] = /More orders: add --after (\S+)\n$/.exec(first.out) ?? [];
  const second = await orders('--limit', '2', '--after', after);
  const ids = [first, second].flatMap(({ out }) => out.match(/^L\d/gm));
  expect(ids).toEqual(['L1', 'L2', 'L3']);
  expect(second.out).not.toContain('There are more');
});

it('ops orders prints the JSON that the API returns', async () => {
  const { out } = await orders('--limit', '1', '--json');
  expect(JSON.parse(out)).toEqual({
    account: 'main',
    state: 'live',
    orders: [
      {
        order_id: 'L1',
        status: 'watched',
        order_state: 'open',
        instrument_name: 'BTC-PERPETUAL',
        direction: 'buy',
        order_type: 'limit',
        price: '855.10',
        amount: '10',
        filled_amount: '0',
        last_update_timestamp: start,
        due_at: iso(20_000),
        opened_at: iso(10_050),
        checked_at: iso(10_000),
        age_seconds: 90,
      },
    ],
    cursor: `${start + 20_000}/L1`,
  });
});

it('ops orders says when an account has no orders', async () => {
  const { out } = await orders('--instrument', 'ETH-PERPETUAL');
  expect(out).toBe('Account main has no live orders.\n');
});

it('ops orders reports an account that the table does not have, and exits with 2', async () => {
  const { code, out, stderr } = await ops.run(['orders', '--account', 'other', '--stage', 'dev']);
  expect([code, out]).toEqual([2, '']);
  expect(stderr).toContain('The table has no account other.');
});

it.each([
  [['--state', 'open'], '--state takes live, attention or final'],
  [['--limit', '0'], '--limit takes a whole number from 1 to 1000'],
  [['--after', 'L1'], '--after takes the value in the last line of the previous page'],
])('ops orders refuses %j', async (args, line) => {
  const { code, stderr } = await orders(...args);
  expect(code).toBe(2);
  expect(stderr).toContain(line);
});
