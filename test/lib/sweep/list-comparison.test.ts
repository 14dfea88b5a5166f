import { describe, expect, it } from 'vitest';
import { join } from '../../../lib/snapshots/watch.ts';
import { isSuspicious, ownTimeOf } from '../../../lib/sweep/list-comparison.ts';
import { listIntervalMs } from '../../../lib/sweep/pace.ts';

describe('a list that lacks orders', () => {
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
  ])('of %j is believed only after a probe: %s', (counts, suspicious) => {
    expect(isSuspicious(counts)).toBe(suspicious);
  });
});

it('an order that was never seen counts from when it became known', () => {
  const watch = join(undefined, { openedAt: 7_000 });
  const order = { orderId: 'a', stored: { watch, revision: 1 }, status: 'unconfirmed', ownDueAt: 0 } as const;
  expect(ownTimeOf({ ...order, covered: false, vanished: false, failing: false })).toBe(7_000);
});

describe('the pace of lists', () => {
  it('is fast while orders change, and slows down to its maximum as they rest', () => {
    const policy = { minMs: 5_000, maxMs: 10_000 };
    const at = (sinceChangeMs: number) => listIntervalMs(policy, sinceChangeMs);
    expect([0, 150_000, 240_000, 300_000, 1e12].map(at)).toEqual([5_000, 5_000, 8_000, 10_000, 10_000]);
  });
});
