import { describe, expect, test } from 'vitest';
import { startExchangeForTest as start } from './exchange-for-test.ts';
import { login, post } from './http-client.ts';
import type { Exchange } from './server.ts';

async function call(exchange: Exchange, method: string, params: object) {
  const headers = { authorization: `bearer ${await login(exchange)}` };
  return post(exchange, `private/${method}`, { params, headers });
}

const instrument = 'BTC-PERPETUAL';

async function history(exchange: Exchange, params: object = {}): Promise<readonly { order_id: string }[]> {
  const given = { instrument_name: instrument, include_unfilled: true, ...params };
  return JSON.parse((await call(exchange, 'get_order_history_by_instrument', given)).text).result;
}

async function idsIn(exchange: Exchange, params: object = {}): Promise<readonly string[]> {
  return (await history(exchange, params)).map(({ order_id: id }) => id);
}

/** A clock that the test moves. */
function clockAt(start = 1_700_000_000_000) {
  let at = start;
  return {
    now: () => at,
    advance: (ms: number) => {
      at += ms;
    },
  };
}

describe.each(['orangex', 'deribit'] as const)('%s', (dialect) => {
  test('the order history of the emulated exchange holds closed orders, the last closed first, page by page', async () => {
    const clock = clockAt();
    const exchange = await start({ dialect, now: clock.now });
    const ids = [exchange.place(), exchange.place(), exchange.place()];
    for (const id of ids) {
      clock.advance(1);
      exchange.fill(id);
    }
    exchange.place();
    exchange.place({ account: 'theirs', order_state: 'filled' });
    exchange.place({ instrument_name: 'ETH-PERPETUAL', order_state: 'filled' });
    const newestFirst = ids.toReversed();
    expect(await idsIn(exchange)).toEqual(newestFirst);
    expect(await idsIn(exchange, { count: 2 })).toEqual(newestFirst.slice(0, 2));
    expect(await idsIn(exchange, { count: 2, offset: 2 })).toEqual(newestFirst.slice(2));
    expect(await idsIn(exchange, { count: 2, offset: 3 })).toEqual([]);
  });

  test('the order history of the emulated exchange refuses a page above the maximum size, and a call without an instrument', async () => {
    const exchange = await start({ dialect });
    const maxCount = dialect === 'orangex' ? 100 : 1_000;
    const send = (params: object) => call(exchange, 'get_order_history_by_instrument', params);
    const page = { instrument_name: instrument, count: maxCount };
    expect((await send(page)).text).toContain('"result":[]');
    expect((await send({ ...page, count: maxCount + 1 })).text).toContain('"code":-32602');
    expect((await send({ count: 1 })).text).toContain('"param":"instrument_name"');
  });

  test('the order history of the emulated exchange holds an order that get_order_state no longer finds, unless the order was erased', async () => {
    const exchange = await start({ dialect });
    const [closed, live] = [exchange.place(), exchange.place()];
    exchange.cancel(closed);
    exchange.forget(closed);
    exchange.forget(live);
    expect((await call(exchange, 'get_order_state', { order_id: closed })).text).toContain('"code":10004');
    expect(await idsIn(exchange)).toEqual([closed]);
    exchange.erase(closed);
    expect(await idsIn(exchange)).toEqual([]);
  });

  test('the order history of the emulated exchange shows an end only after the indexing time, and older states, fewer fields and errors when scripted', async () => {
    const clock = clockAt();
    const exchange = await start({ dialect, now: clock.now, history: { indexingMs: 60_000 } });
    const id = exchange.place();
    exchange.fill(id);
    clock.advance(59_999);
    expect(await idsIn(exchange)).toEqual([]);
    clock.advance(1);
    expect(await idsIn(exchange)).toEqual([id]);
    exchange.script('order_history', { kind: 'olderRow' }, { kind: 'thinRows' }, { kind: 'error', code: 10040 });
    expect(await history(exchange)).toMatchObject([{ order_id: id, order_state: 'open' }]);
    expect((await history(exchange))[0]).not.toHaveProperty('reduce_only');
    expect(await history(exchange)).toBeUndefined();
    expect(exchange.count('order_history')).toBe(5);
  });

  test('the order history of the emulated exchange has the trades of an order, one for each increase of its filled amount', async () => {
    const exchange = await start({ dialect });
    const id = exchange.place({ amount: '10' });
    exchange.partialFill(id, '4');
    exchange.fill(id);
    const { result } = JSON.parse((await call(exchange, 'get_user_trades_by_order', { order_id: id })).text);
    const trades = dialect === 'orangex' ? result.trades : result;
    expect(trades).toMatchObject([
      { order_id: id, amount: 4 },
      { order_id: id, amount: 6 },
    ]);
    const { text } = await call(exchange, 'get_user_trades_by_order', { order_id: 'nobodys' });
    expect(text).toContain(dialect === 'orangex' ? '"trades":[]' : '"result":[]');
  });
});

test('the emulated orangex can show live orders in its history', async () => {
  const exchange = await start({ dialect: 'orangex', history: { withOpen: true } });
  const id = exchange.place();
  expect(await history(exchange)).toMatchObject([{ order_id: id, order_state: 'open' }]);
});

test('the recent and the historical store of the emulated deribit never hold an order at the same time, and for a while neither holds it', async () => {
  const clock = clockAt();
  const exchange = await start({ dialect: 'deribit', now: clock.now, history: { archivingMs: 60_000 } });
  const id = exchange.place();
  exchange.fill(id);
  const stores = async () => [await idsIn(exchange), await idsIn(exchange, { historical: true })];
  expect(await stores()).toEqual([[id], []]);
  clock.advance(30 * 60_000);
  expect(await stores()).toEqual([[], []]);
  clock.advance(60_000);
  expect(await stores()).toEqual([[], [id]]);
});

test('the recent and the historical store of the emulated deribit show orders without a fill, and old orders, only on request', async () => {
  const clock = clockAt();
  const exchange = await start({ dialect: 'deribit', now: clock.now });
  const [filled, canceled] = [exchange.place(), exchange.place()];
  exchange.cancel(canceled);
  exchange.fill(filled);
  expect(await idsIn(exchange, { include_unfilled: false })).toEqual([filled]);
  clock.advance(3 * 24 * 3_600_000);
  expect(await idsIn(exchange, { historical: true })).toEqual([]);
  const old = await idsIn(exchange, { historical: true, include_old: true });
  expect(old.toSorted()).toEqual([filled, canceled].toSorted());
});

test('the recent and the historical store of the emulated deribit keep trades older than a day apart, as a list or in an object', async () => {
  const clock = clockAt();
  const exchange = await start({ dialect: 'deribit', now: clock.now, history: { wrappedTrades: true } });
  const id = exchange.place();
  exchange.fill(id);
  clock.advance(24 * 3_600_000 + 1);
  const trades = async (historical: boolean) =>
    JSON.parse((await call(exchange, 'get_user_trades_by_order', { order_id: id, historical })).text).result;
  expect(await trades(false)).toEqual({ trades: [], has_more: false });
  expect(await trades(true)).toMatchObject({ trades: [{ order_id: id }], has_more: false });
});
