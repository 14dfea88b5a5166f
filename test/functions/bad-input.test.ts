import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import * as z from 'zod/mini';
import { type Route, routes } from '../../lib/api/routes.ts';
import type { Gateway } from '../emulator/aws/gateway.ts';
import { startLocalApi } from '../lib/api/local-endpoint.ts';
import { compose } from '../lib/api/request.ts';
import { type CapturedOutput, captureOutput } from '../lib/captured-output.ts';
import { startTestBed, type TestBed } from '../lib/test-bed.ts';
import { badBodies, badCalls, badValues, goodBodies, goodValues } from './bad-input.ts';

let testBed: TestBed;
let api: Gateway;
let output: CapturedOutput;

beforeAll(async () => {
  output = captureOutput();
  testBed = await startTestBed();
  api = await startLocalApi(testBed);
});
afterAll(async () => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  output.release();
  await Promise.all([api.stop(), testBed.stop()]);
});

type Parameters = readonly (readonly [name: string, value: string])[];
type Wrong = {
  /** Instead of the good values of the same name, and besides them. */
  readonly given?: Parameters;
  readonly without?: string;
  readonly body?: string;
};
type ReceivedResponse = {
  readonly status: number;
  readonly type: string | null;
  readonly body: Record<string, unknown>;
};

/** Sends good values for all that a route needs, except what is said to be wrong. None of it reaches an exchange. */
async function send(name: string, { given = [], without, body }: Wrong): Promise<ReceivedResponse> {
  const route = routeOf(name);
  const good = needsOf(route).filter((needed) => needed !== without && !given.some(([wrong]) => wrong === needed));
  const goodBody = new Map(Object.entries<object>(goodBodies)).get(name);
  const { target, init } = compose(
    route,
    [...good.map((needed) => [needed, goodValueOf(needed)] as const), ...given],
    body ?? JSON.stringify(goodBody),
  );
  const before = requested();
  const reported = await read(target, init);
  expect(requested()).toBe(before);
  return reported;
}

async function read(target: string, init?: RequestInit): Promise<ReceivedResponse> {
  const response = await fetch(`${api.url}${target}`, init);
  const body = z.parse(z.record(z.string(), z.unknown()), await response.json());
  return { status: response.status, type: response.headers.get('content-type'), body };
}

function requested(): number {
  return testBed.orangex.requests.length + testBed.deribit.requests.length;
}

function routeOf(name: string): Route {
  const route = new Map(Object.entries<Route>(routes)).get(name);
  if (route === undefined) throw new Error(`there is no route ${name}`);
  return route;
}

function needsOf({ parameters }: Route): readonly string[] {
  return Object.entries(parameters.shape)
    .filter(([, schema]) => !z.safeParse(schema, undefined).success)
    .map(([name]) => name);
}

function goodValueOf(parameter: string): string {
  const good = new Map(Object.entries(goodValues)).get(parameter);
  if (good === undefined) throw new Error(`parameter ${parameter} has no good value in bad-input.ts`);
  return good;
}

function expectProblem(reported: ReceivedResponse, parameter: string): void {
  const detail = expect.stringContaining(`Parameter "${parameter}" `);
  expect(reported).toMatchObject({
    status: 400,
    type: 'application/problem+json',
    body: { status: 400, code: 'bad_request', parameters: [parameter], detail },
  });
}

/** What is wrong in the call itself is said as the exchange would say it. */
function expectRpcError(reported: ReceivedResponse, code: number, parameter?: string): void {
  const named = { param: parameter, reason: expect.stringContaining(`"${parameter}"`) };
  const data = { code: 'bad_request', reason: expect.any(String), ...(parameter !== undefined && named) };
  expect({ ...reported, body: reported.body['error'] }).toEqual({
    status: 200,
    type: 'application/json',
    body: { code, message: expect.any(String), data },
  });
}

/** The call of a GET is its query. */
function expectRefusal(name: string, parameter: string, place: 'path' | 'query', reported: ReceivedResponse): void {
  if (name === 'getOrderState' && place === 'query') expectRpcError(reported, -32602, parameter);
  else expectProblem(reported, parameter);
}

describe.each(Object.entries<Route>(routes))('%s', (name, route) => {
  const parameters = Object.keys(route.parameters.shape);
  const placeOf = (parameter: string) => (route.path.includes(`{${parameter}}`) ? 'path' : 'query');
  const rows = parameters.flatMap((parameter) => {
    const bad = new Map(Object.entries(badValues)).get(parameter) ?? [];
    if (bad.length === 0) throw new Error(`parameter ${parameter} has no bad values in bad-input.ts`);
    return bad.map(([wrong, value]) => [parameter, wrong, value] as const);
  });

  it.each(rows)('an operation refuses a wrong value of %s: %s', async (parameter, _, value) => {
    expectRefusal(name, parameter, placeOf(parameter), await send(name, { given: [[parameter, value]] }));
  });

  it.each(parameters)('an operation refuses the parameter %s given twice', async (parameter) => {
    const good = [parameter, goodValueOf(parameter)] as const;
    expectRefusal(name, parameter, 'query', await send(name, { given: [good, good] }));
  });

  it.each(needsOf(route).filter((parameter) => placeOf(parameter) === 'query'))(
    'an operation refuses a request without the parameter %s',
    async (parameter) => {
      expectRefusal(name, parameter, 'query', await send(name, { without: parameter }));
    },
  );

  it('an operation refuses an unknown parameter', async () => {
    expectRefusal(name, 'surprise', 'query', await send(name, { given: [['surprise', '1']] }));
  });

  it.skipIf(!('account' in route.parameters.shape))(
    'an operation refuses an account that the stage does not have',
    async () => {
      const { status, type, body } = await send(name, { given: [['account', 'nobody']] });
      expect({ status, type, code: body['code'] }).toEqual({
        status: 404,
        type: 'application/problem+json',
        code: 'unknown_account',
      });
      expect(body['detail']).toContain('account nobody');
    },
  );
});

describe('checkOrders', () => {
  const good = goodBodies.checkOrders;
  const rows = Object.entries(badBodies).flatMap(([member, bad]) => bad.map((row) => [member, ...row] as const));

  it.each(rows)('the operation checkOrders refuses a wrong value of %s in its body: %s', async (member, _, value) => {
    expectProblem(await send('checkOrders', { body: JSON.stringify({ ...good, [member]: value }) }), member);
  });

  it('the operation checkOrders refuses an unknown member in its body', async () => {
    expectProblem(await send('checkOrders', { body: JSON.stringify({ ...good, surprise: 1 }) }), 'surprise');
  });

  it('the operation checkOrders refuses a member given twice in its body', async () => {
    expectProblem(await send('checkOrders', { body: '{"order_ids":["A"],"order_ids":["B"]}' }), 'order_ids');
  });

  it('the operation checkOrders refuses a body without order ids', async () => {
    expectProblem(await send('checkOrders', { body: '{"max_age":1}' }), 'order_ids');
  });

  it.each([
    ['not JSON', '{"order_ids":['],
    ['not an object', '["ORDER-1"]'],
    ['empty', ''],
    ['too deep', '['.repeat(100)],
    ['over-long', `{"order_ids":["${' '.repeat(33_000)}"]}`],
  ])('the operation checkOrders refuses a body that is %s', async (_, body) => {
    expectProblem(await send('checkOrders', { body }), 'body');
  });
});

describe('callGetOrderState', () => {
  const good = goodBodies.callGetOrderState;
  const rows = Object.entries(badCalls).flatMap(([member, bad]) =>
    bad.map(([wrong, value, code, parameter]) => [member, wrong, value, code, parameter] as const),
  );

  it.each(rows)(
    'the operation callGetOrderState refuses a wrong value of %s in its call: %s',
    async (member, _, value, code, parameter) => {
      const reported = await send('callGetOrderState', { body: JSON.stringify({ ...good, [member]: value }) });
      expectRpcError(reported, code, parameter);
    },
  );

  it.each([
    ['not JSON', -32700, '{"jsonrpc":', undefined],
    ['a batch', -32600, '[]', undefined],
    ['over-long', -32600, `{"id":"${' '.repeat(33_000)}"}`, 'body'],
    ['with a parameter twice', -32602, '{"params":{"order_id":"A","order_id":"B"}}', 'order_id'],
  ])('the operation callGetOrderState refuses a body that is %s', async (_, code, body, parameter) => {
    expectRpcError(await send('callGetOrderState', { body }), code, parameter);
  });
});

describe('cursors', () => {
  const list = '/accounts/main/orders?state=live&limit=1';
  const history = '/accounts/main/orders/SHARED-1/snapshots?limit=1';

  beforeAll(async () => {
    for (const [account, exchange] of [
      ['main', testBed.orangex],
      ['other', testBed.deribit],
    ] as const) {
      for (const order_id of ['SHARED-1', 'SHARED-2']) {
        const url = `${api.url}/accounts/${account}/orders/${order_id}?max_age=0`;
        exchange.place({ order_id });
        await fetch(url);
        exchange.partialFill(order_id, '1');
        await fetch(url);
      }
    }
  });

  it.each([
    ['from another account’s list', list, '/accounts/other/orders?state=live&limit=1'],
    ['from another state’s list', list, '/accounts/main/orders?state=attention&limit=1'],
    ['from a history, to a list', history, '/accounts/main/orders?state=live&limit=1'],
    ['from another account’s history', history, '/accounts/other/orders/SHARED-1/snapshots?limit=1'],
    ['from another order’s history', history, '/accounts/main/orders/SHARED-2/snapshots?limit=1'],
    [
      'from the history of another time',
      history,
      '/accounts/main/orders/SHARED-1/snapshots?limit=1&since=2020-01-01T00:00:00Z',
    ],
    ['from a list, to a history', list, '/accounts/main/orders/SHARED-1/snapshots?limit=1'],
  ])('a request is refused with a cursor %s', async (_, from, to) => {
    const { cursor } = z.parse(z.looseObject({ cursor: z.string() }), (await read(from)).body);
    expect((await read(`${from}&cursor=${cursor}`)).status).toBe(200);
    expectProblem(await read(`${to}&cursor=${cursor}`), 'cursor');
  });
});
