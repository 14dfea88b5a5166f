import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { startExchangeForTest as start } from './exchange-for-test.ts';
import { get, login, post, requestOrder, send } from './http-client.ts';
import { seedFields, seedId, seedReply } from './seed-order.ts';

test('the emulated deribit replies to public/test without authentication, with a version', async () => {
  const exchange = await start({ dialect: 'deribit' });
  const { status, text } = await post(exchange, 'public/test', { params: {} });
  expect(status).toBe(200);
  expect(JSON.parse(text)).toMatchObject({ jsonrpc: '2.0', result: { version: expect.stringMatching(/^[\d.]+$/) } });
  const unknown = await post(await start({ dialect: 'orangex' }), 'public/test', { params: {} });
  expect(JSON.parse(unknown.text)).toMatchObject({ error: { code: 1000 } });
});

test('the example order of the specification on the emulated exchange is returned by orangex exactly as printed, to the digit and in the same order of fields', async () => {
  const exchange = await start({ dialect: 'orangex' });
  const reply = await requestOrder(exchange, seedId, { id: '"248"' });
  expect(reply.status).toBe(200);
  expect(reply.text).toBe(seedReply);
  expect(JSON.parse(reply.text)).toStrictEqual({
    id: '248',
    jsonrpc: '2.0',
    usIn: 1597130045270,
    usOut: 1597130046950,
    usDiff: 1680,
    result: seedFields,
  });
});

test('the example order of the specification on the emulated exchange has the same fields on deribit, but numbers, microseconds and the other spelling', async () => {
  const exchange = await start({ dialect: 'deribit' });
  const reply = await requestOrder(exchange, seedId, { id: '"248"' });
  expect(JSON.parse(reply.text)).toMatchObject({
    id: '248',
    jsonrpc: '2.0',
    usIn: 1597130045270000,
    usOut: 1597130046950000,
    usDiff: 1680000,
    testnet: true,
    result: {
      amount: 1,
      price: 855,
      direction: 'buy',
      version: 1,
      order_state: 'cancelled',
      instrument_name: 'BTC-14AUG20-11000-C',
      time_in_force: 'good_til_cancelled',
      last_update_timestamp: 1597129894026,
      filled_amount: 0,
      average_price: 0,
      order_id: '39004881276768256',
      creation_timestamp: 1597129894025,
      order_type: 'limit',
      label: '',
      post_only: false,
      api: true,
    },
  });
});

test('the example order of the specification on the emulated exchange stays for ever, unless the test calls `forget`', async () => {
  let at = 1_700_000_000_000;
  const exchange = await start({ dialect: 'deribit', now: () => at, tokenLifeSeconds: 1e9, forgetAfterMs: 1 });
  at += 100 * 86_400_000;
  expect((await requestOrder(exchange, seedId)).text).toContain('"result"');
  exchange.forget(seedId);
  expect((await requestOrder(exchange, seedId)).text).toContain('"code":10004');
});

test.each(['"248"', '248', '39004881276768257', '1.0', '"ü\\n"', 'null', '""', '0'])(
  'the JSON-RPC id of a call to the emulated exchange comes back as it was sent: %s',
  async (id) => {
    const exchange = await start({ dialect: 'orangex' });
    const reply = await requestOrder(exchange, seedId, { id });
    expect(reply.text.startsWith(`{"id":${id},"jsonrpc"`)).toBe(true);
  },
);

test('the JSON-RPC id of a call to the emulated exchange is the outer id, not a parameter that is called id too', async () => {
  const exchange = await start({ dialect: 'orangex' });
  const reply = await requestOrder(exchange, '', { id: '7', params: { order_id: seedId, id: 8 } });
  expect(reply.text.startsWith('{"id":7,')).toBe(true);
});

test('the JSON-RPC id of a call to the emulated exchange is returned with an error too, and absent from the reply to a GET', async () => {
  const exchange = await start({ dialect: 'deribit' });
  const refused = await post(exchange, 'private/get_order_state', { id: '5', params: { order_id: 'x' } });
  expect(JSON.parse(refused.text)).toMatchObject({ id: 5, error: { code: 13009 } });
  const headers = { authorization: `bearer ${await login(exchange)}` };
  const got = await get(exchange, `private/get_order_state?order_id=${seedId}`, headers);
  expect(got.status).toBe(200);
  expect(got.text).not.toContain('"id":');
  expect(got.text).toContain(seedId);
});

test('a call to the emulated exchange needs the leading slash in its method on orangex', async () => {
  const exchange = await start({ dialect: 'orangex' });
  const reply = await requestOrder(exchange, seedId, { method: 'private/get_order_state' });
  expect(reply.status).toBe(200);
  expect(JSON.parse(reply.text)).toMatchObject({ error: { code: 1000, data: null } });
});

test('a call to the emulated exchange must not have the leading slash in its method on deribit, where errors have status 400', async () => {
  const exchange = await start({ dialect: 'deribit' });
  const reply = await requestOrder(exchange, seedId, { method: '/private/get_order_state' });
  expect(reply.status).toBe(400);
  expect(JSON.parse(reply.text)).toMatchObject({ error: { code: -32601 } });
});

test('a call to the emulated exchange may use the bare base URL on deribit', async () => {
  const exchange = await start({ dialect: 'deribit' });
  const headers = { authorization: `bearer ${await login(exchange)}` };
  const body = `{"jsonrpc":"2.0","id":1,"method":"private/get_order_state","params":{"order_id":"${seedId}"}}`;
  expect((await send('POST', exchange.url, headers, body)).text).toContain('"result"');
});

test('a call to the emulated exchange to the bare base URL of orangex is redirected to plain http', async () => {
  const exchange = await start({ dialect: 'orangex' });
  const reply = await send('POST', exchange.url, {}, '{}');
  expect(reply.status).toBe(302);
  expect(reply.headers['location']).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/api\/v1\/$/);
});

test.each([
  ['{"jsonrpc":"2.0","id":1,', -32700],
  ['[{"jsonrpc":"2.0","id":1,"method":"public/auth","params":{}}]', -32600],
  ['{"id":1,"method":"public/auth","params":{}}', -32600],
  ['{"jsonrpc":"2.0","id":{},"method":"public/auth","params":{}}', -32600],
  ['{"jsonrpc":"2.0","id":1,"method":"public/auth","params":[]}', -32602],
  ['{"jsonrpc":"2.0","id":1,"method":"public/auth","params":{}}', -32602],
])('a call to the emulated exchange with the body %s is refused with %i', async (body, code) => {
  const exchange = await start({ dialect: 'deribit' });
  const reply = await post(exchange, 'public/auth', { body });
  expect(reply.status).toBe(400);
  expect(JSON.parse(reply.text)).toMatchObject({ error: { code } });
});

test('a call to the emulated exchange over 32 kB is refused before it is read', async () => {
  const exchange = await start({ dialect: 'deribit' });
  expect((await post(exchange, 'public/auth', { body: 'x'.repeat(32 * 1024 + 1) })).status).toBe(413);
  expect((await post(exchange, 'public/auth', { body: 'x'.repeat(32 * 1024) })).status).toBe(400);
});

test('a call to the emulated exchange is refused with the reason when its order id is invalid', async () => {
  const exchange = await start({ dialect: 'deribit' });
  const theirs = exchange.place({ account: 'somebody-else' });
  const codes: unknown[] = [];
  for (const params of [
    { order_id: 'no-such-order' },
    { order_id: theirs },
    { order_id: 'a b' },
    { order_id: 7 },
    {},
  ]) {
    const reply = await requestOrder(exchange, '', { params });
    codes.push(/"code":(-?\d+)/.exec(reply.text)?.[1]);
  }
  expect(codes).toStrictEqual(['10004', '10029', '10025', '-32602', '-32602']);
});

test('the rate limit of the emulated exchange refuses a call over the limit with the wait in whole seconds, and recovers', async () => {
  let at = 1_700_000_000_000;
  const exchange = await start({ dialect: 'orangex', now: () => at, rateLimit: { perSecond: 2, burst: 2 } });
  const codes: unknown[] = [];
  for (const pause of [0, 0, 0, 500, 0]) {
    at += pause;
    codes.push(/"code":(\d+).*"wait":(\d+)/.exec((await requestOrder(exchange, seedId)).text)?.slice(1));
  }
  expect(codes).toStrictEqual([undefined, undefined, ['10028', '1'], undefined, ['10028', '1']]);
});

test('the rate limit of the emulated exchange ends the session on deribit when it is exceeded', async () => {
  let at = 1_700_000_000_000;
  const exchange = await start({ dialect: 'deribit', now: () => at, rateLimit: { perSecond: 1, burst: 1 } });
  const headers = { authorization: `bearer ${await login(exchange)}` };
  const send = () => post(exchange, 'private/get_order_state', { headers, params: { order_id: seedId } });
  await send();
  expect((await send()).text).toContain('10028');
  at += 5000;
  expect((await send()).text).toContain('13009');
});

test('the server of the emulated exchange records its requests, and counts them by call', async () => {
  const exchange = await start({ dialect: 'orangex', now: () => 1_700_000_000_000 });
  await requestOrder(exchange, seedId, { headers: { 'x-who': 'me' } });
  expect(exchange.count('auth')).toBe(1);
  expect(exchange.count('get_order_state')).toBe(1);
  expect(exchange.requests[1]).toMatchObject({
    method: 'POST',
    path: '/api/v1/private/get_order_state',
    headers: { 'x-who': 'me' },
    at: 1_700_000_000_000,
    orderId: seedId,
  });
  expect(exchange.requests[1]?.body).toContain(seedId);
});

test('the server of the emulated exchange listens on loopback only, and reports a port that is taken', async () => {
  const exchange = await start({ dialect: 'orangex' });
  expect(exchange.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/api\/v1$/);
  await expect(start({ dialect: 'orangex', port: Number(new URL(exchange.url).port) })).rejects.toThrow('EADDRINUSE');
});

test('the server of the emulated exchange stops at once however many connections hang, and may be stopped twice', async () => {
  const exchange = await start({ dialect: 'orangex' });
  exchange.script('any', { kind: 'hang' }, { kind: 'delay', ms: 1e9 }, { kind: 'slowBody', everyMs: 1e9 });
  const requested = [1, 2, 3].map(() => requestOrder(exchange, seedId).catch(() => 'gone'));
  const idle = connect(Number(new URL(exchange.url).port), '127.0.0.1');
  const closed = new Promise((resolve) => idle.once('close', resolve));
  idle.on('error', () => {});
  await exchange.received(3);
  await exchange.stop();
  await exchange.stop();
  expect(await Promise.all(requested)).toStrictEqual(['gone', 'gone', 'gone']);
  await closed;
});
