import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { seedId } from '../emulator/exchange/seed-order.ts';
import { listen } from '../emulator/listen.ts';
import { output, startTestBedForFile, testBed } from '../lib/test-bed-for-file.ts';
import { contextOf, getOrderEvent } from './events.ts';
import { type HttpFunction, loadFunction, loadHttpFunction } from './load-function.ts';

/** Where CloudFormation waits for the response. */
const responses: Record<string, unknown>[] = [];
let takes = 200;
const cloudFormation = createServer(async (request, response) => {
  responses.push({ method: request.method, type: request.headers['content-type'], ...JSON.parse(await text(request)) });
  response.writeHead(takes).end();
});

let getOrder: HttpFunction;
let url: string;

startTestBedForFile();
beforeAll(async () => {
  url = `http://127.0.0.1:${(await listen(cloudFormation, 0)).port}/response?Signature=of-cloudformation`;
  getOrder = await loadHttpFunction('get-order', testBed);
});
afterAll(() => {
  cloudFormation.close();
});
beforeEach(() => {
  responses.length = 0;
  takes = 200;
});

async function send(change: Readonly<Record<string, unknown>>, env = testBed.env) {
  const { handler } = await loadFunction(() => import('../../functions/guard-accounts.ts'), { env });
  const ids = { StackId: 'stack', RequestId: 'request', LogicalResourceId: 'Accounts', ResponseURL: url };
  await handler({ ...ids, ...change }, contextOf());
  return responses.at(-1);
}

function update(before: readonly string[], after: readonly string[]) {
  return {
    RequestType: 'Update',
    OldResourceProperties: { Accounts: before },
    ResourceProperties: { Accounts: after },
  };
}

it.each([
  ['the stage is new', { RequestType: 'Create', ResourceProperties: { Accounts: ['main'] } }],
  ['the stage goes as a whole', { RequestType: 'Delete', ResourceProperties: { Accounts: ['main'] } }],
  ['an account is added', update(['main'], ['main', 'other'])],
  ['an account without orders leaves', update(['main', 'idle'], ['main'])],
])('the account guard allows a deployment when %s', async (_, change) => {
  expect(await send(change)).toEqual({
    method: 'PUT',
    type: '',
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'Accounts',
    PhysicalResourceId: 'Accounts',
    Status: 'SUCCESS',
  });
});

it('the account guard allows the removal of an account whose orders are all final', async () => {
  await getOrder(getOrderEvent({ account: 'main', order_id: seedId }));
  expect(await send(update(['main'], []))).toMatchObject({ Status: 'SUCCESS' });
});

it('the account guard refuses a removal while an order is live or missing, and says which order and what to do', async () => {
  const id = testBed.deribit.place();
  await getOrder(getOrderEvent({ account: 'other', order_id: id }));
  const refused = await send(update(['main', 'other'], ['main', 'renamed']));
  expect(refused).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining(`: other (for instance ${id})`) });
  expect(refused?.['Reason']).toMatch(/stop the watches .* deploy again/);
  expect(refused?.['Reason']).not.toContain('main');

  testBed.deribit.forget(id);
  await getOrder(getOrderEvent({ account: 'other', order_id: id }));
  expect(await testBed.watchOf(id, 'other')).toMatchObject({ status: { S: 'missing' } });
  expect(await send(update(['other'], []))).toMatchObject({ Status: 'FAILED' });
});

it('the account guard refuses a change that it cannot verify, instead of leaving CloudFormation without a response for an hour', async () => {
  const env = { ...testBed.env, AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1' };
  expect(await send(update(['main'], []), env)).toMatchObject({
    Status: 'FAILED',
    Reason: expect.stringContaining('store_unavailable'),
  });
  expect(output.text()).toContain('store_unavailable');
});

it('the account guard does not log the address for its response, because anyone who has it can respond', async () => {
  takes = 403;
  await expect(send(update(['main'], ['main']))).rejects.toThrow('HTTP 403');
  expect(output.text()).not.toContain('Signature');
});
