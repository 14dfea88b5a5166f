import type { Clock } from '../clock.ts';

/** How long INIT waits for what warms up, milliseconds. */
export const maxWarmUpMs = 2_000;

/** Read to open a connection: there is no such order. */
export const nonexistentOrder = { account: '', orderId: '' };

/** Waits until all are settled, and for `maxWarmUpMs` at most. Never throws. */
export async function settleWhileWarmingUp(tasks: readonly Promise<unknown>[], clock: Clock): Promise<void> {
  await Promise.race([Promise.allSettled(tasks), clock.sleep(maxWarmUpMs)]);
}
