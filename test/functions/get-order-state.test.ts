import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { routes } from '../../lib/api/routes.ts';
import type { Code } from '../../lib/errors.ts';
import { dialects } from '../../lib/exchange/dialects/index.ts';
import { memberText } from '../../lib/exchange/json.ts';
import type { Fault } from '../emulator/exchange/faults.ts';
import { seedId } from '../emulator/exchange/seed-order.ts';
import type { Dialect } from '../emulator/exchange/wire.ts';
import { type CapturedOutput, captureOutput } from '../lib/captured-output.ts';
import { startTestBed, type TestBed } from '../lib/test-bed.ts';
import { apiEvent } from './api-events.ts';
import { type HttpFunction, loadHttpFunction } from './load-function.ts';

let testBed: TestBed;
let getOrderState: HttpFunction;
let output: CapturedOutput;

beforeAll(async () => {
  testBed = await startTestBed();
});
afterAll(async () => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  await testBed.stop();
});
beforeEach(async () => {
  output = captureOutput();
  getOrderState = await loadHttpFunction('get-order-state', testBed);
});
afterEach(async () => {
  output.release();
  testBed.orangex.clearScript();
  testBed.deribit.clearScript();
  await testBed.resetRateLimits();
});

const places = {
  orangex: { account: 'main', version: 'v1' },
  deribit: { account: 'other', version: 'v2' },
} as const;
type Path = { readonly account: string; readonly version: string };
type OrderChecks = { readonly path?: Path; readonly via?: HttpFunction; readonly remainingMs?: number };

async function send(event: ReturnType<typeof apiEvent>, { via = getOrderState, remainingMs }: OrderChecks) {
  const { statusCode, headers, body } = await via(event, remainingMs);
  return { status: statusCode, type: headers['content-type'], text: body, body: JSON.parse(body) };
}

/** By GET. */
function get(query: string, { path = places.orangex, ...rest }: OrderChecks = {}) {
  return send(apiEvent(routes.getOrderState, { path: { ...path }, query }), rest);
}

/** By POST, with any text. */
function post(
  body: string,
  { path = places.orangex, base64 = false, ...rest }: OrderChecks & { base64?: boolean } = {},
) {
  return send(apiEvent(routes.callGetOrderState, { path: { ...path }, body, base64 }), rest);
}

/** By POST, a proper call; `id` is JSON text. */
function call(orderId: string, { id = '1', ...rest }: OrderChecks & { readonly id?: string } = {}) {
  const params = JSON.stringify({ order_id: orderId });
  return post(`{"jsonrpc":"2.0","id":${id},"method":"/private/get_order_state","params":${params}}`, rest);
}

describe.each<Dialect>(['orangex', 'deribit'])('the request of %s', (dialect) => {
  const path = places[dialect];

  it('is answered with the exchange’s result, character by character', async () => {
    const exchange = testBed[dialect];
    const raw = `{ "z_first" : 1.10, "huge":390048812767682561234,"text":"\\u00e9\\/\\u0041 ü","order_id":"RAW-${dialect}",
      "price":0.000000010,"tiny":1.6e-7,"instrument_name":"BTC-PERPETUAL","time_in_force":"good_til_cancelled",
      "creation_timestamp":${Date.now()},"last_update_timestamp":${Date.now()},"direction":"buy","order_type":"limit",
      "order_state":"filled","filled_amount":3.00,"amount":3.0,"average_price":"1e1","list":[ 1 , 2.0 ],"a":null}`;
    exchange.place({ order_id: `RAW-${dialect}`, raw });
    const requested = () => exchange.count('get_order_state');
    const before = requested();
    for (const answer of [await get(`order_id=RAW-${dialect}`, { path }), await call(`RAW-${dialect}`, { path })]) {
      expect({ status: answer.status, type: answer.type }).toEqual({ status: 200, type: 'application/json' });
      expect(memberText(answer.text, 'result')).toBe(raw);
    }
    // It is final: the second answer came from the table.
    expect(requested()).toBe(before + 1);
  });

  it('is answered as the exchange answers it, by GET and by POST, but for the times', async () => {
    let sent = '';
    testBed[dialect].scriptAlways('order', (_, genuine) => {
      sent = genuine.body;
      return genuine;
    });
    const id = testBed[dialect].place();
    for (const { text } of [await get(`order_id=${id}`, { path }), await call(id, { path })]) {
      expect(memberText(text, 'result')).toBe(memberText(sent, 'result'));
    }
  });

  it('is answered with times of ours, in the unit of the exchange', async () => {
    const before = Date.now();
    const { body } = await call(seedId, { path });
    const perMs = dialect === 'orangex' ? 1 : 1000;
    expect(Object.keys(body)).toEqual(['id', 'jsonrpc', 'usIn', 'usOut', 'usDiff', 'result']);
    expect(body.jsonrpc).toBe('2.0');
    expect(body.usIn).toBeGreaterThanOrEqual(before * perMs);
    expect(body.usOut).toBeLessThanOrEqual(Date.now() * perMs);
    expect(body.usDiff).toBe(body.usOut - body.usIn);
  });

  it('may not be sent to another version than the exchange’s own', async () => {
    const wrong = { account: path.account, version: dialect === 'orangex' ? 'v2' : 'v1' };
    for (const answer of [await get(`order_id=${seedId}`, { path: wrong }), await call(seedId, { path: wrong })]) {
      expect(answer).toMatchObject({ status: 400, type: 'application/problem+json' });
      expect(answer.body).toMatchObject({ code: 'bad_request', parameters: ['version'] });
      expect(answer.body.detail).toContain(path.version);
    }
    expect(dialects[dialect].url).toMatch(new RegExp(`/api/${path.version}$`));
  });

  it.each<[string, Fault, Code, number, number | undefined]>([
    ['an order that it does not find', { kind: 'error', code: 10_004 }, 'order_not_found', 10_004, undefined],
    ['another’s order', { kind: 'error', code: 10_029 }, 'not_owner', 10_029, undefined],
    ['an id that it refuses', { kind: 'error', code: 11_029 }, 'invalid_order_id', 11_029, undefined],
    ['an error that nobody has a name for', { kind: 'error', code: 424_242 }, 'exchange_error', 424_242, undefined],
    ['its engine’s queue', { kind: 'error', code: 10_047 }, 'busy', 10_047, 1],
    ['maintenance', { kind: 'error', code: 11_051 }, 'maintenance', 11_051, 60],
    ['a key that it refuses', { kind: 'error', code: 13_004 }, 'key_refused', 13_004, undefined],
    ['throttling', { kind: 'throttle', wait: 30 }, 'throttled', 10_028, 30],
    ['throttling by status alone', { kind: 'status', status: 429, retryAfter: 30 }, 'throttled', 10_028, 30],
    ['a page', { kind: 'html' }, 'busy', 10_040, 1],
    ['a lost connection', { kind: 'drop' }, 'unreachable', 10_040, 5],
    ['a cut answer', { kind: 'truncate' }, 'invalid_response', 10_040, undefined],
    ['a call that it does not understand', { kind: 'error', code: -32_601 }, 'request_rejected', -32_603, undefined],
  ])('is answered with the right error for %s', async (_, fault, code, number, wait) => {
    testBed[dialect].scriptAlways('order', fault);
    const id = testBed[dialect].place();
    const { status, type, body } = await call(id, { path, id: '"mine"' });
    expect({ status, type }).toEqual({ status: 200, type: 'application/json' });
    expect(Object.keys(body)).toEqual(['id', 'jsonrpc', 'usIn', 'usOut', 'usDiff', 'error']);
    expect(body).toMatchObject({ id: 'mine', error: { code: number, message: expect.any(String), data: { code } } });
    expect(body.error.data.wait).toBe(wait);
    expect(body.error.data.reason).toMatch(/\.$/);
  });
});

describe('the id of a call', () => {
  it.each(['0', '-7', '1.0', '248', '39004881276768256123', '"248"', '"a \\" b"', '""', 'null'])(
    'comes back as it was: %s',
    async (id) => {
      expect(memberText((await call(seedId, { id })).text, 'id')).toBe(id);
      expect(memberText((await call('nobody-saw-this', { id })).text, 'id')).toBe(id);
    },
  );

  it('is not made up where a call has none', async () => {
    const { body } = await post(
      `{"jsonrpc":"2.0","method":"private/get_order_state","params":{"order_id":"${seedId}"}}`,
    );
    expect(body).not.toHaveProperty('id');
    expect(body.result.order_id).toBe(seedId);
    expect((await get(`order_id=${seedId}`)).body).not.toHaveProperty('id');
    expect((await get('order_id=nobody-saw-this')).body).not.toHaveProperty('id');
  });
});

describe('a call', () => {
  const good = `{"jsonrpc":"2.0","id":1,"method":"private/get_order_state","params":{"order_id":"${seedId}"}}`;

  it('may name the method with a slash or without, and come as base64', async () => {
    for (const answer of [await call(seedId), await post(good), await post(good, { base64: true })]) {
      expect(answer.body.result.order_id).toBe(seedId);
    }
  });

  it.each<[string, string, number, unknown, string | undefined]>([
    ['no text', '', -32_700, null, undefined],
    ['no JSON', good.slice(0, -1), -32_700, null, undefined],
    ['JSON nested too deep', `${'['.repeat(40)}${']'.repeat(40)}`, -32_700, null, undefined],
    ['a number', '1', -32_600, null, undefined],
    ['null', 'null', -32_600, null, undefined],
    ['a batch', `[${good}]`, -32_600, null, undefined],
    ['too long a text', good.replace('"id":1', `"id":"${'1'.repeat(32 * 1024)}"`), -32_600, null, 'body'],
    ['an id that is an object', good.replace('"id":1', '"id":{}'), -32_600, null, undefined],
    ['an id that is a list', good.replace('"id":1', '"id":[1]'), -32_600, null, undefined],
    ['an id that is true', good.replace('"id":1', '"id":true'), -32_600, null, undefined],
    ['two ids', good.replace('"id":1', '"id":1,"id":2'), -32_600, null, undefined],
    ['another JSON-RPC', good.replace('2.0', '1.0'), -32_600, 1, undefined],
    ['no jsonrpc', good.replace('"jsonrpc":"2.0",', ''), -32_600, 1, undefined],
    ['no method', good.replace('"method":"private/get_order_state",', ''), -32_600, 1, undefined],
    ['a method that is a number', good.replace('"private/get_order_state"', '7'), -32_600, 1, undefined],
    ['a member that calls do not have', good.replace('"id":1', '"id":1,"access_token":"x"'), -32_600, 1, undefined],
    ['another method', good.replace('get_order_state', 'buy'), -32_601, 1, undefined],
    ['a method with two slashes', good.replace('private', '//private'), -32_601, 1, undefined],
    ['no params', good.replace(/,"params":.*\}$/, '}'), -32_602, 1, 'order_id'],
    ['params that are a list', good.replace(/"params":.*\}$/, `"params":["${seedId}"]}`), -32_602, 1, 'params'],
    ['params that are null', good.replace(/"params":.*\}$/, '"params":null}'), -32_602, 1, 'params'],
    ['no order id', good.replace(`"order_id":"${seedId}"`, ''), -32_602, 1, 'order_id'],
    ['an order id that is a number', good.replace(`"${seedId}"`, seedId), -32_602, 1, 'order_id'],
    ['a wrong order id', good.replace(seedId, 'a/b'), -32_602, 1, 'order_id'],
    ['two order ids', good.replace('"order_id"', '"order_id":"X","order_id"'), -32_602, null, 'order_id'],
    ['a param that it does not have', good.replace('{"order_id"', '{"label":"x","order_id"'), -32_602, 1, 'label'],
  ])('is refused for %s', async (_, text, code, id, param) => {
    const { status, type, body } = await post(text);
    expect({ status, type }).toEqual({ status: 200, type: 'application/json' });
    expect(body).toMatchObject({ id, jsonrpc: '2.0', error: { code, data: { code: 'bad_request' } } });
    expect(body.error.data.param).toBe(param);
    expect(body.error.data.reason).toMatch(/\.$/);
    expect(body).not.toHaveProperty('result');
  });

  it.each<[string, string, string]>([
    ['no order id', '', 'order_id'],
    ['an empty order id', 'order_id=', 'order_id'],
    ['a wrong order id', 'order_id=a%2Fb', 'order_id'],
    ['two order ids', `order_id=${seedId}&order_id=${seedId}`, 'order_id'],
    ['a param that it does not have', `order_id=${seedId}&access_token=x`, 'access_token'],
    ['the name of a path’s parameter', `order_id=${seedId}&account=other`, 'account'],
  ])('by GET is refused for %s', async (_, query, param) => {
    const { status, body } = await get(query);
    expect(status).toBe(200);
    expect(body).toMatchObject({ jsonrpc: '2.0', error: { code: -32_602, data: { code: 'bad_request', param } } });
  });
});

describe('a path that leads nowhere', () => {
  it.each<[string, Path, number, string]>([
    ['a wrong account', { account: 'Main', version: 'v1' }, 400, 'bad_request'],
    ['an unknown account', { account: 'nobody', version: 'v1' }, 404, 'unknown_account'],
    ['a name that every object has', { account: 'constructor', version: 'v1' }, 404, 'unknown_account'],
    ['a wrong version', { account: 'main', version: '1' }, 400, 'bad_request'],
  ])('is a problem: %s', async (_, path, status, code) => {
    for (const answer of [await get(`order_id=${seedId}`, { path }), await call(seedId, { path })]) {
      expect(answer).toMatchObject({ status, type: 'application/problem+json', body: { code } });
    }
  });

  it('is a problem: a POST with a query', async () => {
    const event = apiEvent(routes.callGetOrderState, { path: { ...places.orangex }, query: 'order_id=X', body: '{}' });
    const answer = await send(event, {});
    expect(answer).toMatchObject({ status: 400, body: { code: 'bad_request', parameters: ['order_id'] } });
  });
});

describe('what a caller reads', () => {
  it('is the exchange’s latest text, also where only what moves by itself has moved', async () => {
    const id = testBed.orangex.place();
    const rpl = async () => (await call(id)).body.result.rpl;
    expect(await rpl()).toBe('0');
    const { version, last_update_timestamp } = testBed.orangex.order(id);
    testBed.orangex.update(id, { version, last_update_timestamp, details: { rpl: '0.25' } });
    expect(await rpl()).toBe('0.25');
    expect(await testBed.historyOf(id)).toHaveLength(1);
  });

  it('is an error for an order that was seen and is gone', async () => {
    const id = testBed.orangex.place();
    await call(id);
    testBed.orangex.forget(id);
    const { body } = await call(id);
    expect(body.error).toEqual({
      code: 10_004,
      message: 'order_not_found',
      data: { code: 'order_not_found', reason: expect.stringContaining('last seen open') },
    });
  });

  it('is not found for an order that another account of the exchange has, and says so', async () => {
    const id = testBed.deribit.place({ account: 'somebody-else' });
    const { body } = await call(id, { path: places.deribit });
    expect(body.error).toMatchObject({ code: 10_029, data: { code: 'not_owner' } });
  });

  it('answers with a wait when the time or the permits are short', async () => {
    testBed.deribit.scriptAlways('order', { kind: 'hang' });
    const id = testBed.deribit.place();
    const { body: late } = await call(id, { path: places.deribit, remainingMs: 2_500 });
    expect(late.error).toMatchObject({ code: 10_040, data: { code: 'timeout' } });

    testBed.deribit.clearScript();
    const { main, other } = testBed.stage.accounts;
    if (main === undefined || other === undefined) throw new Error('the stage has two accounts');
    const accounts = { main, other: { ...other, shareOfRate: 0.01 } };
    const via = await loadHttpFunction('get-order-state', { env: testBed.env, stage: { ...testBed.stage, accounts } });
    const options = { path: places.deribit, via, remainingMs: 4_000 };
    await testBed.resetRateLimits();
    // The wait is counted from the second call: between the two, no time passes.
    const time = vi.spyOn(Date, 'now').mockReturnValue(Date.now());
    onTestFinished(() => time.mockRestore());
    expect((await call(id, options)).body).toHaveProperty('result');
    expect((await call(id, options)).body.error).toMatchObject({
      code: 10_028,
      data: { code: 'rate_limited_locally', wait: 5 },
    });
  });

  it('is an error when the table or the key cannot be had', async () => {
    const env = { ...testBed.env, AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1' };
    const withoutTable = await loadHttpFunction('get-order-state', { ...testBed, env });
    expect((await call(seedId, { via: withoutTable })).body.error).toMatchObject({
      code: 10_040,
      data: { code: 'store_unavailable', wait: 1 },
    });
    testBed.secrets.failAlways({ kind: 'down' });
    const withoutKey = await loadHttpFunction('get-order-state', testBed);
    const { body } = await call(testBed.orangex.place(), { via: withoutKey });
    testBed.secrets.recover();
    expect(body.error).toMatchObject({ code: 10_040, data: { code: 'secret_unavailable', wait: 5 } });
  });

  it('is no more than that it is our fault, when it is; the log knows', async () => {
    const { client, tableName } = testBed.engine;
    const head = { pk: { S: 'main#CORRUPT-3' }, sk: { S: 'NOW#HEAD' }, schema: { S: 'none' } };
    await client.send(new PutItemCommand({ TableName: tableName, Item: head }));
    const { text, body } = await call('CORRUPT-3');
    expect(body.error).toMatchObject({ code: -32_603, message: 'Internal error', data: { code: 'store_corrupt' } });
    expect(text).not.toContain('schema');
    expect(output.text()).toContain('see schema');
  });
});

describe('a call is logged in one line', () => {
  it('when it is answered', async () => {
    const id = testBed.orangex.place({ details: { custom_order_id: 'in-the-body' } });
    await call(id);
    const [line = '', ...others] = output.lines();
    expect(others).toEqual([]);
    expect(JSON.parse(line)).toMatchObject({
      level: 'INFO',
      message: 'answered',
      status: 200,
      code: 'ok',
      account: 'main',
      order_id: id,
      route: 'POST /accounts/{account}/api/{version}/private/get_order_state',
    });
    expect(line).not.toContain('in-the-body');
    const [snapshot] = await testBed.historyOf(id);
    expect(snapshot).toMatchObject({ observed_by: { S: 'get-order-state' }, request_id: { S: 'request-1' } });
  });

  it.each<[string, () => Promise<unknown>, object]>([
    ['not found', () => call('nobody-saw-this'), { level: 'INFO', status: 200, code: 'order_not_found' }],
    ['not read', () => post('{'), { level: 'INFO', status: 200, code: 'bad_request' }],
    [
      'led nowhere',
      () => get('', { path: { account: 'nobody', version: 'v1' } }),
      { level: 'INFO', status: 404, code: 'unknown_account' },
    ],
  ])('when it is %s', async (_, failing, logged) => {
    await failing();
    const [line = '', ...others] = output.lines();
    expect(others).toEqual([]);
    expect(JSON.parse(line)).toMatchObject({ message: 'failed', duration_ms: expect.any(Number), ...logged });
  });

  it('when the exchange refuses the key, as an error', async () => {
    testBed.orangex.scriptAlways('order', { kind: 'error', code: 13_004 });
    await call(testBed.orangex.place());
    const [line = '', ...others] = output.lines();
    expect(others).toEqual([]);
    expect(JSON.parse(line)).toMatchObject({ level: 'ERROR', status: 200, code: 'key_refused', exchange_code: 13_004 });
  });
});
