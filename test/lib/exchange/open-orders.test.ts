import { describe, expect, test } from 'vitest';
import type { Code } from '../../../lib/errors.ts';
import { Failure } from '../../../lib/errors.ts';
import type { OpenOrders } from '../../../lib/exchange/open-orders.ts';
import type { OrderRow } from '../../../lib/exchange/rows.ts';
import { createKnownRows } from '../../../lib/sweep/known-rows.ts';
import type { Fault } from '../../emulator/exchange/faults.ts';
import { lexeme } from '../../emulator/exchange/wire.ts';
import { failureOf } from '../thrown.ts';
import { type Harness, holdKey, keyOf, start } from './test-client.ts';

const both = ['orangex', 'deribit'] as const;

function list({ client, clock }: Harness, recorded: readonly OrderRow[] = [], acquireTimeout = 10_000) {
  const known = createKnownRows();
  for (const { orderId, text } of recorded) known.set({ orderId, text, rank: undefined });
  const followEarlier = () => known.follow(() => true);
  return client.listOpenOrders({ deadline: clock.now() + acquireTimeout, followEarlier });
}

/** The read orders by id; an unreadable one as the code of its failure. */
function readings({ changed }: OpenOrders) {
  return changed.map((row) => {
    const reading = row.read();
    return [row.orderId, reading instanceof Failure ? reading.code : reading.order_state];
  });
}

describe.each(both)('%s', (dialect) => {
  const calls = dialect === 'orangex' ? 2 : 1;

  test('a list of open orders has every live order, each row verbatim, with the times and the key of its calls', async () => {
    const harness = await start({ dialect });
    const { server, clock } = harness;
    const id = server.place({ amount: '1.10', price: lexeme('1.6e-7'), instrument_name: 'BTC-USDT-PERPETUAL' });
    const other = server.place({ instrument_name: 'BTC-USDT' });
    server.fill(server.place());
    const orders = await list(harness);
    expect([...orders.ids].toSorted()).toEqual([id, other].toSorted());
    expect(orders).toMatchObject({ complete: true, keyVersion: 'v1' });
    expect([orders.requestedAt, orders.receivedAt]).toEqual([clock.now(), clock.now()]);
    const row = orders.changed.find(({ orderId }) => orderId === id);
    expect(row?.text).toContain('"price":1.6e-7');
    expect(row?.text).toMatch(/^\{.*\}$/);
    expect(row?.exchangeTime).toBe(clock.now());
    expect(row?.read()).toMatchObject({ order_id: id, order_state: 'open', price: '1.6e-7', amount: '1.10' });
    expect(server.count('open_orders')).toBe(calls);
  });

  test('a list of open orders may be empty, and is complete then', async () => {
    const orders = await list(await start({ dialect }));
    expect(orders).toMatchObject({ complete: true, changed: [] });
    expect(orders.ids.size).toBe(0);
  });

  test('a list of open orders leaves out rows that were recorded unchanged', async () => {
    const harness = await start({ dialect });
    const [resting, active] = [harness.server.place(), harness.server.place()];
    const before = await list(harness);
    harness.server.partialFill(active, '1');
    const after = await list(harness, before.changed);
    expect(after.changed.map(({ orderId }) => orderId)).toEqual([active]);
    expect([...after.ids].toSorted()).toEqual([resting, active].toSorted());
    expect((await list(harness, after.changed)).changed.map(({ orderId }) => orderId)).toEqual([resting]);
  });

  test('a list of open orders has the same orders as get_order_state', async () => {
    const harness = await start({ dialect });
    const id = harness.server.place({
      order_id: '39004881276768257',
      details: { order_id: lexeme('39004881276768257') },
    });
    const { changed } = await list(harness);
    const { order } = await harness.getOrderState(id);
    expect(changed[0]?.read()).toMatchObject({
      order_id: id,
      price: '50000',
      instrument_name: order.instrument_name,
    });
  });

  test('a list of open orders is complete even when the exchange lists an order late, because the absence guard covers that', async () => {
    const harness = await start({ dialect });
    harness.server.scriptAlways('open_orders', { kind: 'lag', ms: 3_000 });
    const id = harness.server.place();
    expect((await list(harness)).ids.has(id)).toBe(false);
    harness.clock.advance(3_000);
    expect((await list(harness)).ids.has(id)).toBe(true);
  });

  test('a list of open orders leaves out what the exchange leaves out', async () => {
    const harness = await start({ dialect });
    const [omitted, unlisted, listed] = [
      harness.server.place(),
      harness.server.place({ unlisted: true }),
      harness.server.place(),
    ];
    harness.server.script('open_orders', { kind: 'omitRow', orderId: omitted });
    const orders = await list(harness);
    expect([...orders.ids]).toEqual([listed]);
    expect(orders.ids.has(unlisted)).toBe(false);
    expect(orders.complete).toBe(true);
  });

  test.each<[string, string]>([
    ['lacks fields', '{"order_id":"$"}'],
    ['has a state that is not a string', '{"order_id":"$","order_state":7}'],
    ['has a field twice', '{"order_id":"$","price":"1","price":"2"}'],
    ['is nested too deep', `{"order_id":"$","deep":${'['.repeat(40)}${']'.repeat(40)}}`],
  ])('a list of open orders keeps the id of a row that %s, which alone is unreadable', async (_what, text) => {
    const harness = await start({ dialect });
    const [spoiled, healthy] = [harness.server.place(), harness.server.place()];
    const fault = { kind: 'spoilRow', orderId: spoiled, text: text.replace('$', spoiled) } as const;
    harness.server.script('open_orders', fault);
    const orders = await list(harness);
    expect(orders.complete).toBe(true);
    expect([...orders.ids].toSorted()).toEqual([spoiled, healthy].toSorted());
    expect(Object.fromEntries(readings(orders))).toEqual({ [spoiled]: 'invalid_response', [healthy]: 'open' });
  });

  test('a list of open orders refuses only the row whose time is impossible', async () => {
    const harness = await start({ dialect });
    const [ahead, healthy] = [harness.server.place(), harness.server.place()];
    harness.server.update(ahead, { last_update_timestamp: harness.clock.now() + 7_200_000 });
    const orders = await list(harness);
    expect(orders.complete).toBe(true);
    expect(Object.fromEntries(readings(orders))).toEqual({ [ahead]: 'invalid_response', [healthy]: 'open' });
  });

  test.each(['null', '7', '[]', '"text"', '{}', '{"order_id":null}', '{"order_id":""}', '{"order_id":"a/b"}'])(
    'a list of open orders with the row %s proves no absence, but has its other rows',
    async (text) => {
      const harness = await start({ dialect });
      const [spoiled, healthy] = [harness.server.place(), harness.server.place()];
      harness.server.script('open_orders', { kind: 'spoilRow', orderId: spoiled, text });
      const orders = await list(harness);
      expect(orders).toMatchObject({ complete: false });
      expect(readings(orders)).toEqual([[healthy, 'open']]);
    },
  );

  test('a list of open orders with one id twice proves no absence, but has each different row', async () => {
    const harness = await start({ dialect });
    const id = harness.server.place({ price: '1' });
    harness.server.edit(id, { price: '2' });
    harness.server.script('open_orders', { kind: 'repeatRow', back: 1 }, ...later(calls - 1), { kind: 'repeatRow' });
    const different = await list(harness);
    expect(different).toMatchObject({ complete: false });
    expect(different.changed.map((row) => Object(row.read()).price)).toEqual(['2', '1']);
    const same = await list(harness);
    expect(same).toMatchObject({ complete: false });
    expect(same.changed).toHaveLength(1);
  });

  test.each<[Code, Fault]>([
    ['invalid_response', { kind: 'truncate' }],
    ['invalid_response', { kind: 'truncate', framing: 'short' }],
    ['invalid_response', { kind: 'truncate', framing: 'chunked', at: 200 }],
    ['invalid_response', { kind: 'result', text: 'null' }],
    ['invalid_response', { kind: 'result', text: '{}' }],
    ['invalid_response', { kind: 'result', text: '{"orders":[]}' }],
    ['invalid_response', { kind: 'result', text: '"[]"' }],
    ['invalid_response', { kind: 'result', text: '[{"order_id":"a"} {"order_id":"b"}]' }],
    ['invalid_response', { kind: 'result', text: '[{"order_id":"a","b":[},{"order_id":"c"}]}]' }],
    ['invalid_response', { kind: 'result', text: '[{"order_id":"a",}]' }],
    ['invalid_response', { kind: 'result', text: '[{"order_id":"a"}],"result":[{"order_id":"b"}]' }],
    ['invalid_response', { kind: 'neither' }],
    ['invalid_response', { kind: 'bothResultAndError' }],
    ['invalid_response', { kind: 'wrongId' }],
    ['invalid_response', { kind: 'noId' }],
    ['invalid_response', { kind: 'html', status: 200 }],
    ['invalid_response', { kind: 'empty' }],
    ['invalid_response', { kind: 'result', text: `[{"order_id":"a","x":"${'x'.repeat(16 * 1024 * 1024)}"}]` }],
    ['invalid_response', { kind: 'result', text: `"${'x'.repeat(300_000)}"` }],
    ['busy', { kind: 'html', status: 502 }],
    ['maintenance', { kind: 'error', code: 11051, withId: false }],
    ['throttled', { kind: 'throttle', wait: 60 }],
    ['forbidden', { kind: 'error', code: 13021 }],
    ['exchange_error', { kind: 'error', code: 9999 }],
    // What elsewhere speaks of an order must not be taken for evidence of one.
    ['exchange_error', { kind: 'error', code: 10004 }],
    ['exchange_error', { kind: 'error', code: 10025 }],
    ['exchange_error', { kind: 'error', code: 10029 }],
    ['exchange_error', { kind: 'error', code: -32602 }],
  ])('a list of open orders fails with %s, and is not empty, for the reply %o', async (code, fault) => {
    const harness = await start({ dialect });
    harness.server.place();
    harness.server.scriptAlways('open_orders', fault);
    expect((await failureOf(list(harness))).code).toBe(code);
  });

  test('a list of open orders is read to its end however slowly it arrives, but not past the deadline', async () => {
    const harness = await start({ dialect });
    const id = harness.server.place();
    harness.server.scriptAlways('open_orders', { kind: 'slowBody', bytes: 97, everyMs: 1 });
    expect([...(await list(harness)).ids]).toEqual([id]);
    harness.server.scriptAlways('open_orders', { kind: 'slowBody', bytes: 1, everyMs: 50 });
    expect((await failureOf(list(harness, undefined, 150))).code).toBe('timeout');
  });

  test('a list of open orders repeats a call that failed temporarily, from its beginning', async () => {
    const harness = await start({ dialect });
    const id = harness.server.place();
    harness.server.script('open_orders', { kind: 'truncate', framing: 'short', at: 400 });
    const orders = await list(harness);
    expect(orders).toMatchObject({ complete: true });
    expect([...orders.ids]).toEqual([id]);
    expect(harness.server.count('open_orders')).toBe(calls + 1);
  });

  test('a list of open orders waits for as long as the exchange requires', async () => {
    const harness = await start({ dialect });
    harness.server.script('open_orders', { kind: 'throttle', wait: 3 });
    await list(harness);
    expect(harness.clock.sleeps).toEqual([3_100]);
    expect(harness.throttledMs).toEqual([3_000]);
  });

  test('a list of open orders takes a permit for each request, repeats and tokens included', async () => {
    const harness = await start({ dialect });
    harness.server.script('open_orders', { kind: 'html', status: 502 });
    await list(harness);
    expect(harness.server.requests).toHaveLength(dialect === 'orangex' ? 4 : 2);
    expect(harness.permits()).toBe(harness.server.requests.length);
  });

  test('a list of open orders gets a new key when the old one is refused', async () => {
    const harness = await start({ dialect }, holdKey(keyOf('v1', 'wrong'), keyOf('v2')));
    expect((await list(harness)).keyVersion).toBe('v2');
  });
});

function later(count: number): readonly Fault[] {
  return Array.from({ length: count }, () => ({ kind: 'pass' }) as const);
}

describe('orangex', () => {
  const dialect = 'orangex';

  test('the lists of the two areas of orangex must both succeed', async () => {
    const harness = await start({ dialect });
    harness.server.place();
    for (const area of ['open_orders:PERPETUAL', 'open_orders:SPOT']) {
      harness.server.scriptAlways(area, { kind: 'error', code: 9999 });
      expect((await failureOf(list(harness))).code).toBe('exchange_error');
      harness.server.clearScript();
    }
    expect((await list(harness)).ids.size).toBe(1);
  });

  test('the lists of the two areas of orangex are requested by name, because the exchange replies for an unknown area with no orders', async () => {
    const harness = await start({ dialect });
    await list(harness);
    const bodies = harness.server.requests
      .filter(({ call }) => call === 'open_orders')
      .map(({ body }) => JSON.parse(body));
    expect(bodies).toMatchObject([
      { method: '/private/get_open_orders_by_currency', params: { currency: 'PERPETUAL' } },
      { method: '/private/get_open_orders_by_currency', params: { currency: 'SPOT' } },
    ]);
  });

  test('the lists of the two areas of orangex may show the same order, in which case both rows are returned and the list is complete', async () => {
    const harness = await start({ dialect });
    const id = harness.server.place();
    harness.server.scriptAlways('open_orders:SPOT', {
      kind: 'result',
      text: `[{"order_id":"${id}"}]`,
    });
    const orders = await list(harness);
    expect(orders).toMatchObject({ complete: true });
    expect(readings(orders)).toEqual([
      [id, 'open'],
      [id, 'invalid_response'],
    ]);
  });

  test('the lists of the two areas of orangex are no complete list together when the key changed between them', async () => {
    const harness = await start({ dialect });
    const secret = { clientId: 'tester', clientSecret: 'tester-secret' };
    harness.server.setKeys([secret, { clientId: 'tester2', clientSecret: 'second' }]);
    harness.key.newest = keyOf('v2', 'second', 'tester2');
    const refused = { kind: 'error', code: 13004 } as const;
    harness.server.script('open_orders:SPOT', refused, refused);
    const orders = await list(harness);
    expect(orders).toMatchObject({ complete: false, keyVersion: 'v2' });
  });
});

test('a list of 10 000 orders can be read', async () => {
  const harness = await start({ dialect: 'deribit' });
  for (let i = 0; i < 10_000; i++) harness.server.place();
  const first = await list(harness);
  expect(first.ids.size).toBe(10_000);
  expect((await list(harness, first.changed)).changed).toEqual([]);
});
