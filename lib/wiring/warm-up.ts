import type { Clock } from '../clock.ts';

/** How long INIT waits for what warms up, milliseconds. */
export const warmUpMs = 2_000;

/** Read to open a connection: there is no such order. */
export const noOrder = { account: '', orderId: '' };

/** Waits until all are settled, and for `warmUpMs` at most. Never throws. */
export async function settled(tasks: readonly Promise<unknown>[], clock: Clock): Promise<void> {
  await Promise.race([Promise.allSettled(tasks), clock.sleep(warmUpMs)]);
}
