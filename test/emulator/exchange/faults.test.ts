import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Fault } from './faults.ts';
import { credentials, login, post, requestOrder, send } from './http-client.ts';
import { seedId, seedReply } from './seed-order.ts';
import { type Exchange, startExchange } from './server.ts';

const id = seedId;
let exchange: Exchange;
beforeEach(async () => {
  exchange = await startExchange({ dialect: 'orangex' });
});
afterEach(() => exchange.stop());

/** What comes back for the seed's order under one fault. */
function under(fault: Fault) {
  exchange.script(id, fault);
  return requestOrder(exchange, id, { id: '"248"' });
}

test.each([
  { kind: 'drop' },
  { kind: 'drop', reset: true },
  { kind: 'dropAfterHeaders' },
  { kind: 'truncate', framing: 'short' },
  { kind: 'truncate', framing: 'short', at: 1 },
] as const)('a connection fault of the emulated exchange of the form %o ends the connection early', async (fault) => {
  await expect(under(fault)).rejects.toThrow(/socket hang up|ECONNRESET|aborted/);
});

test('a connection fault of the emulated exchange sends the headers before it drops the connection, and part of the body when scripted to', async () => {
  const headers = { authorization: `bearer ${await login(exchange)}` };
  const body = `{"jsonrpc":"2.0","id":"248","method":"/private/get_order_state","params":{"order_id":"${id}"}}`;
  const send = () => fetch(`${exchange.url}/private/get_order_state`, { method: 'POST', headers, body });
  exchange.script(id, { kind: 'dropAfterHeaders' }, { kind: 'truncate', framing: 'short', at: 9 });
  const first = await send();
  expect(first.headers.get('content-length')).toBe(String(seedReply.length));
  await expect(first.text()).rejects.toThrow();
  const reader = (await send()).body?.getReader();
  const start = await reader?.read();
  expect(Buffer.from(start?.value ?? []).toString()).toBe(seedReply.slice(0, 9));
  await expect(reader?.read()).rejects.toThrow();
});

test('a connection fault of the emulated exchange leaves a request without a reply until the exchange stops or disconnects', async () => {
  exchange.scriptAlways('any', { kind: 'hang' });
  const requested = requestOrder(exchange, id).catch(() => 'gone');
  await exchange.received(1);
  exchange.disconnect();
  expect(await requested).toBe('gone');
});

test('a connection fault of the emulated exchange holds a reply until the test releases it', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let replied = false;
  const requested = under({ kind: 'hold', until: promise }).finally(() => {
    replied = true;
  });
  await exchange.received(2);
  expect((await requestOrder(exchange, id, { id: '"248"' })).text).toBe(seedReply);
  expect(replied).toBe(false);
  resolve();
  expect((await requested).text).toBe(seedReply);
});

test('a connection fault of the emulated exchange delays a reply, and can combine the delay with another fault', async () => {
  expect((await under({ kind: 'delay', ms: 1 })).text).toBe(seedReply);
  expect((await under({ kind: 'delay', ms: 1, next: { kind: 'html' } })).status).toBe(502);
  const held = { kind: 'hold', until: Promise.resolve(), next: { kind: 'empty' } } as const;
  expect((await under(held)).text).toBe('');
});

test('a connection fault of the emulated exchange sends byte by byte a body that is complete in the end', async () => {
  expect((await under({ kind: 'slowBody', bytes: 100, everyMs: 1 })).text).toBe(seedReply);
});

test('an HTTP fault of the emulated exchange truncates the JSON inside a complete message, with a content length or in chunks', async () => {
  const cut = await under({ kind: 'truncate' });
  expect(cut.text).toBe(seedReply.slice(0, seedReply.length / 2));
  expect(cut.headers['content-length']).toBe(String(cut.text.length));
  const chunked = await under({ kind: 'truncate', framing: 'chunked', at: 20 });
  expect(chunked.text).toBe(seedReply.slice(0, 20));
  expect(chunked.headers['transfer-encoding']).toBe('chunked');
});

test('an HTTP fault of the emulated exchange replies with a page, an empty body, a status, a redirect, or any text', async () => {
  expect(await under({ kind: 'html', status: 503 })).toMatchObject({
    status: 503,
    headers: { 'content-type': 'text/html' },
    text: expect.stringContaining('<html>'),
  });
  expect(await under({ kind: 'empty' })).toMatchObject({ status: 200, text: '' });
  expect(await under({ kind: 'status', status: 429, retryAfter: 3, body: 'slow down' })).toMatchObject({
    status: 429,
    headers: { 'retry-after': '3' },
    text: 'slow down',
  });
  const location = 'http://127.0.0.1:1/elsewhere';
  expect(await under({ kind: 'redirect', location })).toMatchObject({ status: 302, headers: { location } });
  expect(await under({ kind: 'raw', body: '{"a":' })).toMatchObject({ status: 200, text: '{"a":' });
});

test('an HTTP fault of the emulated exchange makes a reply too large, but otherwise correct', async () => {
  const { text } = await under({ kind: 'oversized', bytes: 300_000 });
  expect(text.length).toBeGreaterThan(300_000);
  expect(JSON.parse(text)).toMatchObject({ id: '248', result: { order_id: id } });
});

test('an HTTP fault of the emulated exchange compresses a reply although the request did not accept that, or sends a zip bomb', async () => {
  const zipped = await under({ kind: 'gzip' });
  expect(zipped.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(zipped.bytes).toString()).toBe(seedReply);
  const bomb = await under({ kind: 'gzip', bytes: 5_000_000 });
  expect(bomb.bytes.length).toBeLessThan(20_000);
  expect(gunzipSync(bomb.bytes).length).toBeGreaterThan(5_000_000);
});

test('an HTTP fault of the emulated exchange puts bytes that are not UTF-8 into a string', async () => {
  const { bytes } = await under({ kind: 'invalidUtf8' });
  expect(bytes.includes(Buffer.from([0x22, 0xff, 0xfe, 0x22]))).toBe(true);
  expect(JSON.parse(bytes.toString('utf8'))).toMatchObject({ result: { order_id: id } });
});

test.each<[Fault, string]>([
  [{ kind: 'wrongId' }, seedReply.replace('"id":"248"', '"id":987654321')],
  [{ kind: 'wrongId', id: '"249"' }, seedReply.replace('"248"', '"249"')],
  [{ kind: 'noId' }, seedReply.replace('"id":"248",', '')],
  [{ kind: 'nullId' }, seedReply.replace('"248"', 'null')],
  [{ kind: 'noJsonrpc' }, seedReply.replace('"jsonrpc":"2.0",', '')],
  [{ kind: 'noTimes' }, seedReply.replace(/"usIn".*(?="result")/, '')],
  [{ kind: 'neither' }, seedReply.replace(/,"result":\{.*\}\}/, '}')],
  [{ kind: 'result', text: '[1.10]' }, seedReply.replace(/"result":\{.*\}\}/, '"result":[1.10]}')],
  [{ kind: 'otherOrder' }, seedReply.replace(id, `${id}1`)],
  [{ kind: 'otherOrder', orderId: 'x' }, seedReply.replace(id, 'x')],
  [{ kind: 'duplicateKeys' }, seedReply.replace('"result":{', '"result":{"order_state":"filled",')],
  [{ kind: 'duplicateKeys', name: 'version', value: '1' }, seedReply.replace('"amount"', '"version":1,"amount"')],
  [{ kind: 'deep', levels: 3 }, seedReply.replace('"amount"', '"deep":[[[]]],"amount"')],
  [{ kind: 'pass' }, seedReply],
])(
  'a JSON-RPC fault of the emulated exchange of the form %o changes that and nothing else',
  async (fault, expected) => {
    expect((await under(fault)).text).toBe(expected);
  },
);

test('a JSON-RPC fault of the emulated exchange can claim both success and failure', async () => {
  const reply = JSON.parse((await under({ kind: 'bothResultAndError' })).text);
  expect(reply).toMatchObject({ result: { order_id: id }, error: { code: 10040 } });
});

test('a JSON-RPC fault of the emulated exchange can be any scripted error, with the HTTP status of the dialect', async () => {
  const plain = await under({ kind: 'error', code: 11051 });
  expect(plain.status).toBe(200);
  expect(JSON.parse(plain.text)).toMatchObject({ id: '248', error: { code: 11051, message: 'system_maintenance' } });
  const odd = await under({
    kind: 'error',
    code: 9902,
    message: 'odd',
    data: { a: 1 },
    withId: false,
    httpStatus: 500,
  });
  expect(odd.status).toBe(500);
  expect(odd.text).not.toContain('"id"');
  expect(JSON.parse(odd.text)).toMatchObject({ error: { code: 9902, message: 'odd', data: { a: 1 } } });
  const throttled = await under({ kind: 'throttle', wait: 7 });
  expect(JSON.parse(throttled.text)).toMatchObject({ error: { code: 10028, data: { wait: 7 } } });
  const deribit = await startExchange({ dialect: 'deribit' });
  deribit.script('order', { kind: 'throttle', wait: 1 }, { kind: 'error', code: 13009 });
  expect((await requestOrder(deribit, id)).status).toBe(400);
  expect((await requestOrder(deribit, id)).status).toBe(401);
  await deribit.stop();
});

test('a JSON-RPC fault of the emulated exchange can show the order as it was before, as orangex does for a while after a cancel', async () => {
  const placed = exchange.place({ amount: '10' });
  exchange.partialFill(placed, '4');
  exchange.cancel(placed);
  exchange.script(placed, { kind: 'stale' }, { kind: 'stale', back: 2 }, { kind: 'stale', back: 3 });
  const send = async () => JSON.parse((await requestOrder(exchange, placed)).text);
  expect(await send()).toMatchObject({ result: { order_state: 'open', filled_amount: '4', version: 2 } });
  expect(await send()).toMatchObject({ result: { order_state: 'open', filled_amount: '0', version: 1 } });
  expect(await send()).toMatchObject({ result: { order_state: 'canceled', version: 3 } });
});

test('a JSON-RPC fault of the emulated exchange can be written by the test itself', async () => {
  const reply = await under((request, genuine) => ({
    status: 418,
    headers: { 'x-order': request.orderId ?? '' },
    body: genuine.body.replace('855', '856'),
  }));
  expect(reply).toMatchObject({ status: 418, headers: { 'x-order': id }, text: seedReply.replace('855', '856') });
});

test('a JSON-RPC fault of the emulated exchange that throws is shown to the test as a 500', async () => {
  const reply = await under(() => {
    throw new Error('no such luck');
  });
  expect(reply.status).toBe(500);
  expect(reply.text).toContain('no such luck');
});

describe('scripts', () => {
  test('a fault script of the emulated exchange is consumed one fault per matching request, the most specific target first', async () => {
    const other = exchange.place();
    exchange.script('any', { kind: 'status', status: 503 });
    exchange.script('order', { kind: 'status', status: 502 });
    exchange.script(id, { kind: 'status', status: 501 }, { kind: 'pass' });
    const headers = { authorization: `bearer ${await loginAround()}` };
    const statuses: number[] = [];
    for (const order_id of [other, id, id, id]) {
      statuses.push((await post(exchange, 'private/get_order_state', { headers, params: { order_id } })).status);
    }
    expect(statuses).toStrictEqual([502, 501, 200, 200]);
  });

  /** The one fault for any request goes to the first login. */
  async function loginAround(): Promise<string> {
    expect((await post(exchange, 'public/auth', { params: credentials })).status).toBe(503);
    return login(exchange);
  }

  test('a fault script of the emulated exchange for authentication does not affect orders, and one for orders does not affect logins', async () => {
    exchange.script('auth', { kind: 'error', code: 13004 });
    exchange.script('order', { kind: 'neither' });
    expect((await post(exchange, 'public/auth', { params: credentials })).text).toContain('13004');
    expect((await requestOrder(exchange, id)).text).not.toContain('"result"');
    expect((await requestOrder(exchange, id, { id: '"248"' })).text).toBe(seedReply);
  });

  test('a fault script of the emulated exchange for an order waits for a request that is authenticated', async () => {
    exchange.script(id, { kind: 'html' });
    expect((await post(exchange, 'private/get_order_state', { params: { order_id: id } })).text).toContain('10000');
    expect((await requestOrder(exchange, id)).status).toBe(502);
  });

  test('a fault script of the emulated exchange works for orders that do not exist', async () => {
    exchange.script('no-such-order', { kind: 'error', code: 10041 });
    expect((await requestOrder(exchange, 'no-such-order')).text).toContain('10041');
    expect((await requestOrder(exchange, 'no-such-order')).text).toContain('10004');
  });

  test('a fault script of the emulated exchange can apply to every request until it is cleared', async () => {
    exchange.scriptAlways('order', { kind: 'html' });
    exchange.script(id, { kind: 'pass' });
    const statuses = [
      await requestOrder(exchange, id),
      await requestOrder(exchange, id),
      await requestOrder(exchange, id),
    ];
    expect(statuses.map(({ status }) => status)).toStrictEqual([200, 502, 502]);
    exchange.clearScript('order');
    expect((await requestOrder(exchange, id)).status).toBe(200);
    exchange.script(id, { kind: 'html' });
    exchange.clearScript();
    expect((await requestOrder(exchange, id)).status).toBe(200);
  });

  test('a fault script of the emulated exchange affects requests that are not valid calls when its target is any request', async () => {
    exchange.script('any', { kind: 'raw', body: 'hello' });
    expect((await send('POST', `${exchange.url}/nowhere`, {}, 'what')).text).toBe('hello');
  });
});
