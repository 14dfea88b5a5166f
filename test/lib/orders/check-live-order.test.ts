import { expect, it } from 'vitest';
import { createDynamoAccountTable } from '../../../lib/accounts/dynamo-table.ts';
import { orangex } from '../../../lib/exchange/dialects/orangex.ts';
import { Logger } from '../../../lib/log.ts';
import { createCheckOrder } from '../../../lib/orders/check-order.ts';
import { createDynamoTable } from '../../../lib/snapshots/dynamo-table.ts';
import { orderIn } from '../../../lib/snapshots/snapshot.ts';
import { join, statusOf as statusOfWatch } from '../../../lib/snapshots/watch.ts';
import { createOrderChecks } from '../../../lib/wiring/order-checks.ts';
import { lexeme } from '../../emulator/exchange/wire.ts';
import { testBed } from '../test-bed-for-file.ts';
import { always, check, checkWith, clock, createCheckOrderForEachTest, requested, statusOf } from './order-checks.ts';

createCheckOrderForEachTest();

it('a live order is requested from the exchange each time', async () => {
  const id = testBed.orangex.place();
  expect(await check(id)).toMatchObject({ final: false, watched: true, source: 'exchange', changed: true });
  expect(await requested(testBed.orangex, () => check(id))).toBe(1);
  expect(await check(id)).toMatchObject({ final: false, watched: true, source: 'exchange', changed: false });
  expect(await testBed.historyOf(id)).toHaveLength(1);
});

it('a live order comes from the table when its last check is as fresh as max_age', async () => {
  const id = testBed.orangex.place();
  const seen = await check(id);
  expect(
    await requested(testBed.orangex, async () => {
      // One second later, as `check` is.
      expect(await check(id, { maxAgeMs: 1_000 })).toEqual({
        ...seen,
        source: 'snapshot',
        changed: false,
        ageMs: 1_000,
      });
    }),
  ).toBe(0);
  expect(await requested(testBed.orangex, () => check(id, { maxAgeMs: 1_999 }))).toBe(1);
  expect(await requested(testBed.orangex, () => check(id, always))).toBe(1);
});

it('a live order comes from the table when a list confirmed it within max_age, but only once lists cover it', async () => {
  const id = testBed.orangex.place();
  const { checkedAt } = await check(id);
  clock.advance(60_000);
  const accountTable = createDynamoAccountTable(testBed.engine);
  const lease = { owner: 'sweep', until: clock.now() + 30_000 };
  await accountTable.takeLease('main', { ...lease, now: clock.now() });
  const listedAt = clock.now();
  await accountTable.renewLease('main', lease, { listed: { at: listedAt, orders: 1, ordersReadAt: listedAt } });
  expect(await requested(testBed.orangex, () => check(id, { maxAgeMs: 5_000 }))).toBe(1);

  clock.advance(60_000);
  const table = createDynamoTable({ ...testBed.engine, policyOf: () => ({ minMs: 1, maxMs: 1 }) });
  const key = { account: 'main', orderId: id };
  const { stored } = await table.readCurrent(key);
  if (stored === undefined) throw new Error('the order is known');
  const covered = join(stored.watch, { openedAt: checkedAt, listed: { at: listedAt, present: true } });
  await table.putWatch(key, covered, stored.revision);
  const latest = clock.now();
  await accountTable.renewLease('main', lease, { listed: { at: latest, orders: 1, ordersReadAt: listedAt } });
  const checked = check(id, { maxAgeMs: 5_000 });
  expect(await requested(testBed.orangex, () => checked)).toBe(0);
  expect(await checked).toMatchObject({ source: 'snapshot', checkedAt: latest, ageMs: 1_000 });

  // Where no lists are read, none confirms anything.
  const logger = new Logger();
  const { accounts, store } = createOrderChecks({ ...testBed, clock, priority: 'interactive', logger });
  checkWith(createCheckOrder({ accounts, store, clock, onDrift: () => {} }));
  expect(await requested(testBed.orangex, () => check(id, { maxAgeMs: 5_000 }))).toBe(1);
});

it('a live order that was partially filled has changed, and both states are kept', async () => {
  const id = testBed.orangex.place({ amount: '10' });
  const first = await check(id);
  clock.advance(5_000);
  testBed.orangex.partialFill(id, '2.50', '49999.5');
  const second = await check(id);
  expect(second).toMatchObject({ source: 'exchange', changed: true, watched: true });
  expect(second.order).toMatchObject({ filled_amount: '2.50', average_price: '49999.5', version: 2 });
  expect(second.firstObservedAt > first.firstObservedAt).toBe(true);
  expect(await testBed.historyOf(id)).toHaveLength(2);
});

it('a live order that was filled is closed', async () => {
  const id = testBed.orangex.place();
  await check(id);
  testBed.orangex.fill(id);
  expect(await check(id)).toMatchObject({ final: true, watched: false, changed: true });
  expect(await testBed.watchOf(id)).toMatchObject({ status: { S: 'final' }, list: { S: 'main#final' } });
});

it('a live order is shown as in the head when a reply comes late, and the history keeps that reply', async () => {
  const id = testBed.orangex.place();
  clock.advance(5_000);
  testBed.orangex.partialFill(id, '3');
  const seen = await check(id);
  testBed.orangex.script(id, { kind: 'stale' });
  const late = await check(id);
  expect(late).toMatchObject({ source: 'snapshot', changed: false, firstObservedAt: seen.firstObservedAt });
  expect(late.order).toEqual(seen.order);
  const history = await testBed.historyOf(id);
  expect(history.map(({ result }) => orderIn(result?.S ?? '', orangex).filled_amount)).toEqual(['0', '3']);
  expect(await check(id)).toMatchObject({ source: 'exchange', changed: false });
});

it('a live order that the exchange contradicts twice in a row is flagged, and no longer served from the table', async () => {
  const id = testBed.orangex.place();
  clock.advance(5_000);
  testBed.orangex.partialFill(id, '3');
  await check(id);
  for (const _ of ['once', 'twice']) {
    clock.advance(10_000);
    testBed.orangex.script(id, { kind: 'stale' });
    await check(id);
  }
  expect(await testBed.watchOf(id)).toMatchObject({
    status: { S: 'inconsistent' },
    list: { S: 'main#attention' },
  });
  expect(await requested(testBed.orangex, () => check(id, { maxAgeMs: 60_000 }))).toBe(1);
  expect(await statusOf(id)).toBe('watched');
});

it('a live order whose trigger price moves without a new timestamp is shown as last reported, and contradicts nothing', async () => {
  const id = testBed.deribit.place({ order_type: 'trailing_stop', order_state: 'untriggered' });
  const placed = clock.now();
  for (const price of ['61000', '61020', '61010', '61030', '61005', '61000']) {
    clock.advance(15_000);
    testBed.deribit.update(id, { last_update_timestamp: placed, details: { trigger_price: lexeme(price) } });
    const checked = await check(id, { account: 'other' });
    expect(checked.result).toContain(`"trigger_price":${price}`);
    expect(checked).toMatchObject({ source: 'exchange', watched: true });
    const again = await check(id, { account: 'other', maxAgeMs: 60_000 });
    expect(again.result).toContain(`"trigger_price":${price}`);
    expect(statusOfWatch(again.stored.watch)).toBe('watched');
  }
});

it('a live order in an unknown state is stored and watched, and listed for attention', async () => {
  const id = testBed.orangex.place({ order_state: 'paused' });
  const checked = await check(id);
  expect(checked).toMatchObject({ final: false, watched: true, source: 'exchange', changed: true });
  expect(checked.order.order_state).toBe('paused');
  expect(await testBed.historyOf(id)).toHaveLength(1);
  expect(await testBed.watchOf(id)).toMatchObject({ status: { S: 'unknown' }, list: { S: 'main#attention' } });
  expect(await check(id, { maxAgeMs: 5_000 })).toMatchObject({ source: 'snapshot' });
  testBed.orangex.cancel(id);
  expect(await check(id)).toMatchObject({ final: true, watched: false });
});

it('a live order has no exchange time when the reply has no times', async () => {
  const id = testBed.orangex.place();
  testBed.orangex.script(id, { kind: 'noTimes' });
  expect((await check(id)).exchangeTime).toBeUndefined();
  expect((await check(id)).exchangeTime).toBeGreaterThan(0);
});

it('a live order whose watch was stopped is still requested, and stays unwatched', async () => {
  const id = testBed.orangex.place();
  await check(id);
  const table = createDynamoTable({ ...testBed.engine, policyOf: () => ({ minMs: 1, maxMs: 1 }) });
  const { stored } = await table.readCurrent({ account: 'main', orderId: id });
  const operator = { at: clock.now(), by: 'anna', stopped: true };
  const letGo = join(stored?.watch, { openedAt: clock.now(), operator });
  expect(await table.putWatch({ account: 'main', orderId: id }, letGo, stored?.revision ?? 0)).toBe(true);
  expect(await check(id, { maxAgeMs: 60_000 })).toMatchObject({ source: 'exchange', watched: false, final: false });
});
