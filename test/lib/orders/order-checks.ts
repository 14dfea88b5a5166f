import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { Logger } from '../../../lib/log.ts';
import type { CheckOrder, CheckOrderRequest } from '../../../lib/orders/check-order.ts';
import type { CheckResult } from '../../../lib/orders/check-result.ts';
import { createOrderChecks } from '../../../lib/wiring/order-checks.ts';
import type { Exchange } from '../../emulator/exchange/server.ts';
import { type CapturedOutput, captureOutput } from '../captured-output.ts';
import { startTestBed, type TestBed } from '../test-bed.ts';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts';

export let clock: VirtualClock;
export let testBed: TestBed;
let checkOrder: CheckOrder;
let output: CapturedOutput;
export let requests = 0;

/** The tests of a file share the exchanges and the table; each starts as a new process does. */
export function startTestBedForFile(): void {
  beforeAll(async () => {
    const virtual = createVirtualClock();
    // Whole milliseconds, as clocks have them; the pauses before repeats are drawn.
    clock = { ...virtual, now: () => Math.floor(virtual.now()) };
    testBed = await startTestBed({ now: clock.now });
  });
  afterAll(() => testBed.stop());
  beforeEach(() => {
    output = captureOutput();
    // A new process for every test: no key, no token, no spent retries.
    checkOrder = createOrderChecks({ ...testBed, clock, priority: 'interactive', logger: new Logger() }).checkOrder;
  });
  afterEach(async () => {
    output.release();
    await testBed.resetRateLimits();
    testBed.orangex.clearScript();
    testBed.deribit.clearScript();
  });
}

/** From here on, the test checks with this one. */
export function checkWith(replacement: CheckOrder): void {
  checkOrder = replacement;
}

/** Checks an order, a second after whatever was before. */
export function check(orderId: string, more: Partial<CheckOrderRequest> = {}): Promise<CheckResult> {
  clock.advance(1_000);
  const requestId = `request-${++requests}`;
  const deadline = clock.now() + 10_000;
  return checkOrder({ account: 'main', orderId, observedBy: 'get-order', requestId, deadline, ...more });
}

export const always = { maxAgeMs: 0 };

/** How often the order is requested from the exchange meanwhile. */
export async function requested(exchange: Exchange, meanwhile: () => Promise<unknown>): Promise<number> {
  const before = exchange.count('get_order_state');
  await meanwhile();
  return exchange.count('get_order_state') - before;
}

export async function statusOf(orderId: string): Promise<string | undefined> {
  return (await testBed.watchOf(orderId))?.['status']?.S;
}
