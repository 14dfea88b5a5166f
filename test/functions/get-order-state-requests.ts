import { beforeEach } from 'vitest';
import { routes } from '../../lib/api/routes.ts';
import { startTestBedForFile, testBed } from '../lib/test-bed-for-file.ts';
import { apiEvent } from './api-events.ts';
import { type HttpFunction, loadHttpFunction } from './load-function.ts';

let getOrderState: HttpFunction;

/** Each test starts as a new process does. */
export function loadGetOrderStateForEachTest(): void {
  startTestBedForFile();
  beforeEach(async () => {
    getOrderState = await loadHttpFunction('get-order-state', testBed);
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
