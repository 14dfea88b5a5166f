import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest';
import { routes } from '../../lib/api/routes.ts';
import { startTestBedForFile, testBed } from '../lib/test-bed-for-file.ts';
import { apiEvent } from './api-events.ts';
import { type HttpFunction, loadHttpFunction } from './load-function.ts';

export let checkOrders: HttpFunction;

/** Everybody's time, while a test holds it. */
let heldAt: number | undefined;

/** Each test starts as a new process does, and may hold the time. */
export function loadCheckOrdersForEachTest(): void {
  beforeAll(() => {
    vi.spyOn(Date, 'now').mockImplementation(() => heldAt ?? realNow());
  });
  afterAll(() => {
    vi.restoreAllMocks();
  });
  startTestBedForFile({ now: () => Date.now() });
  beforeEach(async () => {
    checkOrders = await loadHttpFunction('check-orders', testBed);
  });
  afterEach(() => {
    heldAt = undefined;
  });
}

export function holdTime(at: number): void {
  heldAt = at;
}

export const realNow = Date.now;

type OrderChecks = {
  readonly account?: string;
  readonly query?: string;
  readonly via?: HttpFunction;
  readonly remainingMs?: number;
};

export async function send(
  text: string,
  { account = 'main', query = '', via = checkOrders, remainingMs }: OrderChecks = {},
) {
  const event = apiEvent(routes.checkOrders, { path: { account }, query, body: text });
  const { statusCode, headers, body } = await via(event, remainingMs);
  return { status: statusCode, headers, type: headers['content-type'], text: body, body: JSON.parse(body) };
}

export function sendAll(
  order_ids: readonly string[],
  { max_age, ...rest }: OrderChecks & { readonly max_age?: number } = {},
) {
  return send(JSON.stringify({ order_ids, max_age }), rest);
}

export function place(count: number): readonly string[] {
  return Array.from({ length: count }, () => testBed.deribit.place());
}

export function outcomesOf({
  body,
}: {
  readonly body: { readonly outcomes: readonly { readonly outcome: string }[] };
}) {
  return body.outcomes.map(({ outcome }) => outcome);
}
