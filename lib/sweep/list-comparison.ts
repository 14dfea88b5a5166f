import { checkedAt } from '../snapshots/watch.ts';
import { type LiveOrder, lastChangedAt } from './live-orders.ts';

/** How many orders may end between two lists without suspicion. */
const usual = 8;

/**
 * Whether so much is missing from a list that it may be wrong: an empty list although orders were live, or many missing
 * at once. `absent` and `covered`: how many orders are missing, of how many that the list should hold.
 */
export function isSuspicious(counts: { readonly absent: number; readonly covered: number; readonly listed: number }) {
  const { absent, covered, listed } = counts;
  if (absent === 0) return false;
  return listed === 0 || absent > usual || (absent >= 2 && absent * 2 >= covered);
}

/** If the first one's check fails, the second one may say more. */
const maxProbes = 2;

/**
 * The orders to check before the list is believed, at most two: those that are the likeliest to be still open, because
 * they have rested for the longest. One whose latest check failed comes last, and none that has to wait.
 */
export function selectProbes(absent: readonly LiveOrder[], now: number): readonly LiveOrder[] {
  const ready = absent.filter(({ postponedUntil }) => postponedUntil <= now);
  const likeliest = ready.sort((a, b) => Number(a.failing) - Number(b.failing) || lastChangedAt(a) - lastChangedAt(b));
  return likeliest.slice(0, maxProbes);
}

/** When the order last changed, or was last seen in its own reply: lists may lag behind it by `lagMs`. */
export function lastChangedOrSeenAt(order: LiveOrder): number {
  return Math.max(lastChangedAt(order), checkedAt(order.stored.watch) ?? 0);
}
