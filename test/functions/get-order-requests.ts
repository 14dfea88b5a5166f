import { beforeAll } from 'vitest';
import { startTestBedForFile, testBed } from '../lib/test-bed-for-file.ts';
import { getOrderEvent } from './events.ts';
import { type HttpFunction, loadHttpFunction } from './load-function.ts';

export let getOrder: HttpFunction;

/** The tests of a file share one process. */
export function loadGetOrderForFile(): void {
  startTestBedForFile();
  beforeAll(loadGetOrder);
}

export async function loadGetOrder(): Promise<void> {
  getOrder = await loadHttpFunction('get-order', testBed);
}

/** Calls the function; returns what a client reads. */
export async function send(
  orderId: string,
  query = '',
  account = 'main',
  { remainingMs, via = getOrder }: OrderChecks = {},
) {
  const { statusCode, headers, body } = await via(getOrderEvent({ account, order_id: orderId }, query), remainingMs);
  return { status: statusCode, headers, type: headers['content-type'], text: body, body: JSON.parse(body) };
}

type OrderChecks = { readonly remainingMs?: number | undefined; readonly via?: HttpFunction };
