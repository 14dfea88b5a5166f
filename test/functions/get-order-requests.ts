import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest';
import { type CapturedOutput, captureOutput } from '../lib/captured-output.ts';
import { startTestBed, type TestBed } from '../lib/test-bed.ts';
import { getOrderEvent } from './events.ts';
import { type HttpFunction, loadHttpFunction } from './load-function.ts';

export let testBed: TestBed;
export let getOrder: HttpFunction;
export let output: CapturedOutput;

/** The tests of a file share one process, the exchanges and the table. */
export function startTestBedForFile(): void {
  beforeAll(async () => {
    testBed = await startTestBed();
    await loadGetOrder();
  });
  afterAll(async () => {
    vi.unstubAllGlobals();
    vi.unstubAllEnvs();
    await testBed.stop();
  });
  beforeEach(() => {
    output = captureOutput();
  });
  afterEach(() => {
    output.release();
    testBed.orangex.clearScript();
    testBed.deribit.clearScript();
    testBed.secrets.recover();
  });
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
