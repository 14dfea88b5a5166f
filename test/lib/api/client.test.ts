import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { ApiProblem, type Client, type ClientRequest, createClient, pages } from '../../../lib/api/client.ts';
import { writeJson } from '../../../lib/exchange/json.ts';
import { createDynamoTable } from '../../../lib/snapshots/dynamo-table.ts';
import { createSnapshotStore } from '../../../lib/snapshots/store.ts';
import type { Gateway } from '../../emulator/aws/gateway.ts';
import { seedId } from '../../emulator/exchange/seed-order.ts';
import { lexeme } from '../../emulator/exchange/wire.ts';
import { type CapturedOutput, captureOutput } from '../captured-output.ts';
import { policy } from '../snapshots/table-contract.ts';
import { startTestBed, type TestBed } from '../test-bed.ts';
import { startLocalApi } from './local-endpoint.ts';
import { startPage } from './page.ts';

let testBed: TestBed;
let api: Gateway;
let client: Client;
let output: CapturedOutput;

beforeAll(async () => {
  output = captureOutput();
  testBed = await startTestBed();
  api = await startLocalApi(testBed);
  client = createClient({ url: api.url });
});
afterAll(async () => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  output.release();
  await Promise.all([api.stop(), testBed.stop()]);
});
afterEach(() => testBed.orangex.clearScript());

const account = 'main';

async function problemOf(request: Promise<unknown>): Promise<ApiProblem> {
  const thrown = await request.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof ApiProblem) return thrown;
  throw new Error('it succeeded, or something else was thrown', { cause: thrown });
}

it('the typed client reads an order, every digit as the exchange wrote it', async () => {
  const details = { exact: lexeme('1.10'), huge: lexeme('390048812767682561234') };
  const id = testBed.orangex.place({ amount: '0.100', details });
  const { order, age_seconds } = await client.getOrder({ account, order_id: id, max_age: 0 });
  expect(order).toMatchObject({ order_id: id, amount: '0.100', order_state: 'open' });
  expect(writeJson(order.details)).toContain('"exact":1.10,"huge":390048812767682561234');
  expect(age_seconds).toBeTypeOf('number');
  expect(order.last_update_timestamp).toBe(order.creation_timestamp);
});

it('the typed client gets an order only if it has left the known state', async () => {
  const id = testBed.orangex.place();
  const requested = { account, order_id: id };
  const { rank } = await client.getOrder(requested);
  expect(await client.getOrderUnless(rank, requested)).toBeUndefined();
  testBed.orangex.fill(id);
  expect(await client.getOrderUnless(rank, requested)).toMatchObject({ final: true });
});

it('the typed client checks several orders, with parameters in the path and the rest in the body', async () => {
  const id = testBed.orangex.place();
  const { outcomes } = await client.checkOrders({ account, order_ids: [id, 'nobody-saw-this'], max_age: 5 });
  expect(outcomes).toMatchObject([
    { order_id: id, outcome: 'checked', checked: { order: { order_id: id } } },
    { order_id: 'nobody-saw-this', outcome: 'failed', problem: { code: 'order_not_found' } },
  ]);
});

it('the typed client starts and stops a watch', async () => {
  const order_id = 'NEVER-SEEN';
  expect(await client.startWatch({ account, order_id })).toMatchObject({ watched: true, status: 'unconfirmed' });
  expect(await client.stopWatch({ account, order_id })).toMatchObject({ watched: false, status: 'stopped' });
});

it('the typed client iterates over the pages of the history, whose changes keep their digits', async () => {
  const id = testBed.orangex.place({ amount: '3' });
  const requested = { account, order_id: id };
  await client.getOrder(requested);
  for (const filled of ['1', '2', '2.50']) {
    testBed.orangex.partialFill(id, filled);
    await client.getOrder({ ...requested, max_age: 0 });
  }
  const filled: unknown[] = [];
  const sizes: number[] = [];
  for await (const { snapshots } of pages(client.listSnapshots, { ...requested, limit: 3 })) {
    sizes.push(snapshots.length);
    for (const { order, changes } of snapshots) {
      filled.push(order.filled_amount);
      const change = changes.find(({ field }) => field === 'filled_amount');
      if (change !== undefined) expect(change.to).toBe(order.filled_amount);
    }
  }
  expect(sizes).toEqual([3, 1]);
  expect(filled).toEqual(['2.50', '2', '1', '0']);
});

it('the typed client iterates over the pages of a list', async () => {
  const placed = Array.from({ length: 5 }, () => testBed.deribit.place());
  for (const order_id of placed) await client.getOrder({ account: 'other', order_id });
  const listed: string[] = [];
  for await (const { orders } of pages(client.listOrders, { account: 'other', state: 'live', limit: 2 })) {
    listed.push(...orders.map(({ order_id }) => order_id));
  }
  expect(listed.toSorted()).toEqual(placed.toSorted());
});

it('the typed client leaves signing to the fetch that it is given', async () => {
  const requested: [string, ClientRequest][] = [];
  const signing = createClient({
    url: `${api.url}/`,
    fetch: (url, request) => {
      requested.push([url, request]);
      return fetch(url, { ...request, headers: { ...request.headers, authorization: 'signed' } });
    },
  });
  await signing.checkOrders({ account, order_ids: [seedId] });
  await signing.listOrders({ account, state: 'final', limit: 1, cursor: undefined });
  const headers = { accept: 'application/json' };
  expect(requested).toEqual([
    [
      `${api.url}/accounts/main/orders/check`,
      {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify({ order_ids: [seedId] }),
      },
    ],
    [`${api.url}/accounts/main/orders?state=final&limit=1`, { method: 'GET', headers }],
  ]);
});

it('the typed client works in browsers, too, because it uses nothing of Node', async () => {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL('../../../lib/api/client.ts', import.meta.url))],
    bundle: true,
    write: false,
    metafile: true,
    logLevel: 'silent',
    platform: 'browser',
    format: 'esm',
  });
  expect(Object.keys(metafile.inputs)).toContain('lib/api/client.ts');
});

it('the typed client throws a problem that names the parameter and the request', async () => {
  const problem = await problemOf(client.getOrder({ account, order_id: 'a/b ?%' }));
  expect(problem).toMatchObject({ status: 400, code: 'bad_request', parameters: ['order_id'] });
  expect(problem.message).toMatch(/^Parameter "order_id" must be /);
  expect(problem.requestId).toMatch(/=$/);
  expect(problem.retryAfterSeconds).toBeUndefined();
});

it('the typed client throws a problem with the last known state of an order that is gone', async () => {
  const id = testBed.orangex.place();
  const requested = { account, order_id: id };
  const seen = await client.getOrder(requested);
  testBed.orangex.forget(id);
  const { status, code, exchangeCode, lastKnown } = await problemOf(client.getOrder(requested));
  expect({ status, code, exchangeCode }).toEqual({ status: 404, code: 'order_not_found', exchangeCode: 10_004 });
  expect(lastKnown?.order).toEqual(seen.order);
});

it('the typed client throws a problem that says when the histories were searched for a missing order, and when they are searched next', async () => {
  const id = testBed.orangex.place();
  const requested = { account, order_id: id };
  await client.getOrder(requested);
  testBed.orangex.forget(id);
  expect(await problemOf(client.getOrder(requested))).toMatchObject({ lookedUpAt: undefined, nextLookAt: undefined });

  const table = createDynamoTable({ ...testBed.engine, policyOf: () => policy, historyDaysOf: () => undefined });
  const at = Date.now();
  const lookup = { account, orderId: id, at, requestId: 'lookup', observedBy: 'check-open-orders', attempts: [] };
  await createSnapshotStore(table).recordLookup(lookup);
  const { lookedUpAt, nextLookAt } = await problemOf(client.getOrder(requested));
  expect(lookedUpAt).toBe(new Date(at).toISOString());
  expect(nextLookAt).toBe(new Date(at + 60_000).toISOString());
});

it('the typed client throws a problem that says when to retry', async () => {
  testBed.orangex.scriptAlways('order', { kind: 'error', code: 11_051 });
  const request = client.getOrder({ account, order_id: testBed.orangex.place() });
  expect(await problemOf(request)).toMatchObject({ status: 503, code: 'maintenance', retryAfterSeconds: 60 });
});

it('the typed client throws a problem for an error of the gateway itself', async () => {
  const elsewhere = createClient({ url: `${api.url}/elsewhere` });
  const { status, code, message } = await problemOf(elsewhere.getOrder({ account, order_id: seedId }));
  expect({ status, code }).toEqual({ status: 404, code: 'gateway' });
  expect(message).toContain('404 Not Found');
});

it.each([
  ['a page', 200, 'text/html', '<h1>Welcome</h1>'],
  ['another service’s JSON', 200, 'application/json', '{"hello":"there"}'],
  ['an error without a body', 502, 'text/plain', ''],
])('the typed client throws a problem for %s in place of a response', async (_, status, type, body) => {
  const page = await startPage(status, type, body);
  const request = createClient({ url: page.url }).stopWatch({ account, order_id: seedId });
  expect(await problemOf(request)).toMatchObject({ status, code: 'gateway' });
  await page.stop();
});

it('the typed client throws the error that fetch throws', async () => {
  const nobody = createClient({ url: 'http://127.0.0.1:1' });
  await expect(nobody.startWatch({ account, order_id: seedId })).rejects.toThrow(TypeError);
});
