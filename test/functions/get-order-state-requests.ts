import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest';
import { routes } from '../../lib/api/routes.ts';
import { type CapturedOutput, captureOutput } from '../lib/captured-output.ts';
import { startTestBed, type TestBed } from '../lib/test-bed.ts';
import { apiEvent } from './api-events.ts';
import { type HttpFunction, loadHttpFunction } from './load-function.ts';

export let testBed: TestBed;
let getOrderState: HttpFunction;
export let output: CapturedOutput;

/** The tests of a file share the exchanges and the table; each starts as a new process does. */
export function startTestBedForFile(): void {
  beforeAll(async () => {
    testBed = await startTestBed();
  });
  afterAll(async () => {
    vi.unstubAllGlobals();
    vi.unstubAllEnvs();
    await testBed.stop();
  });
  beforeEach(async () => {
    output = captureOutput();
    getOrderState = await loadHttpFunction('get-order-state', testBed);
  });
  afterEach(async () => {
    output.release();
    testBed.orangex.clearScript();
    testBed.deribit.clearScript();
    await testBed.resetRateLimits();
  });
}

export const places = {
  orangex: { account: 'main', version: 'v1' },
  deribit: { account: 'other', version: 'v2' },
} as const;

export type Path = { readonly account: string; readonly version: string };
type OrderChecks = { readonly path?: Path; readonly via?: HttpFunction; readonly remainingMs?: number };

export async function send(event: ReturnType<typeof apiEvent>, { via = getOrderState, remainingMs }: OrderChecks) {
  const { statusCode, headers, body } = await via(event, remainingMs);
  return { status: statusCode, type: headers['content-type'], text: body, body: JSON.parse(body) };
}

/** By GET. */
export function get(query: string, { path = places.orangex, ...rest }: OrderChecks = {}) {
  return send(apiEvent(routes.getOrderState, { path: { ...path }, query }), rest);
}

/** By POST, with any text. */
export function post(
  body: string,
  { path = places.orangex, base64 = false, ...rest }: OrderChecks & { base64?: boolean } = {},
) {
  return send(apiEvent(routes.callGetOrderState, { path: { ...path }, body, base64 }), rest);
}

/** By POST, a proper call; `id` is JSON text. */
export function call(orderId: string, { id = '1', ...rest }: OrderChecks & { readonly id?: string } = {}) {
  const params = JSON.stringify({ order_id: orderId });
  return post(`{"jsonrpc":"2.0","id":${id},"method":"/private/get_order_state","params":${params}}`, rest);
}
