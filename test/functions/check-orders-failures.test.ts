import { describe, expect, it } from 'vitest';
import { dialects } from '../../lib/exchange/dialects/index.ts';
import { rateLimitsOf } from '../../lib/exchange/rate-limiter.ts';
import { seedId } from '../emulator/exchange/seed-order.ts';
import { testBed } from '../lib/test-bed-for-file.ts';
import {
  holdTime,
  loadCheckOrdersForEachTest,
  outcomesOf,
  place,
  realNow,
  send,
  sendAll,
} from './check-orders-requests.ts';
import { loadHttpFunction } from './load-function.ts';

loadCheckOrdersForEachTest();

it('an order in a check of many orders is not tried when the exchange throttles, and the response says when to retry', async () => {
  const ids = place(30);
  testBed.deribit.scriptAlways('order', { kind: 'throttle', wait: 7 });
  // Too little time to wait for it.
  const response = await sendAll(ids, { account: 'other', remainingMs: 5_000 });
  const outcomes = outcomesOf(response);
  expect(response.status).toBe(200);
  expect(response.headers['retry-after']).toBe('7');
  expect(response.body.outcomes[outcomes.indexOf('failed')].problem).toMatchObject({ code: 'throttled' });
  expect(outcomes).not.toContain('checked');
  expect(new Set(outcomes.slice(8))).toEqual(new Set(['not_tried']));
  expect(response.body.outcomes.at(-1)).toEqual({
    order_id: ids.at(-1),
    outcome: 'not_tried',
    retry_after_seconds: 7,
  });
});

it('an order in a check of many orders is not tried when the permits are used up', async () => {
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

it('an order in a check of many orders is not tried when the time is over, while checks under way are waited for', async () => {
  const ids = place(40);
  const { deribit } = testBed;
  holdTime(realNow());
  const before = deribit.requests.length;
  deribit.scriptAlways('order', async (_, genuine) => {
    await deribit.received(before + 8);
    holdTime(realNow() + 60_000);
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

it('an order in a check of many orders fails by the deadline, or is not tried, when the exchange hangs', async () => {
  // Key and connection are at hand: it is the reply that is late.
  await sendAll([seedId], { account: 'other' });
  testBed.deribit.scriptAlways('order', { kind: 'hang' });
  const { body } = await sendAll(place(40), { account: 'other', remainingMs: 2_500 });
  expect(body.outcomes[0]).toMatchObject({ outcome: 'failed', problem: { code: 'timeout', status: 504 } });
  expect(body.outcomes.at(-1)).toMatchObject({ outcome: 'not_tried', retry_after_seconds: 1 });
});

it('an order in a check of many orders is left untried when the key is refused', async () => {
  const ids = place(30);
  testBed.deribit.scriptAlways('any', { kind: 'error', code: 13_004 });
  const response = await sendAll(ids, { account: 'other' });
  expect(response.body.outcomes[0]).toMatchObject({ outcome: 'failed', problem: { code: 'key_refused' } });
  expect(outcomesOf(response).at(-1)).toBe('not_tried');
  expect(response.headers['retry-after']).toBe('60');
});

describe('refusals', () => {
  const many = JSON.stringify({ order_ids: Array.from({ length: 101 }, (_, index) => `X-${index}`) });
  it.each<[string, string, string, string]>([
    ['no JSON', 'order_ids', 'body', 'must be JSON'],
    ['no body', '', 'body', 'must be JSON'],
    ['a list', '["X"]', 'body', ''],
    ['no order ids', '{}', 'order_ids', 'is missing'],
    ['one order id instead of a list', '{"order_ids":"X"}', 'order_ids', 'must be a list of order ids'],
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
  ])('a check of many orders is refused for %s', async (_, text, parameter, says) => {
    const { status, type, body } = await send(text);
    expect({ status, type }).toEqual({ status: 400, type: 'application/problem+json' });
    expect(body).toMatchObject({ code: 'bad_request', parameters: [parameter] });
    expect(body.detail).toContain(says);
  });

  it('a check of many orders is refused for a query, which its route does not have', async () => {
    const { status, body } = await send(JSON.stringify({ order_ids: [seedId] }), { query: 'max_age=1' });
    expect({ status, parameters: body.parameters }).toEqual({ status: 400, parameters: ['max_age'] });
  });

  it('a check of many orders is refused for an account that the stage does not have', async () => {
    const { status, type, body } = await sendAll([seedId], { account: 'nobody' });
    expect({ status, type }).toEqual({ status: 404, type: 'application/problem+json' });
    expect(body.code).toBe('unknown_account');
  });
});
