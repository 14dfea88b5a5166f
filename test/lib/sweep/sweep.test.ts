import { expect, it } from 'vitest';
import { type Code, Failure } from '../../../lib/errors.ts';
import { type Outcome, orders, retentionMs, runSweep } from './sweep-scene.ts';

const failure = (code: Code, retryAfterMs?: number) => new Failure(code, 'for the test', { retryAfterMs });
const idsOf = (checks: readonly { readonly orderId: string }[]) => checks.map(({ orderId }) => orderId);

it('a sweep checks the orders that are due, the longest due first, whichever list holds them', async () => {
  const { checks, report } = await runSweep({
    orders: [
      { orderId: 'later', at: -10 },
      { orderId: 'first', at: -30, status: 'missing' },
      { orderId: 'second', at: -20 },
      { orderId: 'not due', at: 40_000 },
    ],
  });
  expect(idsOf(checks)).toEqual(['first', 'second', 'later']);
  expect(report).toMatchObject({ checked: 3, changed: 0, final: 0, failed: {}, backlog: 0 });
});

it('a sweep ends early when nothing becomes due before the next tick, and waits when something does', async () => {
  const idle = await runSweep({ orders: [{ orderId: 'a', at: 60_500 }] });
  expect(idle.endedAt).toBeLessThan(1_000);
  expect(idle.report).toMatchObject({ checked: 0, backlog: 0 });
  const soon = await runSweep({ orders: [{ orderId: 'a', at: 25_000 }] });
  expect(soon.report).toMatchObject({ checked: 1 });
});

it('a sweep continues when any one query of the index fails', async () => {
  for (const failing of [1, 2, 3, 4, 5, 6]) {
    const unavailable = failure('store_unavailable');
    const { report } = await runSweep({
      orders: [{ orderId: 'a' }, { orderId: 'b', at: 5_000 }],
      indexFails: (look) => (look === failing ? unavailable : undefined),
    });
    expect(report).toMatchObject({ checked: 2 });
  }
});

it('a sweep checks an order that becomes due while it runs', async () => {
  const { timesOf } = await runSweep({ orders: [{ orderId: 'a', at: 5_500 }] });
  expect(timesOf('a')).toHaveLength(1);
  expect(timesOf('a')[0]).toBeGreaterThanOrEqual(5_500);
});

it('a sweep never checks an order twice within its shortest interval, even if the index still lists the order', async () => {
  const { timesOf } = await runSweep({ orders: orders(3), lags: true, forMs: 60_000 });
  for (const { orderId } of orders(3)) {
    const times = timesOf(orderId);
    expect(times).toHaveLength(6);
    for (const [i, at] of times.slice(1).entries()) expect(at - (times[i] ?? 0)).toBeGreaterThanOrEqual(10_000);
  }
});

it('a sweep finds due orders behind those that a lagging index still lists', async () => {
  const { report } = await runSweep({ orders: orders(450), lags: true, forMs: 9_000 });
  expect(report).toMatchObject({ checked: 450, backlog: 0 });
});

it('a sweep checks eight orders at once, and no more, after the first', async () => {
  const { atOnce, checks } = await runSweep({ orders: orders(250) });
  expect(atOnce).toBe(8);
  expect(new Set(idsOf(checks)).size).toBe(250);
  const [first, second] = checks;
  expect(second?.at).toBeGreaterThanOrEqual(first?.until ?? Number.NaN);
});

it('a sweep is not delayed by an order whose check takes long', async () => {
  const { checks } = await runSweep({
    orders: orders(100),
    callMs: (orderId) => (orderId === 'order-005' ? 9_000 : 50),
  });
  expect(checks).toHaveLength(100);
  const others = checks.filter(({ orderId }) => orderId !== 'order-005');
  expect(Math.max(...others.map(({ until }) => until))).toBeLessThan(1_000);
});

it('a sweep ends at its deadline, after the checks that are under way', async () => {
  const { checks, endedAt, report } = await runSweep({ orders: orders(50), callMs: 1_000, forMs: 2_500 });
  expect(Math.max(...checks.map(({ at }) => at))).toBeLessThan(2_500);
  expect(report.checked).toBe(checks.length);
  expect(report.backlog).toBe(50 - checks.length);
  expect(endedAt).toBeGreaterThanOrEqual(Math.max(...checks.map(({ until }) => until)));
});

it('a sweep checks nothing after its deadline', async () => {
  const { checks, report } = await runSweep({ orders: orders(2), forMs: 0 });
  expect(checks).toEqual([]);
  expect(report).toMatchObject({ checked: 0, backlog: 2 });
});

it.each([
  ['at work', orders(200), 2_050],
  ['idle', [], 2_500],
])('a sweep ends soon after a handover is requested, %s', async (_, orders, handoverAfterMs) => {
  const { checks, endedAt } = await runSweep({ orders, callMs: 500, handoverAfterMs });
  for (const { at } of checks) expect(at).toBeLessThan(handoverAfterMs);
  expect(endedAt).toBeLessThan(handoverAfterMs + 1_500);
});

it('a sweep ends soon after a handover is requested while its circuit breaker is open', async () => {
  const { endedAt } = await runSweep({
    orders: orders(3),
    outcome: () => failure('maintenance'),
    forMs: 300_000,
    handoverAfterMs: 20_000,
  });
  expect(endedAt).toBeLessThan(21_500);
});

it('the report of a sweep counts what was checked, and what that changed', async () => {
  const outcomes = new Map<string, Outcome>([
    ['order-001', 'changed'],
    ['order-002', 'final'],
    ['order-003', 'final before'],
    ['order-004', failure('order_not_found')],
    ['order-005', failure('timeout')],
    ['order-006', failure('invalid_response')],
    ['order-007', failure('invalid_response')],
  ]);
  const { report } = await runSweep({
    orders: orders(9),
    outcome: (orderId) => outcomes.get(orderId) ?? 'same',
    forMs: 5_000,
  });
  expect(report).toMatchObject({ checked: 6, changed: 2, final: 1, failed: { timeout: 1, invalid_response: 2 } });
});

it('the report of a sweep counts the orders that need attention, due or not', async () => {
  const at = 600_000;
  const { report } = await runSweep({
    orders: [
      { orderId: 'a', at, status: 'missing' },
      { orderId: 'b', at, status: 'missing' },
      { orderId: 'c', at, status: 'unknown' },
      { orderId: 'd', at, status: 'inconsistent' },
      { orderId: 'e', at, status: 'unconfirmed' },
    ],
  });
  expect(report).toMatchObject({ watched: 1, missing: 2, unknown: 1, inconsistent: 1, backlog: 0, checked: 0 });
});

it('the report of a sweep says whether more orders are watched than can be checked in time', async () => {
  const at = 600_000;
  const watched = [...orders(2, { at }), { orderId: 'c', at, status: 'missing' as const }];
  expect((await runSweep({ orders: watched, request: { capacity: 3 } })).report.overCapacity).toBe(false);
  expect((await runSweep({ orders: watched, request: { capacity: 2 } })).report.overCapacity).toBe(true);
});

it('the report of a sweep says how much time is left before the oldest unseen order could vanish if it had closed', async () => {
  const left = [...orders(2, { seenAt: -60_000 }), { orderId: 'oldest', seenAt: -300_000 }];
  const { report: atOnce } = await runSweep({ orders: left, forMs: 0 });
  // A millisecond for the look at the index.
  expect(atOnce).toMatchObject({
    watched: 3,
    oldestUnseenMs: 300_001,
    retentionHeadroomMs: retentionMs - 300_001,
  });
  const { report } = await runSweep({ orders: left });
  expect(report.oldestUnseenMs).toBeLessThan(30_000);
});

it('the report of a sweep counts a just checked order neither as backlog nor as unseen, even if the index lags', async () => {
  const { report } = await runSweep({ orders: orders(2, { seenAt: -300_000 }), lags: true, forMs: 5_000 });
  expect(report).toMatchObject({ checked: 2, backlog: 0 });
  expect(report.oldestUnseenMs).toBeLessThanOrEqual(5_000);
});

it('the report of a sweep counts a failing order as unseen, and a missing order not, because its end can no longer be missed', async () => {
  const bad = { orderId: 'bad', seenAt: -1_200_000 };
  const missing = { orderId: 'missing', seenAt: -86_400_000, status: 'missing' as const };
  const { report } = await runSweep({
    orders: [bad, missing],
    outcome: (orderId) => failure(orderId === 'bad' ? 'invalid_response' : 'order_not_found'),
    lags: true,
    forMs: 5_000,
  });
  expect(report).toMatchObject({ failed: { invalid_response: 1 }, checked: 1, backlog: 0 });
  expect(report.retentionHeadroomMs).toBeLessThan(retentionMs - 1_200_000);
  expect(report.retentionHeadroomMs).toBeGreaterThan(retentionMs - 1_210_000);
  expect((await runSweep({ orders: [missing], forMs: 0 })).report.retentionHeadroomMs).toBe(retentionMs);
});

it.each<Code>(['not_owner', 'invalid_order_id', 'invalid_response', 'exchange_error', 'store_corrupt', 'internal'])(
  'the failure %s of one order does not delay other orders in a sweep, and backs that order off',
  async (code) => {
    const { timesOf, checks } = await runSweep({
      orders: orders(60, { at: -1 }),
      outcome: (orderId) => (orderId === 'order-001' || orderId === 'order-030' ? failure(code) : 'same'),
      forMs: 100_000,
    });
    expect(new Set(idsOf(checks)).size).toBe(60);
    expect(checks.filter(({ at }) => at < 1_000)).toHaveLength(60);
    for (const bad of ['order-001', 'order-030']) {
      const times = timesOf(bad);
      expect(times).toHaveLength(4);
      const intervals = times.slice(1).map((at, i) => at - (times[i] ?? 0));
      for (const [i, interval] of intervals.entries()) expect(interval).toBeGreaterThanOrEqual(10_000 * 2 ** i);
    }
  },
);

it.each<Code>(['store_conflict', 'store_unavailable'])(
  'the failure %s of our table makes its order come after the others in a sweep, without further backoff',
  async (code) => {
    const { timesOf, checks } = await runSweep({
      orders: orders(20, { at: -1 }),
      outcome: (orderId) => (orderId === 'order-001' ? failure(code) : 'same'),
      forMs: 45_000,
    });
    expect(checks.filter(({ at }) => at < 1_000)).toHaveLength(20);
    expect(timesOf('order-001')).toHaveLength(5);
  },
);

it('an unknown error in the check of one order does not delay other orders in a sweep', async () => {
  const { report } = await runSweep({
    orders: orders(3),
    outcome: (orderId) => {
      if (orderId === 'order-001') throw new TypeError('unforeseen');
      return 'same';
    },
    forMs: 5_000,
  });
  expect(report).toMatchObject({ checked: 2, failed: { internal: 1 } });
});

it('the failure of one order in a sweep that cannot be recorded postpones the order for a minute', async () => {
  const { timesOf } = await runSweep({
    orders: orders(3, { at: -1 }),
    outcome: (orderId) => (orderId === 'order-001' ? failure('exchange_error') : 'same'),
    recordFails: true,
    forMs: 100_000,
  });
  const [first = 0, second = 0, ...others] = timesOf('order-001');
  expect(second - first).toBeGreaterThanOrEqual(60_000);
  expect(others).toEqual([]);
});
