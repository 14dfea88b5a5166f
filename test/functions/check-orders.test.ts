import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { routes } from '../../lib/api/routes.ts';
import { dialects } from '../../lib/exchange/dialects/index.ts';
import { rateLimitsOf } from '../../lib/exchange/rate-limiter.ts';
import { seedId } from '../emulator/exchange/seed-order.ts';
import { type CapturedOutput, captureOutput } from '../lib/captured-output.ts';
import { startTestBed, type TestBed } from '../lib/test-bed.ts';
import { apiEvent } from './api-events.ts';
import { type HttpFunction, loadHttpFunction } from './load-function.ts';

let testBed: TestBed;
let checkOrders: HttpFunction;
let output: CapturedOutput;

/** Everybody's time, while a test holds it. */
let heldAt: number | undefined;
const realNow = Date.now;

beforeAll(async () => {
  vi.spyOn(Date, 'now').mockImplementation(() => heldAt ?? realNow());
  testBed = await startTestBed({ now: () => Date.now() });
});
afterAll(async () => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  await testBed.stop();
});
beforeEach(async () => {
  output = captureOutput();
  checkOrders = await loadHttpFunction('check-orders', testBed);
});
afterEach(async () => {
  heldAt = undefined;
  output.release();
  testBed.orangex.clearScript();
  testBed.deribit.clearScript();
  await testBed.resetRateLimits();
});

type OrderChecks = {
  readonly account?: string;
  readonly query?: string;
  readonly via?: HttpFunction;
  readonly remainingMs?: number;
};

async function send(text: string, { account = 'main', query = '', via = checkOrders, remainingMs }: OrderChecks = {}) {
  const event = apiEvent(routes.checkOrders, { path: { account }, query, body: text });
  const { statusCode, headers, body } = await via(event, remainingMs);
  return { status: statusCode, headers, type: headers['content-type'], text: body, body: JSON.parse(body) };
}

function sendAll(order_ids: readonly string[], { max_age, ...rest }: OrderChecks & { readonly max_age?: number } = {}) {
  return send(JSON.stringify({ order_ids, max_age }), rest);
}

function place(count: number): readonly string[] {
  return Array.from({ length: count }, () => testBed.deribit.place());
}

function outcomesOf({ body }: { readonly body: { readonly outcomes: readonly { readonly outcome: string }[] } }) {
  return body.outcomes.map(({ outcome }) => outcome);
}

describe('a check of many orders', () => {
  it('answers each order as if it were requested alone, and keeps it', async () => {
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

  it('stays below the 6 MB that Lambda returns: 30 orders of 240 KB are checked in two requests', async () => {
    const details = { note: 'x'.repeat(240_000) };
    let ids: readonly string[] = Array.from({ length: 30 }, () => testBed.deribit.place({ details }));
    const checked: number[] = [];
    while (ids.length > 0) {
      const event = apiEvent(routes.checkOrders, {
        path: { account: 'other' },
        body: JSON.stringify({ order_ids: ids, max_age: 60 }),
      });
      const answer = await checkOrders(event);
      expect(Buffer.byteLength(JSON.stringify(answer))).toBeLessThan(6 * 1024 * 1024);
      const { outcomes } = JSON.parse(answer.body);
      checked.push(outcomes.filter(({ outcome }: { outcome: string }) => outcome === 'checked').length);
      ids = ids.filter((_, at) => outcomes[at].outcome === 'not_tried');
    }
    expect(checked).toEqual([20, 10]);
  });

  it('takes no surplus response on a connection for the answer about another order', async () => {
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

  it('lets the table answer what is final, and what is fresh enough', async () => {
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

  it('reports the outcome of each, in the order of the request', async () => {
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

  it('logs one line, with the counts by outcome', async () => {
    await sendAll([seedId, 'nobody-saw-this', 'nor-this']);
    const [line = '', ...others] = output.lines();
    expect(others).toEqual([]);
    expect(JSON.parse(line)).toMatchObject({
      message: 'answered',
      status: 200,
      account: 'main',
      checked: 1,
      failed: { order_not_found: 2 },
      not_tried: 0,
    });
  });

  it('logs our own fault with the order that met it', async () => {
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
      { message: 'answered', failed: { store_corrupt: 1 } },
    ]);
  });
});

describe('what a check of many orders cannot do in time', () => {
  it('is not tried when the exchange throttles, and the answer says when to come again', async () => {
    const ids = place(30);
    testBed.deribit.scriptAlways('order', { kind: 'throttle', wait: 7 });
    // Too little time to wait for it.
    const answer = await sendAll(ids, { account: 'other', remainingMs: 5_000 });
    const outcomes = outcomesOf(answer);
    expect(answer.status).toBe(200);
    expect(answer.headers['retry-after']).toBe('7');
    expect(answer.body.outcomes[outcomes.indexOf('failed')].problem).toMatchObject({ code: 'throttled' });
    expect(outcomes).not.toContain('checked');
    expect(new Set(outcomes.slice(8))).toEqual(new Set(['not_tried']));
    expect(answer.body.outcomes.at(-1)).toEqual({
      order_id: ids.at(-1),
      outcome: 'not_tried',
      retry_after_seconds: 7,
    });
  });

  it('is not tried when the permits are used up', async () => {
    const { main, other } = testBed.stage.accounts;
    if (main === undefined || other === undefined) throw new Error('the stage has two accounts');
    const shareOfRate = 0.01;
    const stage = { ...testBed.stage, accounts: { main, other: { ...other, shareOfRate } } };
    const via = await loadHttpFunction('check-orders', { env: testBed.env, stage });
    const requested = testBed.deribit.count('get_order_state');
    // Less than one permit takes.
    const { headers, body } = await sendAll(place(3), { account: 'other', via, remainingMs: 4_000 });
    const { burst, msPerPermit } = rateLimitsOf(dialects.deribit.limit, shareOfRate);
    const retry_after_seconds = msPerPermit / 1000;
    expect(burst.interactive).toBe(1);
    expect(body.outcomes).toMatchObject([
      { outcome: 'checked' },
      { outcome: 'not_tried', retry_after_seconds },
      { outcome: 'not_tried', retry_after_seconds },
    ]);
    expect(headers['retry-after']).toBe(String(retry_after_seconds));
    expect(testBed.deribit.count('get_order_state')).toBe(requested + 1);
  });

  it('is not tried once the time is over; what was requested by then is waited for', async () => {
    const ids = place(40);
    const { deribit } = testBed;
    heldAt = realNow();
    const before = deribit.requests.length;
    deribit.scriptAlways('order', async (_, genuine) => {
      await deribit.received(before + 8);
      heldAt = realNow() + 60_000;
      return genuine;
    });
    const { body, headers } = await sendAll(ids, { account: 'other' });
    expect(body.outcomes).toMatchObject([
      ...ids.slice(0, 8).map((order_id) => ({ order_id, outcome: 'checked' })),
      ...ids.slice(8).map((order_id) => ({ order_id, outcome: 'not_tried', retry_after_seconds: 1 })),
    ]);
    expect(headers['retry-after']).toBe('1');
    expect(deribit.requests.length).toBe(before + 8);
  });

  it('fails by the deadline, or is not tried, when the exchange hangs', async () => {
    // Key and connection are at hand: it is the answer that is late.
    await sendAll([seedId], { account: 'other' });
    testBed.deribit.scriptAlways('order', { kind: 'hang' });
    const { body } = await sendAll(place(40), { account: 'other', remainingMs: 2_500 });
    expect(body.outcomes[0]).toMatchObject({ outcome: 'failed', problem: { code: 'timeout', status: 504 } });
    expect(body.outcomes.at(-1)).toMatchObject({ outcome: 'not_tried', retry_after_seconds: 1 });
  });

  it('leaves the rest untried when the key is refused', async () => {
    const ids = place(30);
    testBed.deribit.scriptAlways('any', { kind: 'error', code: 13_004 });
    const answer = await sendAll(ids, { account: 'other' });
    expect(answer.body.outcomes[0]).toMatchObject({ outcome: 'failed', problem: { code: 'key_refused' } });
    expect(outcomesOf(answer).at(-1)).toBe('not_tried');
    expect(answer.headers['retry-after']).toBe('60');
  });
});

it('a hundred orders take a hundred permits of the account, and a hundred calls', async () => {
  const ids = place(100);
  heldAt = realNow();
  const requested = testBed.deribit.count('get_order_state');
  const answer = await sendAll(ids, { account: 'other' });
  expect(new Set(outcomesOf(answer))).toEqual(new Set(['checked']));
  expect(testBed.deribit.count('get_order_state') - requested).toBe(100);
  const { client, tableName } = testBed.engine;
  const Key = { pk: { S: 'other' }, sk: { S: 'ACCOUNT' } };
  const { Item } = await client.send(new GetItemCommand({ TableName: tableName, Key, ConsistentRead: true }));
  const { msPerPermit } = rateLimitsOf(dialects.deribit.limit, testBed.stage.accounts['other']?.shareOfRate);
  expect(Number(Item?.['tat']?.N) - heldAt).toBe(100 * msPerPermit);
});

describe('a check of many orders is refused', () => {
  const many = JSON.stringify({ order_ids: Array.from({ length: 101 }, (_, index) => `X-${index}`) });
  it.each<[string, string, string, string]>([
    ['no JSON', 'order_ids', 'body', 'must be JSON'],
    ['no body', '', 'body', 'must be JSON'],
    ['a list', '["X"]', 'body', ''],
    ['no order ids', '{}', 'order_ids', 'is missing'],
    ['one order id that is no list', '{"order_ids":"X"}', 'order_ids', 'must be a list of order ids'],
    ['an empty list', '{"order_ids":[]}', 'order_ids', 'must name an order'],
    ['a hundred and one', many, 'order_ids', 'must name at most 100 orders'],
    ['an order twice', '{"order_ids":["X","Y","X"]}', 'order_ids', 'must name each order once'],
    ['a wrong order id', '{"order_ids":["X","a/b"]}', 'order_ids', 'must be 1 to 64 characters'],
    ['an order id that is a number', '{"order_ids":[39004881276768256]}', 'order_ids', 'must be a string'],
    ['a wrong max_age', '{"order_ids":["X"],"max_age":-1}', 'max_age', 'must be a whole number of seconds'],
    ['a max_age that is a text', '{"order_ids":["X"],"max_age":"1"}', 'max_age', 'must be a whole number of seconds'],
    ['a member that it does not have', '{"order_ids":["X"],"state":"live"}', 'state', 'is unknown here'],
    ['a key given twice', '{"order_ids":["X"],"order_ids":["Y"]}', 'order_ids', 'is given twice'],
    ['a body that is too long', `{"order_ids":["X"]${' '.repeat(32 * 1024)}}`, 'body', 'at most 32768 bytes'],
  ])('for %s', async (_, text, parameter, says) => {
    const { status, type, body } = await send(text);
    expect({ status, type }).toEqual({ status: 400, type: 'application/problem+json' });
    expect(body).toMatchObject({ code: 'bad_request', parameters: [parameter] });
    expect(body.detail).toContain(says);
  });

  it('for a query, which it does not have', async () => {
    const { status, body } = await send(JSON.stringify({ order_ids: [seedId] }), { query: 'max_age=1' });
    expect({ status, parameters: body.parameters }).toEqual({ status: 400, parameters: ['max_age'] });
  });

  it('for an account that the stage does not have', async () => {
    const { status, type, body } = await sendAll([seedId], { account: 'nobody' });
    expect({ status, type }).toEqual({ status: 404, type: 'application/problem+json' });
    expect(body.code).toBe('unknown_account');
  });
});
