import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Operation, type Route, routes } from '../../lib/api/routes.ts';
import { type CapturedOutput, captureOutput } from '../lib/captured-output.ts';
import { startTestBed, type TestBed } from '../lib/test-bed.ts';
import { apiEvent } from './api-events.ts';
import { loadHttpFunctions } from './load-function.ts';
import { caller } from './watch-events.ts';

/** An order of either account has this id: they differ in the account only. */
const orderId = 'SHARED-1';
const marker = 'of-the-other-desk';

let testBed: TestBed;
let output: CapturedOutput;
let call: Awaited<ReturnType<typeof loadHttpFunctions>>;

beforeAll(async () => {
  output = captureOutput();
  testBed = await startTestBed();
  testBed.orangex.place({ order_id: orderId, instrument_name: 'MAIN-PERPETUAL' });
  testBed.deribit.place({ order_id: orderId, instrument_name: 'OTHER-PERPETUAL', details: { label: marker } });
  testBed.deribit.place({ order_id: 'OTHER-2', instrument_name: 'OTHER-PERPETUAL', details: { label: marker } });
  call = await loadHttpFunctions(testBed);
  for (const id of [orderId, 'OTHER-2']) await request(routes.getOrder, { account: 'other', order_id: id });
  await request(routes.getOrder, { account: 'main', order_id: orderId });
});
afterAll(async () => {
  output.release();
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  await testBed.stop();
});

type Response = { readonly statusCode: number; readonly body: string };

/** `values`: of parameters, of which the route's path takes its own. */
async function request(route: Route, values: Record<string, string>, query = '', body?: object): Promise<string> {
  const named = Object.entries(values).filter(([name]) => route.path.includes(`{${name}}`));
  const path = Object.fromEntries(named);
  const event = apiEvent(route, { path, query, ...(body !== undefined && { body: JSON.stringify(body) }) });
  const signed = { ...event, requestContext: { ...event.requestContext, authorizer: { iam: { userArn: caller } } } };
  return JSON.stringify(await call(route.function, signed));
}

const statusOf = (text: string): number => {
  const { statusCode }: Response = JSON.parse(text);
  return statusCode;
};

const bodies: Readonly<Partial<Record<Operation, object>>> = {
  checkOrders: { order_ids: [orderId, 'OTHER-2'] },
  callGetOrderState: {
    jsonrpc: '2.0',
    id: 1,
    method: 'private/get_order_state',
    params: { order_id: orderId },
  },
};
const queries: Readonly<Partial<Record<Operation, string>>> = {
  listOrders: 'state=live',
  getOrderState: `order_id=${orderId}`,
};
const ofAccounts = Object.keys(routes)
  .filter((name): name is Operation => name in routes)
  .filter((name) => routes[name].path.includes('{account}'));

describe.each(ofAccounts)('%s', (name) => {
  const route: Route = routes[name];
  const path = { account: 'main', order_id: orderId, version: 'v1' };

  it('an operation on an account shows nothing of another account, and calls only the exchange of its own account', async () => {
    const before = testBed.deribit.requests.length;
    const text = await request(route, path, queries[name], bodies[name]);
    expect(statusOf(text)).toBe(200);
    expect(text).not.toMatch(/OTHER-PERPETUAL|of-the-other-desk/);
    expect(testBed.deribit.requests).toHaveLength(before);
  });

  it('an operation on an account takes the account from the path alone, whatever query and body say', async () => {
    const before = testBed.deribit.requests.length;
    const query = [queries[name], 'account=other'].filter((part) => part !== undefined).join('&');
    const texts = [
      await request(route, path, query, bodies[name]),
      await request(route, path, queries[name], { ...bodies[name], account: 'other' }),
    ];
    for (const text of texts) expect(text).not.toMatch(/OTHER-PERPETUAL|of-the-other-desk|"account":"other"/);
    expect(testBed.deribit.requests).toHaveLength(before);
  });

  it.each(['main/../other', '../other', 'other/', 'OTHER', 'oth%65r', ''])(
    'an operation on an account finds no account %j',
    async (account) => {
      expect([400, 404]).toContain(statusOf(await request(route, { ...path, account }, queries[name], bodies[name])));
    },
  );
});
