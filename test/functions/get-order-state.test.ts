import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Code } from '../../lib/errors.ts';
import { dialects } from '../../lib/exchange/dialects/index.ts';
import { memberText } from '../../lib/exchange/json.ts';
import type { Fault } from '../emulator/exchange/faults.ts';
import { seedId } from '../emulator/exchange/seed-order.ts';
import type { Dialect } from '../emulator/exchange/wire.ts';
import { output, testBed } from '../lib/test-bed-for-file.ts';
import { call, get, loadGetOrderStateForEachTest, places, post } from './get-order-state-requests.ts';
import { loadHttpFunction } from './load-function.ts';

loadGetOrderStateForEachTest();

describe.each<Dialect>(['orangex', 'deribit'])('%s', (dialect) => {
  const path = places[dialect];

  it('get_order_state returns the exchange’s result, character by character', async () => {
    const exchange = testBed[dialect];
    const raw = `{ "z_first" : 1.10, "huge":390048812767682561234,"text":"\\u00e9\\/\\u0041 ü","order_id":"RAW-${dialect}",
      "price":0.000000010,"tiny":1.6e-7,"instrument_name":"BTC-PERPETUAL","time_in_force":"good_til_cancelled",
      "creation_timestamp":${Date.now()},"last_update_timestamp":${Date.now()},"direction":"buy","order_type":"limit",
      "order_state":"filled","filled_amount":3.00,"amount":3.0,"average_price":"1e1","list":[ 1 , 2.0 ],"a":null}`;
    exchange.place({ order_id: `RAW-${dialect}`, raw });
    const requested = () => exchange.count('get_order_state');
    const before = requested();
    for (const response of [await get(`order_id=RAW-${dialect}`, { path }), await call(`RAW-${dialect}`, { path })]) {
      expect({ status: response.status, type: response.type }).toEqual({ status: 200, type: 'application/json' });
      expect(memberText(response.text, 'result')).toBe(raw);
    }
    // It is final: the second response came from the table.
    expect(requested()).toBe(before + 1);
  });

  it('get_order_state returns what the exchange returns, by GET and by POST, but for the times', async () => {
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

  it('get_order_state returns our own times, in the unit of the exchange', async () => {
    const before = Date.now();
    const { body } = await call(seedId, { path });
    const perMs = dialect === 'orangex' ? 1 : 1000;
    expect(Object.keys(body)).toEqual(['id', 'jsonrpc', 'usIn', 'usOut', 'usDiff', 'result']);
    expect(body.jsonrpc).toBe('2.0');
    expect(body.usIn).toBeGreaterThanOrEqual(before * perMs);
    expect(body.usOut).toBeLessThanOrEqual(Date.now() * perMs);
    expect(body.usDiff).toBe(body.usOut - body.usIn);
  });

  it('get_order_state is refused at another version than the exchange’s own', async () => {
    const wrong = { account: path.account, version: dialect === 'orangex' ? 'v2' : 'v1' };
    for (const response of [await get(`order_id=${seedId}`, { path: wrong }), await call(seedId, { path: wrong })]) {
      expect(response).toMatchObject({ status: 400, type: 'application/problem+json' });
      expect(response.body).toMatchObject({ code: 'bad_request', parameters: ['version'] });
      expect(response.body.detail).toContain(path.version);
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
    ['a cut reply', { kind: 'truncate' }, 'invalid_response', 10_040, undefined],
    ['a call that it does not understand', { kind: 'error', code: -32_601 }, 'request_rejected', -32_603, undefined],
  ])('get_order_state returns the right error for %s', async (_, fault, code, number, wait) => {
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

it('the response to a get_order_state call is the exchange’s latest text, even where only volatile fields have changed', async () => {
  const id = testBed.orangex.place();
  const rpl = async () => (await call(id)).body.result.rpl;
  expect(await rpl()).toBe('0');
  const { version, last_update_timestamp } = testBed.orangex.order(id);
  testBed.orangex.update(id, { version, last_update_timestamp, details: { rpl: '0.25' } });
  expect(await rpl()).toBe('0.25');
  expect(await testBed.historyOf(id)).toHaveLength(1);
});

it('the response to a get_order_state call is an error for an order that was seen and has vanished', async () => {
  const id = testBed.orangex.place();
  await call(id);
  testBed.orangex.forget(id);
  const { body } = await call(id);
  expect(body.error).toEqual({
    code: 10_004,
    message: 'order_not_found',
    data: { code: 'order_not_found', reason: expect.stringContaining('last known state is open') },
  });
});

it('the response to a get_order_state call is the error not_owner for an order of another account at the exchange', async () => {
  const id = testBed.deribit.place({ account: 'somebody-else' });
  const { body } = await call(id, { path: places.deribit });
  expect(body.error).toMatchObject({ code: 10_029, data: { code: 'not_owner' } });
});

it('the response to a get_order_state call is an error with a wait when time or permits run out', async () => {
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

it('the response to a get_order_state call is an error when the table or the key is unavailable', async () => {
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

it('the response to a get_order_state call says of an internal error only that the fault is ours, while the log has the details', async () => {
  const { client, tableName } = testBed.engine;
  const head = { pk: { S: 'main#CORRUPT-3' }, sk: { S: 'NOW#HEAD' }, schema: { S: 'none' } };
  await client.send(new PutItemCommand({ TableName: tableName, Item: head }));
  const { text, body } = await call('CORRUPT-3');
  expect(body.error).toMatchObject({ code: -32_603, message: 'Internal error', data: { code: 'store_corrupt' } });
  expect(text).not.toContain('schema');
  expect(output.text()).toContain('see schema');
});

describe('log', () => {
  it('one log line is written for a get_order_state call that succeeds', async () => {
    const id = testBed.orangex.place({ details: { custom_order_id: 'in-the-body' } });
    await call(id);
    const line = output.onlyLine();
    expect(JSON.parse(line)).toMatchObject({
      level: 'INFO',
      message: 'responded',
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
    [
      'whose order is not found',
      () => call('nobody-saw-this'),
      { level: 'INFO', status: 200, code: 'order_not_found' },
    ],
    ['whose body cannot be parsed', () => post('{'), { level: 'INFO', status: 200, code: 'bad_request' }],
    [
      'whose account is unknown',
      () => get('', { path: { account: 'nobody', version: 'v1' } }),
      { level: 'INFO', status: 404, code: 'unknown_account' },
    ],
  ])('one log line is written for a get_order_state call %s', async (_, failing, logged) => {
    await failing();
    expect(JSON.parse(output.onlyLine())).toMatchObject({
      message: 'failed',
      duration_ms: expect.any(Number),
      ...logged,
    });
  });

  it('one log line is written for a get_order_state call whose key the exchange refuses, at level ERROR', async () => {
    testBed.orangex.scriptAlways('order', { kind: 'error', code: 13_004 });
    await call(testBed.orangex.place());
    expect(JSON.parse(output.onlyLine())).toMatchObject({
      level: 'ERROR',
      status: 200,
      code: 'key_refused',
      exchange_code: 13_004,
    });
  });
});
