import { beforeAll, beforeEach } from 'vitest';
import { Logger } from '../../../lib/log.ts';
import type { CheckOrder, CheckOrderRequest } from '../../../lib/orders/check-order.ts';
import type { CheckResult } from '../../../lib/orders/check-result.ts';
import { createOrderChecks } from '../../../lib/wiring/order-checks.ts';
import type { Exchange } from '../../emulator/exchange/server.ts';
import { startTestBedForFile, testBed } from '../test-bed-for-file.ts';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts';

export let clock: VirtualClock;
let checkOrder: CheckOrder;
export let requests = 0;

/** Each test checks as a new process does: without key, token or spent retries. */
export function createCheckOrderForEachTest(): void {
  beforeAll(() => {
    const virtual = createVirtualClock();
    // Whole milliseconds, as clocks have them; the pauses before repeats are drawn.
    clock = { ...virtual, now: () => Math.floor(virtual.now()) };
  });
  startTestBedForFile({ now: () => clock.now() });
  beforeEach(() => {
    checkOrder = createOrderChecks({ ...testBed, clock, priority: 'interactive', logger: new Logger() }).checkOrder;
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
