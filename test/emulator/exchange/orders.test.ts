import { expect, test } from 'vitest';
import { startExchangeForTest as start } from './exchange-for-test.ts';
import { requestOrder } from './http-client.ts';
import type { Exchange } from './server.ts';
import { lexeme } from './wire.ts';

async function resultOf(exchange: Exchange, id: string): Promise<unknown> {
  const { result } = JSON.parse((await requestOrder(exchange, id)).text);
  return result;
}

test('an order on the emulated exchange goes from open over a partial fill to filled, each step with its time and version', async () => {
  let at = 1_700_000_000_000;
  const exchange = await start({ dialect: 'orangex', now: () => at });
  const id = exchange.place({ amount: '10', price: '50000.5' });
  const created = { creation_timestamp: at, last_update_timestamp: at, version: 1, order_state: 'open' };
  expect(await resultOf(exchange, id)).toMatchObject({ ...created, filled_amount: '0', order_id: id });
  at += 5;
  exchange.partialFill(id, '4');
  const partial = { order_state: 'open', filled_amount: '4', average_price: '50000.5', version: 2 };
  expect(await resultOf(exchange, id)).toMatchObject({ ...partial, last_update_timestamp: at });
  exchange.fill(id, '49999.75');
  const filled = { order_state: 'filled', filled_amount: '10', average_price: '49999.75', version: 3 };
  expect(await resultOf(exchange, id)).toMatchObject({ ...filled, last_update_timestamp: at });
});

test('an order on the emulated exchange ends as cancelled in the spelling of the dialect, with the reason', async () => {
  const orangex = await start({ dialect: 'orangex' });
  const [byUser, bySystem] = [orangex.place(), orangex.place()];
  orangex.cancel(byUser);
  orangex.cancel(bySystem, { error_code: 5998 });
  expect(await resultOf(orangex, byUser)).toMatchObject({ order_state: 'canceled', error_code: 0 });
  expect(await resultOf(orangex, bySystem)).toMatchObject({ order_state: 'canceled', error_code: 5998 });
  const deribit = await start({ dialect: 'deribit' });
  const id = deribit.place();
  deribit.cancel(id);
  expect(await resultOf(deribit, id)).toMatchObject({ order_state: 'cancelled' });
});

test('an order on the emulated exchange keeps its id when it is edited, and can end in a rejection', async () => {
  const exchange = await start({ dialect: 'deribit' });
  const id = exchange.place();
  exchange.edit(id, { price: '1.5' });
  expect(await resultOf(exchange, id)).toMatchObject({ price: 1.5, replaced: true, order_id: id });
  exchange.reject(id);
  expect(await resultOf(exchange, id)).toMatchObject({ order_state: 'rejected' });
});

test('an order on the emulated exchange that is a trigger order ends when it triggers, and the order that it creates names it', async () => {
  const exchange = await start({ dialect: 'deribit' });
  const id = exchange.place({
    order_id: 'ETH-SLIS-12',
    order_state: 'untriggered',
    order_type: 'stop_market',
    instrument_name: 'ETH-PERPETUAL',
    price: 'market_price',
    filled_amount: undefined,
    average_price: undefined,
    details: { trigger_price: lexeme('1.6e-7'), trigger: 'index_price' },
  });
  const { text } = await requestOrder(exchange, id);
  expect(text).toContain('"price":"market_price"');
  expect(text).toContain('"trigger_price":1.6e-7');
  expect(text).toContain('"order_state":"untriggered"');
  expect(text).not.toContain('filled_amount');
  expect(text).not.toContain('average_price');
  const made = exchange.trigger(id, { order_type: 'market' });
  expect(made).not.toBe(id);
  expect(await resultOf(exchange, id)).toMatchObject({ order_state: 'triggered' });
  expect(await resultOf(exchange, made)).toMatchObject({ order_state: 'open', trigger_order_id: id });
  expect(() => exchange.fill(made)).toThrow('average price');
  exchange.fill(made, '12.5');
  expect(await resultOf(exchange, made)).toMatchObject({ order_state: 'filled', average_price: 12.5 });
});

test('an order on the emulated exchange that is a stop order shows as open on orangex before it triggers', async () => {
  const exchange = await start({ dialect: 'orangex' });
  const id = exchange.place({ order_state: 'untriggered' });
  expect(await resultOf(exchange, id)).toMatchObject({ order_state: 'open' });
});

test('an order on the emulated exchange can pass through an unknown state', async () => {
  const exchange = await start({ dialect: 'orangex' });
  const id = exchange.place();
  exchange.update(id, { order_state: 'archived' });
  expect(await resultOf(exchange, id)).toMatchObject({ order_state: 'archived', version: 2 });
  expect(exchange.order(id).order_state).toBe('archived');
});

test.each([
  ['orangex', '"1.10"', '"1.6e-7"', '"-0.050"'],
  ['deribit', '1.10', '1.6e-7', '-0.050'],
] as const)(
  'the digits of an order on the emulated exchange go on the wire of %s as they were scripted',
  async (dialect, amount, price, average) => {
    const exchange = await start({ dialect });
    const id = exchange.place({ amount: '1.10', price: '1.6e-7', average_price: '-0.050' });
    const { text } = await requestOrder(exchange, id);
    expect(text).toContain(`"amount":${amount},`.slice(0, -1));
    expect(text).toContain(`"price":${price},`);
    expect(text).toContain(`"average_price":${average},`);
  },
);

test('the digits of an order on the emulated exchange change only when scripted, those of the order id included', async () => {
  const exchange = await start({ dialect: 'orangex' });
  const id = exchange.place({
    order_id: '39004881276768257',
    amount: lexeme('100000000000000000000.000000000000000000001'),
    details: { order_id: lexeme('39004881276768257'), leverage: 5, tags: ['a', null], version: undefined },
  });
  const { text } = await requestOrder(exchange, id);
  expect(text).toContain('"amount":100000000000000000000.000000000000000000001,');
  expect(text).toContain('"order_id":39004881276768257,');
  expect(text).toContain('"leverage":5,"tags":["a",null]}');
  expect(text).not.toContain('"version"');
});

test('the digits of an order on the emulated exchange are left alone in a whole scripted result', async () => {
  const exchange = await start({ dialect: 'deribit' });
  const raw = '{ "order_id" : "x-1",  "price": 1E400 }';
  exchange.place({ order_id: 'x-1', raw });
  expect((await requestOrder(exchange, 'x-1')).text).toContain(`"result":${raw},`);
});

test('the order memory of the emulated exchange drops a closed order after half an hour on deribit, and never drops a live one', async () => {
  let at = 1_700_000_000_000;
  const exchange = await start({ dialect: 'deribit', now: () => at });
  const [closed, live] = [exchange.place(), exchange.place()];
  exchange.fill(closed);
  at += 30 * 60_000 - 1;
  expect(await resultOf(exchange, closed)).toMatchObject({ order_state: 'filled' });
  at += 1;
  expect((await requestOrder(exchange, closed)).text).toContain('"code":10004');
  at += 1e10;
  expect(await resultOf(exchange, live)).toMatchObject({ order_state: 'open' });
});

test('the order memory of the emulated exchange can drop an order on request, and takes no order id twice', async () => {
  const exchange = await start({ dialect: 'orangex' });
  const id = exchange.place();
  expect(() => exchange.place({ order_id: id })).toThrow('already placed');
  exchange.forget(id);
  expect((await requestOrder(exchange, id)).text).toContain('"code":10004');
  expect(() => exchange.fill(id)).toThrow('forgotten');
});
