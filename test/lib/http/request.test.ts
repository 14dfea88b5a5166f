import { describe, expect, it } from 'vitest';
import { routes } from '../../../lib/api/routes.ts';
import { deadlineOf, readBody, readParameters } from '../../../lib/http/request.ts';
import { getOrderEvent } from '../../functions/events.ts';
import { failureOf } from '../thrown.ts';

const good = { account: 'main', order_id: 'BTC-1.x_Y' };

describe('parameters', () => {
  it.each<[Record<string, string>, string, object]>([
    [good, '', good],
    [good, 'max_age=0', { ...good, max_age: 0 }],
    [good, 'max_age=90', { ...good, max_age: 90 }],
    [good, 'max_age=%39%30', { ...good, max_age: 90 }],
    [good, 'max_age=999999', { ...good, max_age: 999_999 }],
    [{ account: 'a'.repeat(32), order_id: 'Z'.repeat(64) }, '', { account: 'a'.repeat(32), order_id: 'Z'.repeat(64) }],
  ])('the parameters of a request are read from the path %j and the query %j', (path, query, read) => {
    expect(readParameters(routes.getOrder, getOrderEvent(path, query))).toEqual(read);
  });

  const account = 'Parameter "account" must be 1 to 32 characters from a-z, 0-9 and -.';
  const orderId = 'Parameter "order_id" must be 1 to 64 characters from A-Z, a-z, 0-9, ., _ and -.';
  const maxAge = 'Parameter "max_age" must be a whole number of seconds, 0 to 999999.';
  it.each<[string, Record<string, string>, string, string]>([
    ['an account in upper case', { ...good, account: 'Main' }, '', account],
    ['an empty account', { ...good, account: '' }, '', account],
    ['an account that is too long', { ...good, account: 'a'.repeat(33) }, '', account],
    ['an account with a line end', { ...good, account: 'main\n' }, '', account],
    ['an account with a key separator', { ...good, account: 'main#x' }, '', account],
    ['an empty order id', { ...good, order_id: '' }, '', orderId],
    ['an order id that is too long', { ...good, order_id: '1'.repeat(65) }, '', orderId],
    ['an order id with a slash', { ...good, order_id: '../x' }, '', orderId],
    ['an order id with a space', { ...good, order_id: 'a b' }, '', orderId],
    ['an order id with a control character', { ...good, order_id: 'a\u0000' }, '', orderId],
    ['an order id with a line end', { ...good, order_id: '1\n' }, '', orderId],
    ['an order id beyond ASCII', { ...good, order_id: '１２' }, '', orderId],
    ['an empty max_age', good, 'max_age=', maxAge],
    ['a max_age without a value', good, 'max_age', maxAge],
    ['a negative max_age', good, 'max_age=-1', maxAge],
    ['a fractional max_age', good, 'max_age=1.5', maxAge],
    ['a max_age with an exponent', good, 'max_age=1e3', maxAge],
    ['a max_age in hexadecimal', good, 'max_age=0x10', maxAge],
    ['a max_age with a blank', good, 'max_age=+1', maxAge],
    ['a max_age that is too long', good, 'max_age=1000000', maxAge],
    ['a max_age with a control character', good, 'max_age=1%00', maxAge],
    ['a max_age with a line end', good, 'max_age=1%0A', maxAge],
    ['a max_age beyond ASCII', good, `max_age=${encodeURIComponent('٣')}`, maxAge],
    ['a max_age given twice', good, 'max_age=1&max_age=1', 'Parameter "max_age" is given twice.'],
    ['a path parameter in the query too', good, 'account=main', 'Parameter "account" is given twice.'],
    ['an unknown parameter', good, 'maxage=1', 'Parameter "maxage" is unknown here.'],
    ['an unknown parameter without a name', good, '=1', 'Parameter "" is unknown here.'],
    ['an unknown parameter without a value', good, 'constructor', 'Parameter "constructor" is unknown here.'],
    ['an over-long unknown one', good, `${'x'.repeat(5_000)}=1`, `Parameter "${'x'.repeat(64)}" is unknown here.`],
    ['an unknown one of control characters', good, '%00%0A%22=1', 'Parameter "\\u0000\\n\\"" is unknown here.'],
  ])('the parameters of a request are refused for %s', async (_, path, query, message) => {
    const failure = await failureOf(
      Promise.resolve().then(() => readParameters(routes.getOrder, getOrderEvent(path, query))),
    );
    expect(failure.code).toBe('bad_request');
    expect(failure.message).toBe(message);
    const [, name = ''] = /^Parameter ("(?:[^"\\]|\\.)*")/.exec(message) ?? [];
    expect(failure.members).toEqual({ parameters: [JSON.parse(name)] });
  });

  it('the parameters of a request are refused when one is missing, by its name', async () => {
    const { pathParameters: _, ...event } = getOrderEvent(good);
    const failure = await failureOf(Promise.resolve().then(() => readParameters(routes.getOrder, event)));
    expect(failure.code).toBe('bad_request');
    expect(failure.message).toBe('Parameter "account" is missing. Parameter "order_id" is missing.');
  });
});

describe('bodies', () => {
  const read = (body: string | undefined, isBase64Encoded = false) =>
    failureOf(
      Promise.resolve().then(() => {
        const { body: _, ...event } = getOrderEvent(good);
        return readBody(routes.checkOrders, { ...event, ...(body !== undefined && { body }), isBase64Encoded });
      }),
    );

  it('the body of a request is read as text and as base64', () => {
    const body = '{"order_ids":["1","2"],"max_age":5}';
    const expected = { order_ids: ['1', '2'], max_age: 5 };
    const event = getOrderEvent(good);
    expect(readBody(routes.checkOrders, { ...event, body })).toEqual(expected);
    const base64 = { body: Buffer.from(body).toString('base64'), isBase64Encoded: true };
    expect(readBody(routes.checkOrders, { ...event, ...base64 })).toEqual(expected);
  });

  it.each<[string, string | undefined, string]>([
    ['is missing', undefined, 'Parameter "body" must be JSON, nested at most 32 deep.'],
    ['is no JSON', '{', 'Parameter "body" must be JSON, nested at most 32 deep.'],
    ['gives a key twice', '{"order_ids":["1"],"order_ids":["2"]}', 'Parameter "order_ids" is given twice.'],
    ['is over-long', ' '.repeat(32 * 1024 + 1), 'Parameter "body" must be at most 32768 bytes long.'],
    ['is over-long in bytes', 'ж'.repeat(16 * 1024 + 1), 'Parameter "body" must be at most 32768 bytes long.'],
    ['lacks its ids', '{}', 'Parameter "order_ids" is missing.'],
    [
      'has an id too many',
      JSON.stringify({ order_ids: Array.from({ length: 101 }, (_, i) => `${i}`) }),
      'Parameter "order_ids" must name at most 100 orders.',
    ],
    ['names an order twice', '{"order_ids":["1","1"]}', 'Parameter "order_ids" must name each order once.'],
    ['has a number for an id', '{"order_ids":[1]}', 'Parameter "order_ids" has an item that must be a string.'],
    ['has something unknown', '{"order_ids":["1"],"maxage":1}', 'Parameter "maxage" is unknown here.'],
  ])('the body of a request is refused when it %s', async (_, body, message) => {
    const failure = await read(body);
    expect(failure).toMatchObject({ code: 'bad_request', message });
  });

  it.each(['[]', '"x"', 'null', '7'])('the body of a request is refused when it is %s', async (body) => {
    expect(await read(body)).toMatchObject({
      message: 'Parameter "body" must be an object.',
      members: { parameters: ['body'] },
    });
  });
});

it.each([
  [900_000, 25_000],
  [29_000, 25_000],
  [26_500, 25_000],
  [26_499, 24_999],
  [10_000, 8_500],
  [1_500, 0],
  [100, -1_400],
])('the deadline of a request in an invocation with %i ms left is in %i ms', (remaining, left) => {
  expect(deadlineOf(1_000_000, remaining)).toBe(1_000_000 + left);
});

it('the body of a request may start with a byte-order mark', () => {
  const event = { ...getOrderEvent(good), body: '\uFEFF{"order_ids":["1"]}' };
  expect(readBody(routes.checkOrders, event)).toEqual({ order_ids: ['1'] });
});
