import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Code } from '../../lib/errors.ts';
import type { Fault } from '../emulator/exchange/faults.ts';
import { seedId } from '../emulator/exchange/seed-order.ts';
import { captureOutput } from '../lib/captured-output.ts';
import { output, testBed } from '../lib/test-bed-for-file.ts';
import { getOrderEvent } from './events.ts';
import { getOrder, loadGetOrder, loadGetOrderForFile, send } from './get-order-requests.ts';
import { loadHttpFunction } from './load-function.ts';

loadGetOrderForFile();

describe('failures', () => {
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
  ])('GET of an order fails for %s', async (_, account, orderId, query, status, code) => {
    const response = await send(orderId, query, account);
    expect(response).toMatchObject({ status, type: 'application/problem+json', body: { status, code } });
    expect(response.body).not.toHaveProperty('last_known');
    expect(await testBed.itemsOf(orderId, account)).toEqual(
      orderId === seedId && account === 'main' ? expect.anything() : [],
    );
  });

  it('GET of an order fails for an order that the exchange forgot, with its last known state', async () => {
    const id = testBed.orangex.place();
    const { body: seen } = await send(id);
    testBed.orangex.forget(id);
    const { status, body } = await send(id);
    expect(status).toBe(404);
    expect(body).toMatchObject({ code: 'order_not_found', exchange_code: 10_004 });
    expect(body.last_known).toEqual({ ...seen, source: 'snapshot', changed: false });
  });

  it('GET of an order fails for a table that is down', async () => {
    const env = { ...testBed.env, AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1' };
    const via = await loadHttpFunction('get-order', { ...testBed, env });
    const { status, body, headers } = await send(seedId, '', 'main', { via });
    expect({ status, code: body.code }).toEqual({ status: 503, code: 'store_unavailable' });
    expect(headers['retry-after']).toBe('1');
  });

  it('GET of an order fails for an item that cannot be read, and logs which item', async () => {
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

describe('exchange faults', () => {
  let id = '';
  beforeAll(async () => {
    id = testBed.orangex.place();
    const coolDown = captureOutput();
    await startAnew();
    coolDown.release();
  });

  /** A process that has not been throttled. Key and token are at hand: it is the reply that is late. */
  async function startAnew(): Promise<void> {
    await testBed.resetRateLimits();
    await loadGetOrder();
    await getOrder(getOrderEvent({ account: 'main', order_id: id }));
  }

  it.each(exchangeFaults)(
    'a fault of the exchange with the code %s is reported as a problem with %j',
    async (code, { status, retryAfter, remainingMs }, fault) => {
      testBed.orangex.scriptAlways('order', fault);
      const response = await send(id, 'max_age=0', 'main', { remainingMs });
      expect({ status: response.status, type: response.type }).toEqual({ status, type: 'application/problem+json' });
      expect(response.body).toMatchObject({
        type: `urn:order-state-snapshots:${code}`,
        title: expect.any(String),
        status,
        detail: expect.any(String),
        code,
        instance: `/accounts/main/orders/${id}`,
        request_id: 'request-1',
      });
      expect(response.headers['retry-after']).toBe(retryAfter);
      testBed.orangex.clearScript();
      if (code === 'throttled') await startAnew();
    },
  );

  it('a fault of the exchange leaves no trace once it is over', async () => {
    expect((await send(id)).body).toMatchObject({ source: 'exchange', watched: true });
  });
});

it.each([
  ['secret_empty', undefined],
  ['secret_malformed', undefined],
  ['secret_unavailable', '5'],
] as const)(
  'an exchange key that cannot be read is reported as %s with 503 and retry-after %s',
  async (code, retryAfter) => {
    const secretName = `secret-of-${code}`;
    if (code === 'secret_malformed') testBed.secrets.create(secretName, 'a-bare-key');
    const { main, other } = testBed.stage.accounts;
    if (main === undefined || other === undefined) throw new Error('the stage has two accounts');
    const stage = { ...testBed.stage, accounts: { main: { ...main, secretName }, other } };
    const via = await loadHttpFunction('get-order', { stage, env: testBed.env });
    if (code === 'secret_unavailable') testBed.secrets.failAlways({ kind: 'denied' });
    const response = await send(testBed.orangex.place(), '', 'main', { via });
    expect({ status: response.status, code: response.body.code }).toEqual({ status: 503, code });
    expect(response.headers['retry-after']).toBe(retryAfter);
    expect(response.body.detail).toContain(secretName);
  },
);
