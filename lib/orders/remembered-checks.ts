import type { Clock } from '../clock.ts';
import type { StoredWatch } from '../snapshots/table.ts';
import { isOpen, statusOf } from '../snapshots/watch.ts';
import type { CheckOrder } from './check-order.ts';

/** Some 2 KB each. */
const maxOrders = 1_000;
/** Much shorter than any exchange remembers closed orders: an order that closed meanwhile is still found there. */
const keptMs = 60_000;

type Remembered = { readonly stored: StoredWatch; readonly at: number };

/**
 * Checks that remember the watches of open orders as they left them, so that the next check of such an order calls the
 * exchange without a read of the table first. Memory only says what to try: `store.confirm` believes it no further than
 * the table agrees. What `maxAgeMs` lets the table serve is read from there.
 */
export function createRememberedChecks(checkOrder: CheckOrder, clock: Pick<Clock, 'now'>): CheckOrder {
  /** The least recently checked first. */
  const orders = new Map<string, Remembered>();

  return async (request) => {
    const id = `${request.account}#${request.orderId}`;
    const remembered = orders.get(id);
    // A check that fails leaves nothing behind.
    orders.delete(id);
    const isKnown = !request.maxAgeMs && remembered !== undefined && clock.now() < remembered.at + keptMs;
    const checked = await checkOrder(isKnown ? { ...request, known: remembered.stored } : request);
    if (isOpen(statusOf(checked.stored.watch))) {
      orders.set(id, { stored: checked.stored, at: clock.now() });
      for (const oldest of orders.keys()) {
        if (orders.size <= maxOrders) break;
        orders.delete(oldest);
      }
    }
    return checked;
  };
}
