import { expect, it } from 'vitest';
import { join } from '../../../lib/snapshots/watch.ts';
import { isSuspicious, lastChangedOrSeenAt, selectProbes } from '../../../lib/sweep/list-comparison.ts';
import type { LiveOrder } from '../../../lib/sweep/live-orders.ts';
import { listIntervalMs } from '../../../lib/sweep/pace.ts';

it.each([
  [{ absent: 0, covered: 0, listed: 0 }, false],
  [{ absent: 0, covered: 5, listed: 5 }, false],
  [{ absent: 1, covered: 1, listed: 0 }, true],
  [{ absent: 1, covered: 1, listed: 3 }, false],
  [{ absent: 1, covered: 10, listed: 9 }, false],
  [{ absent: 2, covered: 4, listed: 2 }, true],
  [{ absent: 2, covered: 5, listed: 3 }, false],
  [{ absent: 8, covered: 1_000, listed: 992 }, false],
  [{ absent: 9, covered: 1_000, listed: 991 }, true],
])(
  'a list without some of the covered orders with the counts %j requires a probe before it is believed: %s',
  (counts, suspicious) => {
    expect(isSuspicious(counts)).toBe(suspicious);
  },
);

/** An order that became known then, and was never seen. */
function orderOf(orderId: string, openedAt: number, failing = false, postponedUntil = 0): LiveOrder {
  const stored = { watch: join(undefined, { openedAt }), revision: 1 };
  const flags = { covered: false, vanished: false, failing };
  return { orderId, stored, status: 'unconfirmed', ownDueAt: 0, postponedUntil, ...flags };
}

it('an order that was never seen counts as resting since it became known', () => {
  expect(lastChangedOrSeenAt(orderOf('a', 7_000))).toBe(7_000);
});

it('the probes are the two orders that have rested for the longest, failing ones last, and none that must wait', () => {
  const ids = (...absent: readonly LiveOrder[]) => selectProbes(absent, 100_000).map(({ orderId }) => orderId);
  const [a, b, c] = [orderOf('a', 7_000), orderOf('b', 8_000), orderOf('c', 9_000)];
  expect(ids(b, a, c)).toEqual(['a', 'b']);
  expect(ids(orderOf('failing', 1_000, true), c, b)).toEqual(['b', 'c']);
  expect(ids(orderOf('failing', 1_000, true), c)).toEqual(['c', 'failing']);
  expect(ids(orderOf('waits', 1_000, true, 100_001), c)).toEqual(['c']);
  expect(ids()).toEqual([]);
});

it('the interval between lists is short while orders change, and grows to its maximum as they rest', () => {
  const policy = { minMs: 5_000, maxMs: 10_000 };
  const at = (sinceChangeMs: number) => listIntervalMs(policy, sinceChangeMs);
  expect([0, 150_000, 240_000, 300_000, 1e12].map(at)).toEqual([5_000, 5_000, 8_000, 10_000, 10_000]);
});
