import { describe, expect, it } from 'vitest';
import { routes } from '../../lib/api/routes.ts';
import { memberText } from '../../lib/exchange/json.ts';
import { seedId } from '../emulator/exchange/seed-order.ts';
import { apiEvent } from './api-events.ts';
import { call, get, loadGetOrderStateForEachTest, type Path, places, post, send } from './get-order-state-requests.ts';

loadGetOrderStateForEachTest();

it.each(['0', '-7', '1.0', '248', '39004881276768256123', '"248"', '"a \\" b"', '""', 'null'])(
  'the id of a get_order_state call comes back in the response as it was sent: %s',
  async (id) => {
    expect(memberText((await call(seedId, { id })).text, 'id')).toBe(id);
    expect(memberText((await call('nobody-saw-this', { id })).text, 'id')).toBe(id);
  },
);

it('the id of a get_order_state call is not invented where a call has none', async () => {
  const { body } = await post(`{"jsonrpc":"2.0","method":"private/get_order_state","params":{"order_id":"${seedId}"}}`);
  expect(body).not.toHaveProperty('id');
  expect(body.result.order_id).toBe(seedId);
  expect((await get(`order_id=${seedId}`)).body).not.toHaveProperty('id');
  expect((await get('order_id=nobody-saw-this')).body).not.toHaveProperty('id');
});

describe('calls', () => {
  const good = `{"jsonrpc":"2.0","id":1,"method":"private/get_order_state","params":{"order_id":"${seedId}"}}`;

  it('a get_order_state call may name the method with or without a slash, and may come as base64', async () => {
    for (const response of [await call(seedId), await post(good), await post(good, { base64: true })]) {
      expect(response.body.result.order_id).toBe(seedId);
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
  ])('a get_order_state call is refused for %s', async (_, text, code, id, param) => {
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
  ])('a get_order_state call by GET is refused for %s', async (_, query, param) => {
    const { status, body } = await get(query);
    expect(status).toBe(200);
    expect(body).toMatchObject({ jsonrpc: '2.0', error: { code: -32_602, data: { code: 'bad_request', param } } });
  });
});

it.each<[string, Path, number, string]>([
  ['a wrong account', { account: 'Main', version: 'v1' }, 400, 'bad_request'],
  ['an unknown account', { account: 'nobody', version: 'v1' }, 404, 'unknown_account'],
  ['a name that every object has', { account: 'constructor', version: 'v1' }, 404, 'unknown_account'],
  ['a wrong version', { account: 'main', version: '1' }, 400, 'bad_request'],
])('a request to a wrong path of get_order_state is refused with a problem for %s', async (_, path, status, code) => {
  for (const response of [await get(`order_id=${seedId}`, { path }), await call(seedId, { path })]) {
    expect(response).toMatchObject({ status, type: 'application/problem+json', body: { code } });
  }
});

it('a request to a wrong path of get_order_state is refused with a problem when a POST has a query', async () => {
  const event = apiEvent(routes.callGetOrderState, { path: { ...places.orangex }, query: 'order_id=X', body: '{}' });
  const response = await send(event, {});
  expect(response).toMatchObject({ status: 400, body: { code: 'bad_request', parameters: ['order_id'] } });
});
