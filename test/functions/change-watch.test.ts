import { beforeAll, expect, it } from 'vitest';
import { seedId } from '../emulator/exchange/seed-order.ts';
import { output, startTestBedForFile, testBed } from '../lib/test-bed-for-file.ts';
import { getOrderEvent } from './events.ts';
import {
  type ChangeWatch,
  type HttpFunction,
  loadChangeWatch,
  loadCheckOpenOrders,
  loadHttpFunction,
} from './load-function.ts';
import { caller } from './watch-events.ts';

let changeWatch: ChangeWatch;
let getOrder: HttpFunction;

startTestBedForFile();
beforeAll(async () => {
  getOrder = await loadHttpFunction('get-order', testBed);
  changeWatch = await loadChangeWatch(testBed);
});

let commands = 0;
/** Sends a watch command; returns the response. */
async function sendCommand(method: 'PUT' | 'DELETE', orderId: string, account = 'main', query = '', via = changeWatch) {
  const path = { account, order_id: orderId };
  const { statusCode, headers, body } = await via(method, path, query, `command-${++commands}`);
  return { status: statusCode, type: headers['content-type'], body: JSON.parse(body) };
}

async function get(orderId: string) {
  const { body } = await getOrder(getOrderEvent({ account: 'main', order_id: orderId }, 'max_age=0'));
  return JSON.parse(body);
}

async function commandsOf(orderId: string) {
  const items = await testBed.itemsOf(orderId);
  return items.filter(({ sk }) => sk?.S?.startsWith('E#'));
}

it('the operation startWatch (PUT of a watch) puts an order on watch that nobody has seen yet, and calls no exchange', async () => {
  const { orangex, deribit, secrets } = testBed;
  const requested = () => orangex.requests.length + deribit.requests.length + secrets.requests.length;
  const before = requested();
  const { status, type, body } = await sendCommand('PUT', 'NEVER-SEEN');
  expect({ status, type }).toEqual({ status: 200, type: 'application/json' });
  expect(body).toEqual({ account: 'main', order_id: 'NEVER-SEEN', watched: true, status: 'unconfirmed' });
  expect(requested()).toBe(before);
  const watch = await testBed.watchOf('NEVER-SEEN');
  expect(watch).toMatchObject({ status: { S: 'unconfirmed' }, list: { S: 'main#live' } });
  expect(watch?.['list_at']).toEqual(watch?.['opened_at']);
});

it('the operation startWatch (PUT of a watch) stores who gave the command, and when, as an audit entry', async () => {
  const from = Date.now();
  await sendCommand('PUT', 'AUDITED');
  const [command, ...others] = await commandsOf('AUDITED');
  expect(others).toEqual([]);
  const at = Number(command?.['at']?.N);
  expect(command).toMatchObject({
    sk: { S: `E#${at}#command-${commands}` },
    kind: { S: 'watch_started' },
    by: { S: caller },
    request_id: { S: `command-${commands}` },
  });
  expect(at).toBeGreaterThanOrEqual(from);
});

it('the operation startWatch (PUT of a watch) leaves a watched order watched', async () => {
  const id = testBed.orangex.place();
  await get(id);
  expect((await sendCommand('PUT', id)).body).toMatchObject({ watched: true, status: 'watched' });
});

it('the operation startWatch (PUT of a watch) does not reopen a final order', async () => {
  await get(seedId);
  expect((await sendCommand('PUT', seedId)).body).toMatchObject({ watched: false, status: 'final' });
  expect(await testBed.watchOf(seedId)).toMatchObject({ list: { S: 'main#final' } });
});

it('the operation startWatch (PUT of a watch) says that the account is over its capacity, from the sweep that finds so to the one that finds otherwise', async () => {
  const { main } = testBed.stage.accounts;
  if (main === undefined) throw new Error('the stage has an account');
  // Half of ten calls a second, for 0.2 s.
  const small = { ...main, shareOfRate: 0.5, maxCheckSeconds: 0.2 };
  const environment = { env: testBed.env, stage: { ...testBed.stage, accounts: { small } } };
  const via = await loadChangeWatch(environment);
  const checkOpenOrders = await loadCheckOpenOrders(environment);
  // It has no time to check anything, but still looks how much there is.
  const sweep = () => checkOpenOrders({ accounts: ['small'] }, 15_000);

  expect((await sendCommand('PUT', 'FIRST', 'small', '', via)).body).not.toHaveProperty('over_capacity');
  expect((await sendCommand('PUT', 'SECOND', 'small', '', via)).body).not.toHaveProperty('over_capacity');
  expect(await sweep()).toMatchObject({ outcome: 'swept', overCapacity: true });
  expect((await sendCommand('PUT', 'SECOND', 'small', '', via)).body).toMatchObject({
    watched: true,
    over_capacity: true,
  });
  expect((await sendCommand('DELETE', 'SECOND', 'small', '', via)).body).not.toHaveProperty('over_capacity');
  expect(await sweep()).toMatchObject({ outcome: 'swept', overCapacity: false });
  expect((await sendCommand('PUT', 'FIRST', 'small', '', via)).body).not.toHaveProperty('over_capacity');
});

it('the operation stopWatch (DELETE of a watch) stops the watch, and stores who gave the command', async () => {
  const id = testBed.orangex.place();
  await get(id);
  expect((await sendCommand('DELETE', id)).body).toEqual({
    account: 'main',
    order_id: id,
    watched: false,
    status: 'stopped',
  });
  expect(await commandsOf(id)).toMatchObject([{ kind: { S: 'watch_stopped' }, by: { S: caller } }]);
  const watch = await testBed.watchOf(id);
  expect(watch).toMatchObject({ status: { S: 'stopped' } });
  expect(watch).not.toHaveProperty('list');
});

it('the operation stopWatch (DELETE of a watch) has effect until PUT, whatever the exchange replies later', async () => {
  const id = testBed.orangex.place();
  await get(id);
  await sendCommand('DELETE', id);
  testBed.orangex.partialFill(id, '1');
  expect(await get(id)).toMatchObject({ changed: true, watched: false });
  expect(await testBed.watchOf(id)).toMatchObject({ status: { S: 'stopped' } });
  expect((await sendCommand('PUT', id)).body).toMatchObject({ watched: true, status: 'watched' });
  expect(await get(id)).toMatchObject({ watched: true });
  expect(await commandsOf(id)).toHaveLength(2);
});

it.each<[string, 'PUT' | 'DELETE', string, string, string, number, string]>([
  ['a wrong account', 'PUT', 'Main', 'X', '', 400, 'bad_request'],
  ['an unknown account', 'PUT', 'nobody', 'X', '', 404, 'unknown_account'],
  ['an unknown account', 'DELETE', 'nobody', 'X', '', 404, 'unknown_account'],
  ['a wrong order id', 'DELETE', 'main', 'a/b', '', 400, 'bad_request'],
  ['an over-long order id', 'PUT', 'main', '1'.repeat(65), '', 400, 'bad_request'],
  ['a parameter that it does not have', 'PUT', 'main', 'X', 'max_age=1', 400, 'bad_request'],
])('a watch command fails for %s in a %s', async (_, method, account, orderId, query, status, code) => {
  const response = await sendCommand(method, orderId, account, query);
  expect(response).toMatchObject({ status, type: 'application/problem+json', body: { status, code } });
  expect(await testBed.itemsOf(orderId, account)).toEqual([]);
});

it('a watch command fails for a table that is down', async () => {
  const env = { ...testBed.env, AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1' };
  const via = await loadChangeWatch({ ...testBed, env });
  const { status, body } = await sendCommand('PUT', 'X', 'main', '', via);
  expect({ status, code: body.code }).toEqual({ status: 503, code: 'store_unavailable' });
});

it('a watch command is logged in one line, without the caller’s name', async () => {
  await sendCommand('PUT', 'LOGGED');
  const line = output.onlyLine();
  expect(JSON.parse(line)).toMatchObject({
    message: 'responded',
    status: 200,
    account: 'main',
    order_id: 'LOGGED',
    route: 'PUT /accounts/{account}/orders/{order_id}/watch',
  });
  expect(line).not.toContain(caller);
});
