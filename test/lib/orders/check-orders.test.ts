import { expect, it } from 'vitest';
import { checkedOrders } from '../../../lib/api/presenters.ts';
import { type Code, Failure } from '../../../lib/errors.ts';
import { createCheckOrders } from '../../../lib/orders/check-orders.ts';
import type { CheckResult } from '../../../lib/orders/check-result.ts';
import { OrderNotFound } from '../../../lib/orders/order-not-found.ts';
import { failureOf } from '../thrown.ts';
import { createVirtualClock } from '../virtual-clock.ts';

const at = Date.UTC(2026, 0, 1);

function checked(orderId: string, result = '{}'): CheckResult {
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
    firstObservedAt: at,
    checkedAt: at,
    ageMs: 0,
    exchangeTime: undefined,
    result,
    stored: { watch: { openedAt: at, observations: [], notFoundAt: [] }, revision: 1 },
  };
}

type TestEnvironment = {
  /** How long each check takes, milliseconds; none by default. */
  readonly takesMs?: number;
  /** What a check throws, by order. */
  readonly throws?: Readonly<Record<string, unknown>>;
  /** The text of each order. */
  readonly result?: string;
};

/** Checks that take virtual time and fail as scripted. */
function environment({ takesMs = 0, throws = {}, result }: TestEnvironment = {}) {
  const clock = createVirtualClock();
  const seen = {
    running: 0,
    maxRunning: 0,
    requested: Array.of<string>(),
    internal: Array.of<readonly [string, Code]>(),
  };
  const checkOrders = createCheckOrders({
    accounts: new Set(['main']),
    clock,
    onInternalError: (orderId, { code }) => seen.internal.push([orderId, code]),
    checkOrder: async ({ orderId }) => {
      seen.requested.push(orderId);
      seen.maxRunning = Math.max(seen.maxRunning, ++seen.running);
      await Promise.resolve();
      clock.advance(takesMs);
      seen.running--;
      if (orderId in throws) throw throws[orderId];
      return checked(orderId, result);
    },
  });
  const check = (orderIds: readonly string[], forMs = 25_000, account = 'main') =>
    checkOrders({ account, orderIds, requestId: 'r', deadline: clock.now() + forMs });
  return { check, seen };
}

const ids = (count: number) => Array.from({ length: count }, (_, index) => `order-${index}`);

it('a batch of checks has an outcome for each order, in the order of the request', async () => {
  const { check } = environment({ throws: { 'order-1': new Failure('order_not_found', 'No such order.') } });
  const { outcomes, counts, retryAfterSeconds } = await check(ids(3));
  expect(outcomes).toMatchObject([
    { orderId: 'order-0', outcome: 'checked', checked: { order: { order_id: 'order-0' } } },
    { orderId: 'order-1', outcome: 'failed', failure: { code: 'order_not_found' } },
    { orderId: 'order-2', outcome: 'checked' },
  ]);
  expect(counts).toEqual({ checked: 2, failed: { order_not_found: 1 }, notTried: 0 });
  expect(retryAfterSeconds).toBeUndefined();
});

it('a batch checks at most eight orders at a time, and each order once', async () => {
  const { check, seen } = environment();
  await check(ids(100));
  expect(seen.maxRunning).toBe(8);
  expect(seen.requested.toSorted()).toEqual(ids(100).toSorted());
});

it('an order whose turn comes after the deadline is not tried, while running checks are waited for', async () => {
  const { check, seen } = environment({ takesMs: 1_000 });
  const { outcomes, counts, retryAfterSeconds } = await check(ids(30), 8_500);
  expect(counts).toEqual({ checked: 16, failed: {}, notTried: 14 });
  expect(outcomes.at(-1)).toEqual({ orderId: 'order-29', outcome: 'not_tried', retryAfterSeconds: 1 });
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
])('the failure %s concerns the whole account, so no further order is tried', async (code, retryAfterMs, seconds) => {
  const { check, seen } = environment({ throws: { 'order-0': new Failure(code, 'Not now.', { retryAfterMs }) } });
  const { outcomes, counts, retryAfterSeconds } = await check(ids(20));
  expect(outcomes[0]).toMatchObject({ outcome: 'failed', failure: { code } });
  expect(counts.failed).toEqual({ [code]: 1 });
  // The seven beside it had started.
  expect(counts.checked).toBe(seen.requested.length - 1);
  expect(seen.requested.length).toBeLessThanOrEqual(9);
  expect(outcomes.slice(9)).toEqual(
    ids(20)
      .slice(9)
      .map((orderId) => ({ orderId, outcome: 'not_tried', retryAfterSeconds: seconds })),
  );
  expect(retryAfterSeconds).toBe(seconds);
});

it.each<Code>(['order_not_found', 'not_owner', 'invalid_order_id', 'timeout', 'busy', 'store_conflict'])(
  'the failure %s concerns one order, so the others are tried',
  async (code) => {
    const { check } = environment({ throws: { 'order-0': new Failure(code, 'Not this one.') } });
    expect((await check(ids(20))).counts).toEqual({ checked: 19, failed: { [code]: 1 }, notTried: 0 });
  },
);

it('an order without a permit is not tried, the other orders are, and the longest wait is reported', async () => {
  const spent = (retryAfterMs: number) => new Failure('rate_limited_locally', 'Spent.', { retryAfterMs });
  const { check } = environment({ throws: { 'order-0': spent(300), 'order-1': spent(4_100) } });
  const { outcomes, counts, retryAfterSeconds } = await check(ids(20));
  expect(outcomes.slice(0, 2)).toEqual([
    { orderId: 'order-0', outcome: 'not_tried', retryAfterSeconds: 1 },
    { orderId: 'order-1', outcome: 'not_tried', retryAfterSeconds: 5 },
  ]);
  expect(counts).toEqual({ checked: 18, failed: {}, notTried: 2 });
  expect(retryAfterSeconds).toBe(5);
});

it('an internal error goes to the log, and the caller learns only that it is internal', async () => {
  const { check, seen } = environment({ throws: { 'order-1': new TypeError('of the inside') } });
  const { outcomes } = await check(ids(2));
  expect(seen.internal).toEqual([['order-1', 'internal']]);
  expect(checkedOrders('main', outcomes).outcomes[1]).toMatchObject({ problem: { status: 500, code: 'internal' } });
  expect(JSON.stringify(checkedOrders('main', outcomes))).not.toContain('of the inside');
});

const quarterOfMb = `{"note":"${'\\"'.repeat(60_000)}"}`;

it('orders whose states do not fit into what Lambda can return are not tried', async () => {
  const { check } = environment({ result: quarterOfMb });
  const { outcomes, counts, retryAfterSeconds } = await check(ids(40));
  expect(counts).toEqual({ checked: 20, failed: {}, notTried: 20 });
  expect(outcomes.at(-1)).toEqual({ orderId: 'order-39', outcome: 'not_tried', retryAfterSeconds: 1 });
  expect(retryAfterSeconds).toBe(1);
});

it('the last known states of orders that are not found count towards what Lambda can return, too', async () => {
  const missing = (orderId: string) =>
    new OrderNotFound(
      new Failure('order_not_found', 'No such order.'),
      { account: 'main', orderId },
      { lastKnown: checked(orderId, quarterOfMb) },
    );
  const { check } = environment({ throws: Object.fromEntries(ids(40).map((id) => [id, missing(id)])) });
  expect((await check(ids(40))).counts).toEqual({ checked: 0, failed: { order_not_found: 20 }, notTried: 20 });
});

it('a batch of checks for an account that the stage does not have is refused as a whole', async () => {
  const { check, seen } = environment();
  expect((await failureOf(check(ids(2), 25_000, 'nobody'))).code).toBe('unknown_account');
  expect(seen.requested).toEqual([]);
});
