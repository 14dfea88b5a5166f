import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, pages } from '../../lib/api/client.ts';
import { createChecker, documentFile, type ReceivedResponse } from '../lib/api/document.ts';
import { checker } from './checker.ts';
import { startEnvironment, type TestEnvironment } from './environment.ts';
import { readOperations } from './operations.ts';
import type { GeneratedRequest } from './requests.ts';
import { checkContract, neverRequested, tableOf } from './run.ts';

let environment: TestEnvironment;
const failures: string[] = [];

beforeAll(async () => {
  environment = await startEnvironment((reported) => failures.push(reported));
}, 120_000);
afterAll(() => environment?.stop());

it('the API of the running stack responds to 150 requests as the OpenAPI document says', {
  timeout: 120_000,
}, async () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
  const tally = await checkContract({ environment, seed, requests: 150 });
  console.log(`seed ${seed}\n${tableOf(tally)}`);
  expect(tally.findings).toEqual([]);
  expect(failures).toEqual([]);
  expect(neverRequested(tally)).toEqual([]);
  expect(tally.succeeded * 3).toBeGreaterThanOrEqual(tally.requests);
});

it('the API of the running stack serves the OpenAPI document', async () => {
  const response = await fetch(`${environment.url}/openapi.json`);
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(await response.text()).toBe(readFileSync(documentFile, 'utf8'));
});

it('the API of the running stack works with the typed client', async () => {
  const { account, orderIds } = environment.known;
  const client = createClient({ url: environment.url });
  const closed = new Set<string>();
  for await (const { orders } of pages(client.listOrders, { account, state: 'final', limit: 10 })) {
    for (const { order_id } of orders) closed.add(order_id);
  }
  expect(orderIds).toEqual(expect.arrayContaining([...closed]));
  const [order_id = ''] = closed;
  const { order, rank } = await client.getOrder({ account, order_id });
  const { snapshots } = await client.listSnapshots({ account, order_id });
  expect(snapshots.map((row) => [row.rank, row.order])).toContainEqual([rank, order]);
  expect(await client.startWatch({ account, order_id })).toEqual({
    account,
    order_id,
    watched: false,
    status: 'final',
  });
});

describe('checker', () => {
  const judged = createChecker();
  const operation = readOperations().find(({ name }) => name === 'listOrders');
  if (operation === undefined) throw new Error('listOrders is in the document');
  const right: GeneratedRequest = { operation, parameters: [['account', 'main']], goesOn: false };
  const wrong: GeneratedRequest = { ...right, spoiled: 'parameter', wrong: 'state' };
  const list = { account: 'main', state: 'live', orders: [] };
  const refusal = {
    type: 'urn:order-state-snapshots:bad_request',
    title: 'Bad request',
    status: 400,
    detail: 'Parameter "state" must be one of live, attention, final.',
    code: 'bad_request',
    instance: '/accounts/main/orders',
    request_id: 'request-1',
    parameters: ['state'],
  };
  const reported = (status: number, body: object): ReceivedResponse => ({
    status,
    type: status === 200 ? 'application/json' : 'application/problem+json',
    text: JSON.stringify(body),
  });
  const absent = { ...refusal, status: 404, code: 'unknown_account', detail: 'There is no such account here.' };

  it('the contract checker accepts a correct response and a correct refusal', () => {
    expect(checker(right, reported(200, list), judged)).toEqual([]);
    expect(checker(wrong, reported(400, refusal), judged)).toEqual([]);
  });

  it.each([
    ['a failure of ours', right, reported(500, { ...refusal, status: 500, code: 'internal' }), 'responds with 500'],
    ['a field that nobody declared', right, reported(200, { ...list, key: 1 }), 'must NOT have additional properties'],
    ['a refusal of a right request', right, reported(400, refusal), 'refuses what the document allows'],
    ['a response to a wrong request', wrong, reported(200, list), 'responds with what the document forbids'],
    ['a refusal without a name', wrong, reported(400, { ...refusal, parameters: [] }), 'names no parameter'],
    [
      'a refusal of something else',
      wrong,
      reported(400, { ...refusal, parameters: ['limit'] }),
      'names limit and not state',
    ],
    ['a refusal without a sentence', wrong, reported(400, { ...refusal, detail: '' }), 'has no sentence on state'],
    ['an account that is not named', right, reported(404, absent), 'does not name the account'],
  ])('the contract checker finds %s', (_, meant, response, complaint) => {
    expect(checker(meant, response, judged)).toEqual([complaint]);
  });
});
