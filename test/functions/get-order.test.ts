import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Code } from '../../lib/errors.ts';
import type { Fault } from '../emulator/exchange/faults.ts';
import { seedFields, seedId } from '../emulator/exchange/seed-order.ts';
import { lexeme } from '../emulator/exchange/wire.ts';
import { type CapturedOutput, captureOutput } from '../lib/captured-output.ts';
import { startTestBed, type TestBed } from '../lib/test-bed.ts';
import { getOrderEvent } from './events.ts';
import { type HttpFunction, loadHttpFunction } from './load-function.ts';

let testBed: TestBed;
let getOrder: HttpFunction;
let output: CapturedOutput;

beforeAll(async () => {
  testBed = await startTestBed();
  getOrder = await loadHttpFunction('get-order', testBed);
});
afterAll(async () => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  await testBed.stop();
});
beforeEach(() => {
  output = captureOutput();
});
afterEach(() => {
  output.release();
  testBed.orangex.clearScript();
  testBed.deribit.clearScript();
  testBed.secrets.recover();
});

/** Calls the function; returns what a client reads. */
async function send(orderId: string, query = '', account = 'main', { remainingMs, via = getOrder }: OrderChecks = {}) {
  const { statusCode, headers, body } = await via(getOrderEvent({ account, order_id: orderId }, query), remainingMs);
  return { status: statusCode, headers, type: headers['content-type'], text: body, body: JSON.parse(body) };
}
type OrderChecks = { readonly remainingMs?: number | undefined; readonly via?: HttpFunction };

describe('an exchange that answers absurd times', () => {
  it.each([
    ['999999999', { kind: 'status', status: 503, retryAfter: '999999999' }],
    ['999 999 999 999', { kind: 'status', status: 503, retryAfter: '999999999999' }],
    ['a date in 2100', { kind: 'status', status: 503, retryAfter: 'Fri, 01 Jan 2100 00:00:00 GMT' }],
    ['a wait of years in its error', { kind: 'error', code: 10_040, data: { wait: 999_999_999 } }],
  ] as const)('passes Retry-After on as 300 s at most: %s', async (_what, fault) => {
    testBed.deribit.script('order', fault);
    const { status, headers } = await send(testBed.deribit.place(), '', 'other');
    expect({ status, wait: headers['retry-after'] }).toEqual({ status: 503, wait: '300' });
  });
});

describe('GET of an order', () => {
  it('leaves out a time of the exchange that cannot be, and answers the order', async () => {
    testBed.orangex.script('order', (_request, { body }) => ({
      body: body.replace(/"usOut":\d+/, '"usOut":999999999999999'),
    }));
    const { status, body } = await send(testBed.orangex.place());
    expect(status).toBe(200);
    expect(body).not.toHaveProperty('exchange_time');
  });

  it('answers the seed’s order with every field of the specification', async () => {
    const { status, type, body, text } = await send(seedId);
    expect({ status, type }).toEqual({ status: 200, type: 'application/json' });
    const { first_observed_at, checked_at, age_seconds, rank, ...rest } = body;
    expect(rest).toEqual({
      account: 'main',
      order: { ...seedFields, details: {} },
      final: true,
      watched: false,
      source: 'exchange',
      changed: true,
      exchange_time: '2020-08-11T07:14:06.950Z',
    });
    expect(first_observed_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(checked_at <= first_observed_at).toBe(true);
    expect(age_seconds).toBeGreaterThanOrEqual(0);
    expect(rank).toMatch(/^1597129894026\./);
    expect(text).toContain(`"order_id":"${seedId}"`);
  });

  it('answers the seed’s order again unchanged, with and without max_age=0, and keeps it once', async () => {
    await send(seedId);
    expect((await send(seedId)).body).toMatchObject({ source: 'snapshot', changed: false });
    expect((await send(seedId, 'max_age=0')).body).toMatchObject({ source: 'exchange', changed: false });
    expect(await testBed.historyOf(seedId)).toHaveLength(1);
  });

  it('returns what the exchange has just said, also where only volatile fields have changed', async () => {
    const id = testBed.orangex.place();
    const { headers } = await send(id);
    const { version, last_update_timestamp } = testBed.orangex.order(id);
    testBed.orangex.update(id, { version, last_update_timestamp, details: { rpl: '0.25' } });
    const again = await send(id);
    expect(again.body).toMatchObject({ source: 'exchange', changed: false, order: { details: { rpl: '0.25' } } });
    expect(again.headers['etag']).toBe(headers['etag']);
  });

  it('lets a fresh check answer only for max_age', async () => {
    const id = testBed.orangex.place();
    expect((await send(id)).body).toMatchObject({ source: 'exchange', changed: true, watched: true });
    expect((await send(id, 'max_age=3600')).body).toMatchObject({ source: 'snapshot' });
    expect((await send(id)).body).toMatchObject({ source: 'exchange' });
  });

  it('answers 304 to a client that has the state, and calls the exchange only when the table is not enough', async () => {
    const id = testBed.orangex.place();
    const first = await send(id);
    const { etag = '', age } = first.headers;
    expect(etag).toBe(`W/"${first.body.rank}"`);
    expect(age).toBe(String(first.body.age_seconds));

    const event = (query: string) => {
      const plain = getOrderEvent({ account: 'main', order_id: id }, query);
      return { ...plain, headers: { ...plain.headers, 'if-none-match': etag } };
    };
    const requested = testBed.orangex.count('get_order_state');
    const unchanged = await getOrder(event('max_age=3600'));
    expect(unchanged).toMatchObject({ statusCode: 304, headers: { etag } });
    expect(unchanged.headers).toHaveProperty('age');
    expect(testBed.orangex.count('get_order_state')).toBe(requested);

    expect(await getOrder(event(''))).toMatchObject({ statusCode: 304 });
    expect(testBed.orangex.count('get_order_state')).toBe(requested + 1);
    testBed.orangex.cancel(id);
    expect(await getOrder(event('max_age=0'))).toMatchObject({ statusCode: 200 });
  });

  it('writes the digits of the wire', async () => {
    const details = { exact: lexeme('1.10'), huge: lexeme('390048812767682561234') };
    const id = testBed.deribit.place({ amount: '0.100', details });
    for (const query of ['', 'max_age=60']) {
      const { text } = await send(id, query, 'other');
      expect(text).toContain('"exact":1.10,"huge":390048812767682561234');
      expect(text).toContain('"amount":"0.100"');
    }
  });

  it('logs one line, with what a search needs and nothing of the answer', async () => {
    const id = testBed.orangex.place({ details: { custom_order_id: 'in-the-body' } });
    await send(id);
    const [line = '', ...others] = output.lines();
    expect(others).toEqual([]);
    expect(JSON.parse(line)).toMatchObject({
      message: 'answered',
      status: 200,
      code: 'ok',
      account: 'main',
      order_id: id,
      request_id: 'request-1',
      duration_ms: expect.any(Number),
      exchange_ms: expect.any(Number),
    });
    expect(line).not.toMatch(/in-the-body|BTC-PERPETUAL/);
  });

  it('keeps the request and the function as evidence', async () => {
    const id = testBed.orangex.place();
    await getOrder(getOrderEvent({ account: 'main', order_id: id }, '', 'request-of-this-test'));
    const [snapshot] = await testBed.historyOf(id);
    expect(snapshot).toMatchObject({ request_id: { S: 'request-of-this-test' }, observed_by: { S: 'get-order' } });
  });
});

describe('GET of an order fails', () => {
  const bad = 'bad_request';
  it.each<[string, string, string, string, number, string]>([
    ['a wrong account', 'Main', seedId, '', 400, bad],
    ['an over-long account', 'a'.repeat(33), seedId, '', 400, bad],
    ['an unknown account', 'nobody', seedId, '', 404, 'unknown_account'],
    ['a wrong order id', 'main', 'a/b', '', 400, bad],
    ['an over-long order id', 'main', '1'.repeat(65), '', 400, bad],
    ['a wrong max_age', 'main', seedId, 'max_age=soon', 400, bad],
    ['a max_age given twice', 'main', seedId, 'max_age=1&max_age=2', 400, bad],
    ['an unknown parameter', 'main', seedId, 'maxage=1', 400, bad],
    ['an order that nobody saw', 'main', 'nobody-saw-this', '', 404, 'order_not_found'],
  ])('for %s', async (_, account, orderId, query, status, code) => {
    const answer = await send(orderId, query, account);
    expect(answer).toMatchObject({ status, type: 'application/problem+json', body: { status, code } });
    expect(answer.body).not.toHaveProperty('last_known');
    expect(await testBed.itemsOf(orderId, account)).toEqual(
      orderId === seedId && account === 'main' ? expect.anything() : [],
    );
  });

  it('for an order that is gone, with what was last known', async () => {
    const id = testBed.orangex.place();
    const { body: seen } = await send(id);
    testBed.orangex.forget(id);
    const { status, body } = await send(id);
    expect(status).toBe(404);
    expect(body).toMatchObject({ code: 'order_not_found', exchange_code: 10_004 });
    expect(body.last_known).toEqual({ ...seen, source: 'snapshot', changed: false });
  });

  it('for a table that is down', async () => {
    const env = { ...testBed.env, AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1' };
    const via = await loadHttpFunction('get-order', { ...testBed, env });
    const { status, body, headers } = await send(seedId, '', 'main', { via });
    expect({ status, code: body.code }).toEqual({ status: 503, code: 'store_unavailable' });
    expect(headers['retry-after']).toBe('1');
  });

  it('for an item that cannot be read, and logs which', async () => {
    const { client, tableName } = testBed.engine;
    const head = { pk: { S: 'main#CORRUPT-1' }, sk: { S: 'NOW#HEAD' }, schema: { N: '2' } };
    await client.send(new PutItemCommand({ TableName: tableName, Item: head }));
    const { status, body, text } = await send('CORRUPT-1');
    expect({ status, code: body.code }).toEqual({ status: 500, code: 'store_corrupt' });
    expect(text).not.toContain('schema');
    expect(output.text()).toContain('see schema.N');
  });
});

/** Of the invocation, milliseconds: the response would never come. */
const soon = 1_700;
/** Seconds: longer than a retry waits. */
const longWait = { wait: 60 };
type ExchangeResponse = { readonly status: number; readonly retryAfter?: string; readonly remainingMs?: number };
/** One fault for each code. What the other faults end in: test/lib/exchange/client-faults.test.ts, canary.test.ts. */
const exchangeFaults: readonly (readonly [Code, ExchangeResponse, Fault])[] = [
  ['invalid_order_id', { status: 400 }, { kind: 'error', code: 10_025 }],
  ['order_not_found', { status: 404 }, { kind: 'error', code: 10_004 }],
  ['not_owner', { status: 403 }, { kind: 'error', code: 10_029 }],
  ['request_rejected', { status: 500 }, { kind: 'error', code: 10_030 }],
  ['unauthorized', { status: 502 }, { kind: 'error', code: 13_009 }],
  ['key_refused', { status: 502 }, { kind: 'error', code: 13_004 }],
  ['forbidden', { status: 502 }, { kind: 'error', code: 13_021 }],
  ['account_locked', { status: 502 }, { kind: 'error', code: 11_098 }],
  ['exchange_error', { status: 502 }, { kind: 'error', code: 424_242 }],
  ['invalid_response', { status: 502 }, { kind: 'empty' }],
  ['busy', { status: 503, retryAfter: '60' }, { kind: 'error', code: 10_040, data: longWait }],
  ['maintenance', { status: 503, retryAfter: '60' }, { kind: 'error', code: 11_051 }],
  ['unreachable', { status: 503, retryAfter: '5' }, { kind: 'drop' }],
  ['throttled', { status: 503, retryAfter: '60' }, { kind: 'error', code: 10_028, data: longWait }],
  ['timeout', { status: 504, remainingMs: soon }, { kind: 'hang' }],
];

describe('a fault of the exchange', () => {
  let id = '';
  beforeAll(async () => {
    id = testBed.orangex.place();
    const coolDown = captureOutput();
    await startAnew();
    coolDown.release();
  });

  /** A process that has not been throttled. Key and token are at hand: it is the answer that is late. */
  async function startAnew(): Promise<void> {
    await testBed.resetRateLimits();
    getOrder = await loadHttpFunction('get-order', testBed);
    await getOrder(getOrderEvent({ account: 'main', order_id: id }));
  }

  it.each(exchangeFaults)(
    'with code %s is a problem with %j',
    async (code, { status, retryAfter, remainingMs }, fault) => {
      testBed.orangex.scriptAlways('order', fault);
      const answer = await send(id, 'max_age=0', 'main', { remainingMs });
      expect({ status: answer.status, type: answer.type }).toEqual({ status, type: 'application/problem+json' });
      expect(answer.body).toMatchObject({
        type: `urn:order-state-snapshots:${code}`,
        title: expect.any(String),
        status,
        detail: expect.any(String),
        code,
        instance: `/accounts/main/orders/${id}`,
        request_id: 'request-1',
      });
      expect(answer.headers['retry-after']).toBe(retryAfter);
      testBed.orangex.clearScript();
      if (code === 'throttled') await startAnew();
    },
  );

  it('leaves nothing behind once it is over', async () => {
    expect((await send(id)).body).toMatchObject({ source: 'exchange', watched: true });
  });
});

describe('an exchange key', () => {
  it.each([
    ['secret_empty', undefined],
    ['secret_malformed', undefined],
    ['secret_unavailable', '5'],
  ] as const)('that cannot be read is %s with 503 and retry-after %s', async (code, retryAfter) => {
    const secretName = `secret-of-${code}`;
    if (code === 'secret_malformed') testBed.secrets.create(secretName, 'a-bare-key');
    const { main, other } = testBed.stage.accounts;
    if (main === undefined || other === undefined) throw new Error('the stage has two accounts');
    const stage = { ...testBed.stage, accounts: { main: { ...main, secretName }, other } };
    const via = await loadHttpFunction('get-order', { stage, env: testBed.env });
    if (code === 'secret_unavailable') testBed.secrets.failAlways({ kind: 'denied' });
    const answer = await send(testBed.orangex.place(), '', 'main', { via });
    expect({ status: answer.status, code: answer.body.code }).toEqual({ status: 503, code });
    expect(answer.headers['retry-after']).toBe(retryAfter);
    expect(answer.body.detail).toContain(secretName);
  });
});

describe('the function', () => {
  it('does not start without the name of its table', async () => {
    const { TABLE_NAME: _, ...env } = testBed.env;
    vi.stubEnv('TABLE_NAME', undefined);
    await expect(loadHttpFunction('get-order', { ...testBed, env })).rejects.toThrow('TABLE_NAME is not set.');
  });

  it('starts while nobody answers it, and then fails request by request', async () => {
    testBed.secrets.failAlways({ kind: 'down' });
    const { main } = testBed.stage.accounts;
    if (main === undefined) throw new Error('the stage has an account');
    const env = { ...testBed.env, AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1' };
    const via = await loadHttpFunction('get-order', { stage: { ...testBed.stage, accounts: { main } }, env });
    expect((await send(seedId, '', 'main', { via })).status).toBe(503);
  });
});
