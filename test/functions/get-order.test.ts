import { expect, it, vi } from 'vitest';
import { seedFields, seedId } from '../emulator/exchange/seed-order.ts';
import { lexeme } from '../emulator/exchange/wire.ts';
import { output, testBed } from '../lib/test-bed-for-file.ts';
import { getOrderEvent } from './events.ts';
import { getOrder, loadGetOrderForFile, send } from './get-order-requests.ts';
import { loadHttpFunction } from './load-function.ts';

loadGetOrderForFile();

it.each([
  ['999999999', { kind: 'status', status: 503, retryAfter: '999999999' }],
  ['999 999 999 999', { kind: 'status', status: 503, retryAfter: '999999999999' }],
  ['a date in 2100', { kind: 'status', status: 503, retryAfter: 'Fri, 01 Jan 2100 00:00:00 GMT' }],
  ['a wait of years in its error', { kind: 'error', code: 10_040, data: { wait: 999_999_999 } }],
] as const)(
  'an absurdly long wait that the exchange requires is passed on in Retry-After as at most 300 s: %s',
  async (_what, fault) => {
    testBed.deribit.script('order', fault);
    const { status, headers } = await send(testBed.deribit.place(), '', 'other');
    expect({ status, wait: headers['retry-after'] }).toEqual({ status: 503, wait: '300' });
  },
);

it('GET of an order returns the order without an exchange time when the time in the reply is impossible', async () => {
  testBed.orangex.script('order', (_request, { body }) => ({
    body: body.replace(/"usOut":\d+/, '"usOut":999999999999999'),
  }));
  const { status, body } = await send(testBed.orangex.place());
  expect(status).toBe(200);
  expect(body).not.toHaveProperty('exchange_time');
});

it('GET of an order returns the seed’s order with every field of the specification', async () => {
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

it('GET of an order returns the unchanged seed’s order again, with and without max_age=0, and stores it once', async () => {
  await send(seedId);
  expect((await send(seedId)).body).toMatchObject({ source: 'snapshot', changed: false });
  expect((await send(seedId, 'max_age=0')).body).toMatchObject({ source: 'exchange', changed: false });
  expect(await testBed.historyOf(seedId)).toHaveLength(1);
});

it('GET of an order returns what the exchange has just said, even where only volatile fields have changed', async () => {
  const id = testBed.orangex.place();
  const { headers } = await send(id);
  const { version, last_update_timestamp } = testBed.orangex.order(id);
  testBed.orangex.update(id, { version, last_update_timestamp, details: { rpl: '0.25' } });
  const again = await send(id);
  expect(again.body).toMatchObject({ source: 'exchange', changed: false, order: { details: { rpl: '0.25' } } });
  expect(again.headers['etag']).toBe(headers['etag']);
});

it('GET of an order comes from the table only when max_age allows it', async () => {
  const id = testBed.orangex.place();
  expect((await send(id)).body).toMatchObject({ source: 'exchange', changed: true, watched: true });
  expect((await send(id, 'max_age=3600')).body).toMatchObject({ source: 'snapshot' });
  expect((await send(id)).body).toMatchObject({ source: 'exchange' });
});

it('GET of an order returns 304 to a client that has the state, and calls the exchange only when the table is not fresh enough', async () => {
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

it('GET of an order returns the digits of the wire', async () => {
  const details = { exact: lexeme('1.10'), huge: lexeme('390048812767682561234') };
  const id = testBed.deribit.place({ amount: '0.100', details });
  for (const query of ['', 'max_age=60']) {
    const { text } = await send(id, query, 'other');
    expect(text).toContain('"exact":1.10,"huge":390048812767682561234');
    expect(text).toContain('"amount":"0.100"');
  }
});

it('GET of an order logs one line, with what a search needs and nothing of the response', async () => {
  const id = testBed.orangex.place({ details: { custom_order_id: 'in-the-body' } });
  await send(id);
  const line = output.onlyLine();
  expect(JSON.parse(line)).toMatchObject({
    message: 'responded',
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

it('GET of an order stores the request id and the function name with the snapshot', async () => {
  const id = testBed.orangex.place();
  await getOrder(getOrderEvent({ account: 'main', order_id: id }, '', 'request-of-this-test'));
  const [snapshot] = await testBed.historyOf(id);
  expect(snapshot).toMatchObject({ request_id: { S: 'request-of-this-test' }, observed_by: { S: 'get-order' } });
});

it('the function get-order does not start without the name of its table', async () => {
  const { TABLE_NAME: _, ...env } = testBed.env;
  vi.stubEnv('TABLE_NAME', undefined);
  await expect(loadHttpFunction('get-order', { ...testBed, env })).rejects.toThrow('TABLE_NAME is not set.');
});

it('the function get-order starts while no service responds, and then fails request by request', async () => {
  testBed.secrets.failAlways({ kind: 'down' });
  const { main } = testBed.stage.accounts;
  if (main === undefined) throw new Error('the stage has an account');
  const env = { ...testBed.env, AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1' };
  const via = await loadHttpFunction('get-order', { stage: { ...testBed.stage, accounts: { main } }, env });
  expect((await send(seedId, '', 'main', { via })).status).toBe(503);
});
