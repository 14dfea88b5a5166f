import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { routes } from '../../lib/api/routes.ts';
import { seedId } from '../emulator/exchange/seed-order.ts';
import { lexeme } from '../emulator/exchange/wire.ts';
import { listen } from '../emulator/listen.ts';
import { output, startTestBedForFile, testBed } from '../lib/test-bed-for-file.ts';
import { apiEvent } from './api-events.ts';
import { getOrderEvent } from './events.ts';
import { type ChangeWatch, type HttpFunction, loadChangeWatch, loadHttpFunction } from './load-function.ts';
import { caller } from './watch-events.ts';

let getOrder: HttpFunction;
let changeWatch: ChangeWatch;
let listOrders: HttpFunction;
let listSnapshots: HttpFunction;

startTestBedForFile();
beforeAll(async () => {
  getOrder = await loadHttpFunction('get-order', testBed);
  changeWatch = await loadChangeWatch(testBed);
  listOrders = await loadHttpFunction('list-orders', testBed);
  listSnapshots = await loadHttpFunction('list-snapshots', testBed);
});

let checks = 0;
/** Requests an order of the exchange, as `check-1` and so on. */
async function check(orderId: string, account = 'main') {
  await getOrder(getOrderEvent({ account, order_id: orderId }, 'max_age=0', `check-${++checks}`));
  return `check-${checks}`;
}

/** What a client reads of an order's history. */
async function history(orderId: string, query = '', account = 'main', via = listSnapshots) {
  const event = apiEvent(routes.listSnapshots, { path: { account, order_id: orderId }, query });
  const { statusCode: status, headers, body } = await via(event);
  return { status, type: headers['content-type'], headers, text: body, body: JSON.parse(body) };
}

async function list(query: string, account = 'main', via = listOrders) {
  const { statusCode: status, headers, body } = await via(apiEvent(routes.listOrders, { path: { account }, query }));
  return { status, type: headers['content-type'], headers, body: JSON.parse(body) };
}

it('a missing permission on the table is reported and logged as an internal error', async () => {
  const denying = createServer((_, response) =>
    response
      .writeHead(400, { 'content-type': 'application/x-amz-json-1.0' })
      .end(JSON.stringify({ __type: 'com.amazon.coral.service#AccessDeniedException', message: 'no' })),
  );
  onTestFinished(() => void denying.close());
  const env = { ...testBed.env, AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${(await listen(denying, 0)).port}` };
  for (const name of ['list-orders', 'list-snapshots'] as const) {
    const denied = await loadHttpFunction(name, { ...testBed, env });
    const { status, body } =
      name === 'list-orders' ? await list('state=live', 'main', denied) : await history('1', '', 'main', denied);
    expect([status, body.code]).toEqual([500, 'internal']);
  }
  const lines = output.lines().map((line) => JSON.parse(line));
  const failed = { level: 'ERROR', code: 'internal', causes: ['AccessDeniedException'] };
  expect(lines.filter(({ message }) => message === 'failed')).toMatchObject([failed, failed]);
});

it('GET of an order’s snapshots lists what the exchange said, which request observed it, and what changed, without an exchange call', async () => {
  const { orangex, secrets } = testBed;
  const id = orangex.place();
  const first = await check(id);
  orangex.partialFill(id, '1');
  const second = await check(id);
  await check(id);
  const requested = orangex.requests.length + secrets.requests.length;
  const { status, type, body } = await history(id);
  expect(orangex.requests.length + secrets.requests.length).toBe(requested);
  expect({ status, type }).toEqual({ status: 200, type: 'application/json' });
  expect(body).toMatchObject({
    account: 'main',
    order_id: id,
    snapshots: [
      { request_id: second, observed_by: 'get-order', final: false, order: { filled_amount: '1' } },
      { request_id: first, observed_by: 'get-order', final: false, order: { filled_amount: '0' }, changes: [] },
    ],
  });
  expect(body.snapshots[0].changes).toContainEqual({ field: 'filled_amount', from: '0', to: '1' });
  expect(body).not.toHaveProperty('cursor');
});

it('GET of an order’s snapshots returns the digits of the wire', async () => {
  const details = { exact: lexeme('1.10'), huge: lexeme('390048812767682561234') };
  const id = testBed.deribit.place({ amount: '0.100', details });
  await check(id, 'other');
  expect((await history(id, '', 'other')).text).toContain('"exact":1.10,"huge":390048812767682561234');
});

it('GET of an order’s snapshots lists what was believed at a time, with the not-found replies and the watch commands', async () => {
  const { orangex } = testBed;
  const id = orangex.place();
  const seen = await check(id);
  orangex.forget(id);
  const notFoundAt = await check(id);
  await changeWatch('DELETE', { account: 'main', order_id: id }, '', 'command-1');
  const now = encodeURIComponent(new Date(Date.now() + 1_000).toISOString());
  const { body } = await history(id, `believed_at=${now}`);
  expect(body).toMatchObject({
    snapshots: [{ request_id: seen }],
    audit_entries: [
      { kind: 'watch_stopped', by: caller, request_id: 'command-1' },
      { kind: 'not_found', observed_by: 'get-order', request_id: notFoundAt },
    ],
  });
  expect((await history(id, 'believed_at=2026-01-01T00:00:00Z')).body).toMatchObject({
    snapshots: [],
    audit_entries: [],
  });
});

it('GET of an order’s snapshots links page to page', async () => {
  const id = testBed.orangex.place();
  await check(id);
  testBed.orangex.partialFill(id, '1');
  await check(id);
  const first = (await history(id, 'limit=1')).body;
  const second = (await history(id, `limit=1&cursor=${first.cursor}`)).body;
  expect([first, second].map(({ snapshots }) => snapshots[0].order.filled_amount)).toEqual(['1', '0']);
  expect(second).not.toHaveProperty('cursor');
});

it('GET of an account’s orders lists each order under its present state, and no longer under its former one', async () => {
  const id = testBed.orangex.place();
  const idsIn = async (state: string) => {
    const { body } = await list(`state=${state}&limit=100`);
    return body.orders.map(({ order_id }: { order_id: string }) => order_id);
  };
  await check(id);
  await check(seedId);
  expect(await idsIn('live')).toContain(id);
  expect(await idsIn('final')).toContain(seedId);
  expect(await idsIn('final')).not.toContain(id);
  testBed.orangex.forget(id);
  await check(id);
  expect(await idsIn('attention')).toContain(id);
  expect(await idsIn('live')).not.toContain(id);
  await changeWatch('DELETE', { account: 'main', order_id: id });
  expect(await idsIn('attention')).not.toContain(id);
});

it('GET of an account’s orders has the times of each order', async () => {
  await check(seedId);
  const { status, type, body } = await list('state=final');
  expect({ status, type }).toEqual({ status: 200, type: 'application/json' });
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(body).toMatchObject({ account: 'main', state: 'final' });
  const seed = body.orders.find(({ order_id }: { order_id: string }) => order_id === seedId);
  expect(seed).toMatchObject({
    status: 'final',
    order_state: 'canceled',
    instrument_name: 'BTC-14AUG20-11000-C',
    last_update_timestamp: 1_597_129_894_026,
    closed_at: '2020-08-11T07:11:34.026Z',
    opened_at: time,
    checked_at: time,
    age_seconds: expect.any(Number),
  });
});

it.each([
  ['an unknown account', '', 'nobody', 404, 'unknown_account', undefined],
  ['a limit of none', 'limit=0', 'main', 400, 'bad_request', ['limit']],
  ['an invalid time', 'at=yesterday', 'main', 400, 'bad_request', ['at']],
  ['an invalid cursor', 'cursor=AAAA', 'main', 400, 'bad_request', ['cursor']],
  ['at with a cursor', 'at=2026-01-01T00:00:00Z&cursor=AAAA', 'main', 400, 'bad_request', ['cursor']],
  [
    'a range that is empty',
    'since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z',
    'main',
    400,
    'bad_request',
    ['since'],
  ],
])('a request that only reads is refused for a history: %s', async (_, query, account, status, code, parameters) => {
  const response = await history(seedId, query, account);
  expect(response).toMatchObject({ status, type: 'application/problem+json', body: { status, code } });
  expect(response.body.parameters).toEqual(parameters);
});

it.each([
  ['an unknown account', 'state=live', 'nobody', 404, 'unknown_account', undefined],
  ['no state', '', 'main', 400, 'bad_request', ['state']],
  ['an unknown state', 'state=open', 'main', 400, 'bad_request', ['state']],
  ['an invalid cursor', 'state=live&cursor=AAAA', 'main', 400, 'bad_request', ['cursor']],
])(
  'a request that only reads is refused for a list of orders: %s',
  async (_, query, account, status, code, parameters) => {
    const response = await list(query, account);
    expect(response).toMatchObject({ status, type: 'application/problem+json', body: { status, code } });
    expect(response.body.parameters).toEqual(parameters);
  },
);

it('each function that only reads logs one line, with what a search needs and nothing of the response', async () => {
  await history(seedId);
  await list('state=live');
  const lines = output.lines().map((line) => JSON.parse(line));
  expect(lines).toMatchObject([
    {
      message: 'responded',
      status: 200,
      account: 'main',
      order_id: seedId,
      route: expect.stringContaining('/snapshots'),
    },
    { message: 'responded', status: 200, account: 'main', route: 'GET /accounts/{account}/orders' },
  ]);
  expect(output.text()).not.toContain('BTC-14AUG20');
});

describe.each([
  ['list-orders', (via: HttpFunction) => list('state=live', 'main', via), 'lists'],
  ['list-snapshots', (via: HttpFunction) => history(seedId, '', 'main', via), undefined],
] as const)('%s', (name, send, indexName) => {
  it('a function that only reads does not start without the name of its table', async () => {
    const { TABLE_NAME: _, ...env } = testBed.env;
    vi.stubEnv('TABLE_NAME', undefined);
    await expect(loadHttpFunction(name, { ...testBed, env })).rejects.toThrow('TABLE_NAME is not set.');
  });

  it('a function that only reads starts while no service responds, and then fails request by request', async () => {
    const env = { ...testBed.env, AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1' };
    const { status, body, headers } = await send(await loadHttpFunction(name, { ...testBed, env }));
    expect({ status, code: body.code }).toEqual({ status: 503, code: 'store_unavailable' });
    expect(headers['retry-after']).toBe('1');
  });

  it('a function that only reads opens its connection to the table during its start, with a query like its own', async () => {
    const requests: { target: unknown; index: unknown; port: unknown }[] = [];
    const server = createServer(async (request, response) => {
      const { IndexName: index } = JSON.parse(await text(request));
      requests.push({ target: request.headers['x-amz-target'], index, port: request.socket.remotePort });
      response.setHeader('content-type', 'application/x-amz-json-1.0').end('{"Items":[],"Count":0}');
    });
    const { port } = await listen(server, 0);
    const env = { ...testBed.env, AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${port}` };
    const via = await loadHttpFunction(name, { ...testBed, env });
    expect(requests).toHaveLength(1);
    expect((await send(via)).status).toBe(200);
    server.close();
    server.closeAllConnections();
    const [first] = requests;
    expect(first).toMatchObject({ target: 'DynamoDB_20120810.Query', index: indexName });
    const queries = requests.filter(({ target }) => target === 'DynamoDB_20120810.Query');
    expect(queries).toEqual([first, first]);
    // The account's item, where its latest list counts.
    const others = requests.filter((request) => !queries.includes(request)).map(({ target }) => target);
    expect(others).toEqual(name === 'list-orders' ? ['DynamoDB_20120810.GetItem'] : []);
  });
});
