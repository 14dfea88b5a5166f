import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDynamoAccountTable } from '../../../lib/accounts/dynamo-table.ts';
import { dialects } from '../../../lib/exchange/dialects/index.ts';
import { orangex } from '../../../lib/exchange/dialects/orangex.ts';
import { writeJson } from '../../../lib/exchange/json.ts';
import { Logger } from '../../../lib/log.ts';
import { type CheckOrder, type CheckOrderRequest, createCheckOrder } from '../../../lib/orders/check-order.ts';
import type { Checked } from '../../../lib/orders/checked.ts';
import { createDynamoTable } from '../../../lib/snapshots/dynamo-table.ts';
import { orderIn, snapshotOf } from '../../../lib/snapshots/snapshot.ts';
import { join, statusOf as statusOfWatch } from '../../../lib/snapshots/watch.ts';
import { createOrderChecks } from '../../../lib/wiring/order-checks.ts';
import type { Fault } from '../../emulator/exchange/faults.ts';
import { seedFields, seedId } from '../../emulator/exchange/seed-order.ts';
import { defaultKey, type Exchange } from '../../emulator/exchange/server.ts';
import { lexeme, writeOrder } from '../../emulator/exchange/wire.ts';
import { type CapturedOutput, captureOutput } from '../captured-output.ts';
import { secretText, startTestBed, type TestBed } from '../test-bed.ts';
import { failureOf } from '../thrown.ts';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts';

let clock: VirtualClock;
let testBed: TestBed;
let checkOrder: CheckOrder;
let output: CapturedOutput;

beforeAll(async () => {
  const virtual = createVirtualClock();
  // Whole milliseconds, as clocks have them; the pauses before repeats are drawn.
  clock = { ...virtual, now: () => Math.floor(virtual.now()) };
  testBed = await startTestBed({ now: clock.now });
});
afterAll(() => testBed.stop());

beforeEach(() => {
  output = captureOutput();
  // A process of its own for every test: no key, no token, no spent retries.
  checkOrder = createOrderChecks({ ...testBed, clock, priority: 'interactive', logger: new Logger() }).checkOrder;
});
afterEach(async () => {
  output.release();
  await testBed.resetRateLimits();
  testBed.orangex.clearScript();
  testBed.deribit.clearScript();
});

let requests = 0;
/** Checks an order, a second after whatever was before. */
function check(orderId: string, more: Partial<CheckOrderRequest> = {}): Promise<Checked> {
  clock.advance(1_000);
  const requestId = `request-${++requests}`;
  const deadline = clock.now() + 10_000;
  return checkOrder({ account: 'main', orderId, observedBy: 'get-order', requestId, deadline, ...more });
}

const always = { maxAgeMs: 0 };

/** How often the order is requested from the exchange meanwhile. */
async function requested(exchange: Exchange, meanwhile: () => Promise<unknown>): Promise<number> {
  const before = exchange.count('get_order_state');
  await meanwhile();
  return exchange.count('get_order_state') - before;
}

async function statusOf(orderId: string): Promise<string | undefined> {
  return (await testBed.watchOf(orderId))?.['status']?.S;
}

describe('the seed’s order', () => {
  it('is requested, stored, and returned with every field of the specification', async () => {
    const checked = await check(seedId);
    const now = clock.now();
    expect(checked).toEqual({
      account: 'main',
      order: { ...seedFields, details: {} },
      rank: expect.stringMatching(/^1597129894026\.0000000001\.2\./),
      final: true,
      watched: false,
      source: 'exchange',
      changed: true,
      firstObservedAt: now,
      checkedAt: now,
      ageMs: 0,
      exchangeTime: Date.parse('2020-08-11T07:14:06.950Z'),
      result: expect.stringContaining(`"order_id":"${seedId}"`),
      stored: expect.anything(),
    });
    const items = await testBed.itemsOf(seedId);
    expect(items.map(({ sk }) => sk?.S?.replace(/S#.*/, 'S#'))).toEqual(['NOW#HEAD', 'NOW#WATCH', 'S#']);
  });

  it('is unchanged the second time, with and without max_age=0, and not kept twice', async () => {
    const first = await check(seedId, always);
    const before = await testBed.historyOf(seedId);
    const fromTable = await check(seedId);
    const fromExchange = await check(seedId, always);
    expect(fromTable).toMatchObject({ source: 'snapshot', changed: false, checkedAt: first.checkedAt });
    expect(fromExchange).toMatchObject({ source: 'exchange', changed: false });
    expect(fromExchange.checkedAt > first.checkedAt).toBe(true);
    expect(fromExchange.firstObservedAt).toBe(first.firstObservedAt);
    expect(fromTable.order).toEqual(fromExchange.order);
    expect(before).toHaveLength(1);
    expect(await testBed.historyOf(seedId)).toEqual(before);
  });

  it('has the same fields from both dialects', async () => {
    const { details: _, ...other } = (await check(seedId, { ...always, account: 'other' })).order;
    const { details: __, ...main } = (await check(seedId, always)).order;
    expect(other).toEqual(main);
    expect(other).toEqual(seedFields);
  });

  it('has the exchange’s time in both units', async () => {
    for (const account of ['main', 'other']) {
      const { exchangeTime } = await check(seedId, { ...always, account });
      expect(exchangeTime).toBe(Date.parse('2020-08-11T07:14:06.950Z'));
    }
  });
});

describe.each(['main', 'other'] as const)('a final order of account %s', (account) => {
  const exchangeOf = () => (account === 'main' ? testBed.orangex : testBed.deribit);

  it('comes from the table, without a call to the exchange, unless one is needed', async () => {
    const id = exchangeOf().place();
    exchangeOf().fill(id);
    expect(await check(id, { account })).toMatchObject({ final: true, watched: false, source: 'exchange' });
    expect(await requested(exchangeOf(), () => check(id, { account }))).toBe(0);
    expect(await requested(exchangeOf(), () => check(id, { account, maxAgeMs: 1 }))).toBe(0);
    expect(await requested(exchangeOf(), () => check(id, { account, ...always }))).toBe(1);
  });

  it('that the exchange forgot comes from the table, even with max_age=0', async () => {
    const id = exchangeOf().place();
    exchangeOf().cancel(id);
    const seen = await check(id, { account });
    exchangeOf().forget(id);
    const history = await testBed.historyOf(id, account);
    const expected = { ...seen, source: 'snapshot', changed: false, stored: expect.anything() };
    expect(await check(id, { account })).toEqual({ ...expected, ageMs: 1_000 });
    expect(
      await requested(exchangeOf(), async () =>
        expect(await check(id, { account, ...always })).toEqual({ ...expected, ageMs: 2_000 }),
      ),
    ).toBe(1);
    expect(await testBed.historyOf(id, account)).toEqual(history);
    expect(await testBed.watchOf(id, account)).toMatchObject({ status: { S: 'final' } });
    expect((await testBed.itemsOf(id, account)).filter(({ kind }) => kind?.S === 'not_found')).toEqual([]);
  });
});

describe('a live order', () => {
  it('is requested from the exchange each time', async () => {
    const id = testBed.orangex.place();
    expect(await check(id)).toMatchObject({ final: false, watched: true, source: 'exchange', changed: true });
    expect(await requested(testBed.orangex, () => check(id))).toBe(1);
    expect(await check(id)).toMatchObject({ final: false, watched: true, source: 'exchange', changed: false });
    expect(await testBed.historyOf(id)).toHaveLength(1);
  });

  it('comes from the table when a check is as fresh as max_age', async () => {
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

  it('comes from the table when a list confirmed it as fresh as max_age, and no sooner than lists cover it', async () => {
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
    const answer = check(id, { maxAgeMs: 5_000 });
    expect(await requested(testBed.orangex, () => answer)).toBe(0);
    expect(await answer).toMatchObject({ source: 'snapshot', checkedAt: latest, ageMs: 1_000 });

    // Where no lists are read, none confirms anything.
    const logger = new Logger();
    const { accounts, store } = createOrderChecks({ ...testBed, clock, priority: 'interactive', logger });
    checkOrder = createCheckOrder({ accounts, store, clock, onDrift: () => {} });
    expect(await requested(testBed.orangex, () => check(id, { maxAgeMs: 5_000 }))).toBe(1);
  });

  it('that was filled in part has changed, and both states are kept', async () => {
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

  it('that was filled is closed', async () => {
    const id = testBed.orangex.place();
    await check(id);
    testBed.orangex.fill(id);
    expect(await check(id)).toMatchObject({ final: true, watched: false, changed: true });
    expect(await testBed.watchOf(id)).toMatchObject({ status: { S: 'final' }, list: { S: 'main#final' } });
  });

  it('is shown as in the head when an answer comes late, and the history keeps the answer', async () => {
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

  it('that the exchange contradicts twice running is flagged, and no fresh check answers for it', async () => {
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

  it('that moves its trigger price and no time is shown as it was answered last, and contradicts nothing', async () => {
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

  it('in an unknown state is stored and watched, and listed for attention', async () => {
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

  it('without the exchange’s clock in its answer has no exchange time', async () => {
    const id = testBed.orangex.place();
    testBed.orangex.script(id, { kind: 'noTimes' });
    expect((await check(id)).exchangeTime).toBeUndefined();
    expect((await check(id)).exchangeTime).toBeGreaterThan(0);
  });

  it('whose watch was stopped is still requested, and stays unwatched', async () => {
    const id = testBed.orangex.place();
    await check(id);
    const table = createDynamoTable({ ...testBed.engine, policyOf: () => ({ minMs: 1, maxMs: 1 }) });
    const { stored } = await table.readCurrent({ account: 'main', orderId: id });
    const operator = { at: clock.now(), by: 'anna', stopped: true };
    const letGo = join(stored?.watch, { openedAt: clock.now(), operator });
    expect(await table.putWatch({ account: 'main', orderId: id }, letGo, stored?.revision ?? 0)).toBe(true);
    expect(await check(id, { maxAgeMs: 60_000 })).toMatchObject({ source: 'exchange', watched: false, final: false });
  });
});

describe('the digits of an order', () => {
  const quantities = { amount: '10.00', price: '0.000000010', filled_amount: '1.50', average_price: '-0.5' };
  const details = {
    tiny: lexeme('1.6e-7'),
    huge: lexeme('39004881276768256123456789'),
    exact: lexeme('1.10'),
    text: '1.10',
    nested: { deep: [lexeme('0.1000')] },
  };

  it.each(['main', 'other'] as const)(
    'are those of the wire, from account %s and back from the table',
    async (account) => {
      const exchange = account === 'main' ? testBed.orangex : testBed.deribit;
      const id = exchange.place({ ...quantities, details });
      const fromExchange = await check(id, { account });
      const fromTable = await check(id, { account, maxAgeMs: 60_000 });
      expect(fromTable.source).toBe('snapshot');
      expect(fromExchange.order).toMatchObject(quantities);
      for (const { order } of [fromExchange, fromTable]) {
        expect(writeJson(order)).toContain(
          '"tiny":1.6e-7,"huge":39004881276768256123456789,"exact":1.10,"text":"1.10","nested":{"deep":[0.1000]}',
        );
      }
      expect(writeJson(fromTable.order)).toBe(writeJson(fromExchange.order));
    },
  );

  it('may be a word or missing', async () => {
    const gone = { amount: undefined, filled_amount: undefined, average_price: undefined };
    const id = testBed.deribit.place({ price: 'market_price', ...gone });
    const { order } = await check(id, { account: 'other' });
    expect(order.price).toBe('market_price');
    for (const field of Object.keys(gone)) expect(order).not.toHaveProperty(field);
  });
});

describe('an order that the exchange does not find', () => {
  it('and that was never seen is not found, and not watched: it may be a typo', async () => {
    for (const more of [{}, always]) {
      const failure = await failureOf(check('never-seen', more));
      expect(failure).toMatchObject({ code: 'order_not_found', exchangeCode: 10_004, lastKnown: undefined });
      expect(failure.message).toBe('The exchange does not find order never-seen of account main.');
      expect(await testBed.itemsOf('never-seen')).toEqual([]);
    }
  });

  it('and that was seen alive is not found, with what was last known, and missing until it is seen again', async () => {
    const id = testBed.orangex.place();
    const seen = await check(id);
    testBed.orangex.scriptAlways(id, { kind: 'error', code: 10_004 });
    const failure = await failureOf(check(id));
    expect(failure.code).toBe('order_not_found');
    expect(failure).toHaveProperty('lastKnown', {
      ...seen,
      source: 'snapshot',
      changed: false,
      ageMs: 1_000,
      stored: expect.anything(),
    });
    expect(failure.message).toContain(`last seen open, at ${new Date(seen.checkedAt).toISOString()}`);
    expect(await testBed.watchOf(id)).toMatchObject({ status: { S: 'missing' }, list: { S: 'main#attention' } });
    const provenance = (await testBed.itemsOf(id)).filter(({ kind }) => kind?.S === 'not_found');
    expect(provenance).toHaveLength(1);
    expect(provenance[0]).toMatchObject({ request_id: { S: `request-${requests}` }, observed_by: { S: 'get-order' } });

    // A missing order is requested again, however fresh the last observation.
    expect((await failureOf(check(id, { maxAgeMs: 60_000 }))).code).toBe('order_not_found');
    testBed.orangex.clearScript();
    expect(await check(id)).toMatchObject({ source: 'exchange', changed: false, watched: true });
    expect(await statusOf(id)).toBe('watched');
    expect(await testBed.historyOf(id)).toHaveLength(1);
  });

  it('and whose first check crashed reports when that check sent its request', async () => {
    const id = testBed.orangex.place();
    const table = createDynamoTable({ ...testBed.engine, policyOf: () => ({ minMs: 1, maxMs: 1 }) });
    const text = writeOrder('orangex', testBed.orangex.order(id));
    const provenance = {
      requestedAt: clock.now(),
      firstObservedAt: clock.now() + 5,
      requestId: 'r',
      observedBy: 'd',
      keyVersion: 'v',
    };
    const snapshot = snapshotOf({
      account: 'main',
      orderId: id,
      dialect: dialects.orangex,
      result: text,
      order: orderIn(text, orangex),
      provenance,
    });
    await table.putWatch(
      snapshot,
      join(undefined, { openedAt: provenance.requestedAt, announcedRank: snapshot.rank }),
      0,
    );
    await table.putSnapshot(snapshot);
    await table.putHead(snapshot);
    testBed.orangex.script(id, { kind: 'error', code: 10_004 });
    // Its age is unknown, so it is requested.
    expect(await failureOf(check(id, { maxAgeMs: 600_000 }))).toMatchObject({
      lastKnown: { checkedAt: provenance.requestedAt, watched: true },
    });
  });
});

describe('what is no answer about an order', () => {
  const faults: readonly (readonly [string, Fault, string])[] = [
    ['not ours', { kind: 'error', code: 10_029 }, 'not_owner'],
    ['not authenticated', { kind: 'error', code: 13_009 }, 'unauthorized'],
    ['a refused key', { kind: 'error', code: 13_004 }, 'key_refused'],
    ['a missing right', { kind: 'error', code: 13_021 }, 'forbidden'],
    ['a locked account', { kind: 'error', code: 11_098 }, 'account_locked'],
    ['throttled', { kind: 'throttle', wait: 60 }, 'throttled'],
    ['throttled by a proxy', { kind: 'status', status: 429, retryAfter: 60 }, 'throttled'],
    ['maintenance', { kind: 'error', code: 11_051 }, 'maintenance'],
    ['settlement', { kind: 'error', code: 10_041 }, 'maintenance'],
    ['busy', { kind: 'error', code: 10_047 }, 'busy'],
    ['an unknown error', { kind: 'error', code: 424_242 }, 'exchange_error'],
    ['a page of a proxy', { kind: 'html' }, 'busy'],
    ['a page that claims to be fine', { kind: 'html', status: 200 }, 'invalid_response'],
    ['a page that is not found', { kind: 'html', status: 404 }, 'invalid_response'],
    ['nothing', { kind: 'empty' }, 'invalid_response'],
    ['half an answer', { kind: 'truncate' }, 'invalid_response'],
    ['a closed connection', { kind: 'drop' }, 'unreachable'],
    ['another order', { kind: 'otherOrder' }, 'invalid_response'],
    ['another call’s answer', { kind: 'wrongId' }, 'invalid_response'],
    ['no order', { kind: 'result', text: '{}' }, 'invalid_response'],
    ['a field twice', { kind: 'duplicateKeys' }, 'invalid_response'],
  ];

  it.each(faults)('%s is neither an observation nor a not-found reply', async (_, fault, code) => {
    const id = testBed.orangex.place();
    await check(id);
    const items = await testBed.itemsOf(id);
    testBed.orangex.scriptAlways(id, fault);
    const failure = await failureOf(check(id, { deadline: clock.now() + 30_000 }));
    expect(failure.code).toBe(code);
    expect(failure.members).toEqual({});
    expect(await testBed.itemsOf(id)).toEqual(items);
  });

  it.each(faults)('%s watches nothing that was never seen', async (_, fault) => {
    const id = testBed.orangex.place();
    testBed.orangex.scriptAlways(id, fault);
    await failureOf(check(id));
    expect(await testBed.itemsOf(id)).toEqual([]);
  });

  it('silence is a timeout, neither an observation nor a not-found reply', async () => {
    const id = testBed.orangex.place();
    await check(id);
    const items = await testBed.itemsOf(id);
    testBed.orangex.script(id, { kind: 'hang' });
    clock.advance(1_000);
    expect((await failureOf(check(id, { deadline: clock.now() + 1_100 }))).code).toBe('timeout');
    expect(await testBed.itemsOf(id)).toEqual(items);
  });

  it.each([
    ['main', { kind: 'error', code: 10_004 }, 'exchange_error'],
    ['main', { kind: 'error', code: 13_004 }, 'key_refused'],
  ] as const)('account %s: %j in place of a token is no miss', async (account, fault, code) => {
    const id = testBed.orangex.place();
    await check(id);
    const items = await testBed.itemsOf(id);
    testBed.orangex.revokeTokens();
    testBed.orangex.scriptAlways('auth', fault);
    expect((await failureOf(check(id, { account }))).code).toBe(code);
    expect(await testBed.itemsOf(id)).toEqual(items);
  });

  it('someone else’s order is not ours, and not watched', async () => {
    const id = testBed.orangex.place({ account: 'somebody' });
    expect((await failureOf(check(id))).code).toBe('not_owner');
    expect(await testBed.itemsOf(id)).toEqual([]);
  });

  const hour = 3_600_000;
  it.each([
    [
      'before 2010',
      'last_update_timestamp',
      () => ({ last_update_timestamp: Date.UTC(2009, 11, 31, 23, 59, 59, 999) }),
    ],
    [
      'over an hour ahead',
      'last_update_timestamp',
      (now: number) => ({ last_update_timestamp: now + 1_000 + hour + 1 }),
    ],
  ] as const)('an order dated %s is refused and not kept', async (_, field, times) => {
    const id = testBed.orangex.place(times(clock.now()));
    const failure = await failureOf(check(id));
    expect(failure.code).toBe('invalid_response');
    expect(failure.message).toContain(field);
    expect(await testBed.itemsOf(id)).toEqual([]);
  });

  it.each([
    ['at the start of 2010', () => ({ creation_timestamp: Date.UTC(2010, 0, 1) })],
    ['before its creation', (now: number) => ({ creation_timestamp: now, last_update_timestamp: now - 1 })],
    ['an hour ahead', (now: number) => ({ last_update_timestamp: now + 1_000 + hour })],
  ] as const)('an order dated %s is one', async (_, times) => {
    const id = testBed.orangex.place(times(clock.now()));
    expect(await check(id)).toMatchObject({ source: 'exchange', changed: true });
  });
});

describe('a request', () => {
  it.each(['nobody', 'constructor', ''])(
    'for account "%s", which does not exist, says so and calls no exchange',
    async (account) => {
      expect(
        await requested(testBed.orangex, async () => {
          expect((await failureOf(check(seedId, { account }))).code).toBe('unknown_account');
        }),
      ).toBe(0);
    },
  );

  it.each([{}, always])('of %j fails when the table is down, though the exchange answers', async (more) => {
    const env = { ...testBed.env, AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1' };
    checkOrder = createOrderChecks({
      ...testBed,
      env,
      clock,
      priority: 'interactive',
      logger: new Logger(),
    }).checkOrder;
    expect((await failureOf(check(seedId, more))).code).toBe('store_unavailable');
  });

  it('succeeds when the key was rotated meanwhile, and the evidence has the version that was accepted', async () => {
    const { orangex, secrets, secretNames } = testBed;
    const id = orangex.place();
    await check(id);
    const [before] = await testBed.historyOf(id);

    const key = { ...defaultKey, clientSecret: 'rotated' };
    orangex.setKeys([key]);
    const version = secrets.put(secretNames.main, secretText(key));
    orangex.partialFill(id, '1');
    expect(await check(id)).toMatchObject({ source: 'exchange', changed: true });
    const [, after] = await testBed.historyOf(id);
    expect(after?.['key_version']).toEqual({ S: version });
    expect(before?.['key_version']).not.toEqual({ S: version });
  });
});
