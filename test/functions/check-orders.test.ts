import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { expect, it } from 'vitest';
import { routes } from '../../lib/api/routes.ts';
import { dialects } from '../../lib/exchange/dialects/index.ts';
import { rateLimitsOf } from '../../lib/exchange/rate-limiter.ts';
import { seedId } from '../emulator/exchange/seed-order.ts';
import { output, testBed } from '../lib/test-bed-for-file.ts';
import { apiEvent } from './api-events.ts';
import {
  checkOrders,
  holdTime,
  loadCheckOrdersForEachTest,
  outcomesOf,
  place,
  realNow,
  sendAll,
} from './check-orders-requests.ts';

loadCheckOrdersForEachTest();

it('a check of many orders returns and stores each order as if it were requested alone', async () => {
  const ids = [testBed.orangex.place(), seedId, testBed.orangex.place({ amount: '0.100' })];
  const { status, type, headers, body, text } = await sendAll(ids);
  expect({ status, type }).toEqual({ status: 200, type: 'application/json' });
  expect(headers).not.toHaveProperty('retry-after');
  expect(body).toMatchObject({
    account: 'main',
    outcomes: [
      { order_id: ids[0], outcome: 'checked', checked: { order: { order_id: ids[0] }, watched: true } },
      { order_id: seedId, outcome: 'checked', checked: { order: { order_state: 'canceled' }, final: true } },
      { order_id: ids[2], outcome: 'checked', checked: { order: { amount: '0.100' }, source: 'exchange' } },
    ],
  });
  expect(text).not.toContain('"result"');
  for (const id of ids) expect(await testBed.historyOf(id)).toHaveLength(1);
  const [snapshot] = await testBed.historyOf(ids[0] ?? '');
  expect(snapshot).toMatchObject({ request_id: { S: 'request-1' }, observed_by: { S: 'check-orders' } });
});

it('a check of many orders stays below the 6 MB that Lambda can return: 30 orders of 240 KB are checked in two requests', async () => {
  const details = { note: 'x'.repeat(240_000) };
  let ids: readonly string[] = Array.from({ length: 30 }, () => testBed.deribit.place({ details }));
  const checked: number[] = [];
  while (ids.length > 0) {
    const event = apiEvent(routes.checkOrders, {
      path: { account: 'other' },
      body: JSON.stringify({ order_ids: ids, max_age: 60 }),
    });
    const response = await checkOrders(event);
    expect(Buffer.byteLength(JSON.stringify(response))).toBeLessThan(6 * 1024 * 1024);
    const { outcomes } = JSON.parse(response.body);
    checked.push(outcomes.filter(({ outcome }: { outcome: string }) => outcome === 'checked').length);
    ids = ids.filter((_, at) => outcomes[at].outcome === 'not_tried');
  }
  expect(checked).toEqual([20, 10]);
});

it('a check of many orders does not mistake a surplus reply on a connection for the reply about another order', async () => {
  const ids = place(32);
  testBed.deribit.script('order', ...Array.from({ length: 8 }, () => ({ kind: 'surplus', code: 10004 }) as const));
  const { body, text } = await sendAll(ids, { account: 'other' });
  expect(text).not.toContain('order_not_found');
  expect(outcomesOf({ body })).toContain('checked');
  for (const id of ids) {
    const items = await testBed.itemsOf(id, 'other');
    expect(items.filter(({ sk }) => sk?.S?.startsWith('E#'))).toEqual([]);
  }
});

it('a check of many orders reads from the table what is final, and what is fresh enough', async () => {
  const id = testBed.orangex.place();
  await sendAll([id, seedId]);
  const sources = async (max_age?: number) => {
    const { body } = await sendAll([id, seedId], max_age === undefined ? {} : { max_age });
    return body.outcomes.map(({ checked }: { readonly checked: { readonly source: string } }) => checked.source);
  };
  expect(await sources()).toEqual(['exchange', 'snapshot']);
  expect(await sources(3600)).toEqual(['snapshot', 'snapshot']);
  expect(await sources(0)).toEqual(['exchange', 'exchange']);
});

it('a check of many orders reports the outcome of each order, in the order of the request', async () => {
  const gone = testBed.orangex.place();
  await sendAll([gone]);
  testBed.orangex.forget(gone);
  const foreign = testBed.orangex.place({ account: 'somebody-else' });
  const odd = testBed.orangex.place();
  testBed.orangex.script(odd, { kind: 'error', code: 424_242 });
  const { status, headers, body } = await sendAll([gone, seedId, foreign, 'nobody-saw-this', odd]);
  expect(status).toBe(200);
  expect(headers).not.toHaveProperty('retry-after');
  expect(body.outcomes).toMatchObject([
    {
      outcome: 'failed',
      problem: { status: 404, code: 'order_not_found', last_known: { order: { order_id: gone } } },
    },
    { outcome: 'checked' },
    { outcome: 'failed', problem: { status: 403, code: 'not_owner', exchange_code: 10_029 } },
    { outcome: 'failed', problem: { status: 404, code: 'order_not_found' } },
    { outcome: 'failed', problem: { status: 502, code: 'exchange_error', exchange_code: 424_242 } },
  ]);
  expect(body.outcomes[0].problem.last_known).not.toHaveProperty('result');
});

it('a check of many orders logs one line, with the counts by outcome', async () => {
  await sendAll([seedId, 'nobody-saw-this', 'nor-this']);
  expect(JSON.parse(output.onlyLine())).toMatchObject({
    message: 'responded',
    status: 200,
    account: 'main',
    checked: 1,
    failed: { order_not_found: 2 },
    not_tried: 0,
  });
});

it('a check of many orders logs an internal failure with the order that it happened to', async () => {
  const { client, tableName } = testBed.engine;
  const head = { pk: { S: 'main#CORRUPT-2' }, sk: { S: 'NOW#HEAD' }, schema: { N: 'none' } };
  await client.send(new PutItemCommand({ TableName: tableName, Item: { ...head, schema: { S: 'none' } } }));
  const { body } = await sendAll(['CORRUPT-2', seedId]);
  expect(body.outcomes).toMatchObject([
    { outcome: 'failed', problem: { code: 'store_corrupt' } },
    { outcome: 'checked' },
  ]);
  const lines = output.lines().map((line) => JSON.parse(line));
  expect(lines).toMatchObject([
    { level: 'ERROR', message: 'failed', order_id: 'CORRUPT-2', code: 'store_corrupt' },
    { message: 'responded', failed: { store_corrupt: 1 } },
  ]);
});

it('a hundred orders take a hundred permits of the account, and a hundred calls', async () => {
  const ids = place(100);
  const now = realNow();
  holdTime(now);
  const requested = testBed.deribit.count('get_order_state');
  const response = await sendAll(ids, { account: 'other' });
  expect(new Set(outcomesOf(response))).toEqual(new Set(['checked']));
  expect(testBed.deribit.count('get_order_state') - requested).toBe(100);
  const { client, tableName } = testBed.engine;
  const Key = { pk: { S: 'other' }, sk: { S: 'ACCOUNT' } };
  const { Item } = await client.send(new GetItemCommand({ TableName: tableName, Key, ConsistentRead: true }));
  const { msPerPermit } = rateLimitsOf(dialects.deribit.limit, testBed.stage.accounts['other']?.shareOfRate);
  expect(Number(Item?.['tat']?.N) - now).toBe(100 * msPerPermit);
});
