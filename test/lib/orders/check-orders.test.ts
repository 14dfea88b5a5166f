import { expect, it } from 'vitest';
import { type Code, Failure } from '../../../lib/errors.ts';
import type { Checked } from '../../../lib/orders/check-order.ts';
import { createCheckOrders } from '../../../lib/orders/check-orders.ts';
import { failureOf } from '../thrown.ts';
import { createVirtualClock } from '../virtual-clock.ts';

const at = '2026-01-01T00:00:00.000Z';

function checked(orderId: string): Checked {
  return {
    account: 'main',
    order: {
      order_id: orderId,
      order_state: 'open',
      instrument_name: 'BTC-PERPETUAL',
      price: '1',
      time_in_force: 'good_til_cancelled',
      last_update_timestamp: 1,
      creation_timestamp: 1,
      direction: 'buy',
      order_type: 'limit',
      details: {},
    },
    rank: '1',
    final: false,
    watched: true,
    source: 'exchange',
    changed: false,
    first_observed_at: at,
    checked_at: at,
    age_seconds: 0,
    result: '{}',
  };
}

type TestEnvironment = {
  /** How long each check takes, milliseconds; none by default. */
  readonly takesMs?: number;
  /** What a check throws, by order. */
  readonly throws?: Readonly<Record<string, unknown>>;
};

/** Checks that take virtual time and fail as told. */
function environment({ takesMs = 0, throws = {} }: TestEnvironment = {}) {
  const clock = createVirtualClock();
  const seen = { running: 0, most: 0, requested: Array.of<string>(), ours: Array.of<readonly [string, Code]>() };
  const checkOrders = createCheckOrders({
    accounts: new Set(['main']),
    clock,
    onOurFault: (orderId, { code }) => seen.ours.push([orderId, code]),
    checkOrder: async ({ orderId }) => {
      seen.requested.push(orderId);
      seen.most = Math.max(seen.most, ++seen.running);
      await Promise.resolve();
      clock.advance(takesMs);
      seen.running--;
      if (orderId in throws) throw throws[orderId];
      return checked(orderId);
    },
  });
  const ask = (orderIds: readonly string[], forMs = 25_000, account = 'main') =>
    checkOrders({ account, orderIds, requestId: 'r', deadline: clock.now() + forMs });
  return { ask, seen };
}

const ids = (count: number) => Array.from({ length: count }, (_, index) => `order-${index}`);

it('an outcome for each order, in the order of the request, however their answers come', async () => {
  const { ask } = environment({ throws: { 'order-1': new Failure('order_not_found', 'No such order.') } });
  const { outcomes, counts, retryAfterSeconds } = await ask(ids(3));
  expect(outcomes).toMatchObject([
    { order_id: 'order-0', outcome: 'checked', checked: { order: { order_id: 'order-0' } } },
    { order_id: 'order-1', outcome: 'failed', problem: { status: 404, code: 'order_not_found' } },
    { order_id: 'order-2', outcome: 'checked' },
  ]);
  expect(counts).toEqual({ checked: 2, failed: { order_not_found: 1 }, not_tried: 0 });
  expect(retryAfterSeconds).toBeUndefined();
});

it('eight at a time and no more, each once', async () => {
  const { ask, seen } = environment();
  await ask(ids(100));
  expect(seen.most).toBe(8);
  expect(seen.requested.toSorted()).toEqual(ids(100).toSorted());
});

it('what the deadline comes before is not tried, and what runs then is waited for', async () => {
  const { ask, seen } = environment({ takesMs: 1_000 });
  const { outcomes, counts, retryAfterSeconds } = await ask(ids(30), 8_500);
  expect(counts).toEqual({ checked: 16, failed: {}, not_tried: 14 });
  expect(outcomes.at(-1)).toEqual({ order_id: 'order-29', outcome: 'not_tried', retry_after_seconds: 1 });
  expect(retryAfterSeconds).toBe(1);
  expect(seen.running).toBe(0);
});

it.each<[Code, number | undefined, number]>([
  ['throttled', 7_200, 8],
  ['throttled', undefined, 1],
  ['maintenance', undefined, 60],
  ['secret_unavailable', undefined, 5],
  ['key_refused', undefined, 60],
  ['secret_empty', undefined, 60],
])('%s speaks of all: nothing more is tried', async (code, retryAfterMs, seconds) => {
  const { ask, seen } = environment({ throws: { 'order-0': new Failure(code, 'Not now.', { retryAfterMs }) } });
  const { outcomes, counts, retryAfterSeconds } = await ask(ids(20));
  expect(outcomes[0]).toMatchObject({ outcome: 'failed', problem: { code } });
  expect(counts.failed).toEqual({ [code]: 1 });
  // The seven beside it had started.
  expect(counts.checked).toBe(seen.requested.length - 1);
  expect(seen.requested.length).toBeLessThanOrEqual(9);
  expect(outcomes.slice(9)).toEqual(
    ids(20)
      .slice(9)
      .map((order_id) => ({ order_id, outcome: 'not_tried', retry_after_seconds: seconds })),
  );
  expect(retryAfterSeconds).toBe(seconds);
});

it.each<Code>(['order_not_found', 'not_owner', 'invalid_order_id', 'timeout', 'busy', 'store_conflict'])(
  '%s speaks of one: the others are tried',
  async (code) => {
    const { ask } = environment({ throws: { 'order-0': new Failure(code, 'Not this one.') } });
    expect((await ask(ids(20))).counts).toEqual({ checked: 19, failed: { [code]: 1 }, not_tried: 0 });
  },
);

it('an order without a credit is not tried, the others are, and the longest wait is told', async () => {
  const spent = (retryAfterMs: number) => new Failure('rate_limited_locally', 'Spent.', { retryAfterMs });
  const { ask } = environment({ throws: { 'order-0': spent(300), 'order-1': spent(4_100) } });
  const { outcomes, counts, retryAfterSeconds } = await ask(ids(20));
  expect(outcomes.slice(0, 2)).toEqual([
    { order_id: 'order-0', outcome: 'not_tried', retry_after_seconds: 1 },
    { order_id: 'order-1', outcome: 'not_tried', retry_after_seconds: 5 },
  ]);
  expect(counts).toEqual({ checked: 18, failed: {}, not_tried: 2 });
  expect(retryAfterSeconds).toBe(5);
});

it('our own fault is told to the log, and to the caller no more than that it is ours', async () => {
  const { ask, seen } = environment({ throws: { 'order-1': new TypeError('of the inside') } });
  const { outcomes } = await ask(ids(2));
  expect(seen.ours).toEqual([['order-1', 'internal']]);
  expect(outcomes[1]).toMatchObject({ outcome: 'failed', problem: { status: 500, code: 'internal' } });
  expect(JSON.stringify(outcomes)).not.toContain('of the inside');
});

it('an account that the stage does not have is refused as a whole', async () => {
  const { ask, seen } = environment();
  expect((await failureOf(ask(ids(2), 25_000, 'nobody'))).code).toBe('unknown_account');
  expect(seen.requested).toEqual([]);
});
