import { describe, expect, test } from 'vitest';
import { startExchangeForTest as start } from './exchange-for-test.ts';
import { fieldOf, login, post } from './http-client.ts';
import type { Exchange } from './server.ts';

type HttpReply = ReturnType<typeof post>;

async function call(exchange: Exchange, method: string, params: object = {}): HttpReply {
  return post(exchange, `private/${method}`, {
    params,
    headers: { authorization: `bearer ${await login(exchange)}` },
  });
}

/** A list of the dialect's own: all of Deribit's, or one area of OrangeX's. */
function list(exchange: Exchange, currency = 'PERPETUAL'): HttpReply {
  return exchange.dialect === 'deribit'
    ? call(exchange, 'get_open_orders')
    : call(exchange, 'get_open_orders_by_currency', { currency });
}

async function rowsOf(reply: HttpReply): Promise<readonly { readonly [field: string]: unknown }[]> {
  return JSON.parse((await reply).text).result;
}

async function idsOf(reply: HttpReply): Promise<readonly unknown[]> {
  return (await rowsOf(reply)).map(({ order_id: id }) => id);
}

describe.each(['orangex', 'deribit'] as const)('%s', (dialect) => {
  test('a list of open orders on the emulated exchange holds every live order of the account, the newest first, and no closed order', async () => {
    const exchange = await start({ dialect });
    const [first, second, closed] = [exchange.place(), exchange.place(), exchange.place()];
    exchange.place({ account: 'theirs' });
    exchange.place({ unlisted: true });
    exchange.cancel(closed);
    expect(await idsOf(list(exchange))).toEqual([second, first]);
    exchange.fill(second);
    exchange.partialFill(first, '3');
    expect(await rowsOf(list(exchange))).toEqual([expect.objectContaining({ order_id: first, order_state: 'open' })]);
    expect(exchange.count('open_orders')).toBe(2);
  });

  test('a list of open orders on the emulated exchange is empty where there are no orders', async () => {
    const exchange = await start({ dialect });
    expect((await list(exchange)).text).toContain('"result":[]');
  });

  test('a list of open orders on the emulated exchange holds the same rows as get_order_state, but for fields that lists leave out', async () => {
    const exchange = await start({ dialect });
    const id = exchange.place({ amount: '1.10', price: '1.6e-7' });
    const { text } = await call(exchange, 'get_order_state', { order_id: id });
    const { result } = JSON.parse(text);
    expect(await rowsOf(list(exchange))).toEqual([{ ...result, currency: undefined }]);
    expect((await list(exchange)).text).toContain(dialect === 'orangex' ? '"amount":"1.10"' : '"amount":1.10');
  });

  test('a list of open orders on the emulated exchange requires a key, and counts as a call', async () => {
    const exchange = await start({ dialect, rateLimit: { perSecond: 1, burst: 1 } });
    const method = dialect === 'deribit' ? 'get_open_orders' : 'get_open_orders_by_currency';
    const refused = dialect === 'deribit' ? 13009 : 10000;
    expect((await post(exchange, `private/${method}`)).text).toContain(`"code":${refused}`);
    exchange.place();
    expect(await idsOf(list(exchange))).toHaveLength(1);
    expect((await list(exchange)).text).toContain('"code":10028');
  });

  test('a list of open orders on the emulated exchange can be limited to one instrument', async () => {
    const exchange = await start({ dialect });
    const id = exchange.place({ instrument_name: 'ETH-PERPETUAL' });
    exchange.place();
    const reply = call(exchange, 'get_open_orders_by_instrument', { instrument_name: 'ETH-PERPETUAL' });
    expect(await idsOf(reply)).toEqual([id]);
    expect((await call(exchange, 'get_open_orders_by_instrument')).text).toContain('"code":-32602');
  });

  test('a list of open orders on the emulated exchange lags behind the orders for as long as a script says', async () => {
    let at = 1_700_000_000_000;
    const exchange = await start({ dialect, now: () => at });
    exchange.scriptAlways('open_orders', { kind: 'lag', ms: 3_000 });
    const id = exchange.place();
    expect(await idsOf(list(exchange))).toEqual([]);
    at += 3_000;
    expect(await idsOf(list(exchange))).toEqual([id]);
    exchange.fill(id);
    at += 2_999;
    expect(await idsOf(list(exchange))).toEqual([id]);
    at += 1;
    expect(await idsOf(list(exchange))).toEqual([]);
  });

  test('a list of open orders on the emulated exchange has wrong rows when a script says so, and leaves the other rows correct', async () => {
    const exchange = await start({ dialect });
    const [a, b] = [exchange.place({ price: '1' }), exchange.place({ price: '1' })];
    exchange.edit(a, { price: '2' });
    const under = (...faults: Parameters<Exchange['script']> extends [unknown, ...infer Rest] ? Rest : never) => {
      exchange.script('open_orders', ...faults);
      return list(exchange);
    };
    expect(await idsOf(under({ kind: 'omitRow', orderId: a }))).toEqual([b]);
    expect(await idsOf(under({ kind: 'omitRow' }))).toEqual([a]);
    expect(await idsOf(under({ kind: 'repeatRow', orderId: a }))).toEqual([b, a, a]);
    const prices = async (reply: HttpReply) => (await rowsOf(reply)).map(({ price }) => Number(price));
    expect(await prices(under({ kind: 'repeatRow', orderId: a, back: 1 }))).toEqual([1, 2, 1]);
    expect(await prices(under({ kind: 'olderRow', orderId: a }))).toEqual([1, 1]);
    expect(await prices(list(exchange))).toEqual([1, 2]);
    expect((await rowsOf(under({ kind: 'spoilRow', orderId: a })))[1]).toEqual({ order_id: a });
    expect((await rowsOf(under({ kind: 'spoilRow', orderId: a, text: '[7]' })))[1]).toEqual([7]);
    const [thin] = await rowsOf(under({ kind: 'thinRows' }));
    expect(thin).not.toHaveProperty('reduce_only');
    expect(thin).toMatchObject({ order_id: b, order_state: 'open' });
  });

  test('a list of open orders on the emulated exchange can fail, break off or be empty like any other reply', async () => {
    const exchange = await start({ dialect });
    exchange.place();
    exchange.script(
      'open_orders',
      { kind: 'error', code: 11051 },
      { kind: 'result', text: '[]' },
      { kind: 'truncate' },
    );
    expect((await list(exchange)).text).toContain('"code":11051');
    expect(await idsOf(list(exchange))).toEqual([]);
    const { text } = await list(exchange);
    expect(() => JSON.parse(text)).toThrow();
  });
});

test('the areas of the emulated orangex each hold their own orders, and an unknown area holds none and is no error', async () => {
  const exchange = await start({ dialect: 'orangex' });
  const perpetual = exchange.place({ instrument_name: 'BTC-USDT-PERPETUAL' });
  const spot = exchange.place({ instrument_name: 'BTC-USDT' });
  expect(await idsOf(list(exchange))).toEqual([perpetual]);
  expect(await idsOf(list(exchange, 'SPOT'))).toEqual([spot]);
  expect(await idsOf(list(exchange, 'BTC'))).toEqual([]);
  exchange.script('open_orders:SPOT', { kind: 'error', code: 9999 });
  expect(await idsOf(list(exchange))).toEqual([perpetual]);
  expect((await list(exchange, 'SPOT')).text).toContain('"code":9999');
});

test('the areas of the emulated orangex must be listed one by one, because no call lists them all', async () => {
  const exchange = await start({ dialect: 'orangex' });
  expect((await call(exchange, 'get_open_orders')).text).toContain('"code":1000');
  expect((await call(exchange, 'get_open_orders_by_currency')).text).toContain('"code":-32602');
});

test('the emulated deribit lists an untriggered order without a filled amount and an average price', async () => {
  const exchange = await start({ dialect: 'deribit' });
  const id = exchange.place({ order_state: 'untriggered', order_type: 'stop_market', price: 'market_price' });
  const { text } = await list(exchange);
  expect(fieldOf(text, 'order_id')).toBe(id);
  expect(text).toContain('"order_state":"untriggered"');
  expect(text).not.toContain('filled_amount');
  expect(text).not.toContain('average_price');
});
