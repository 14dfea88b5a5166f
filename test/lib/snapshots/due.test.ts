import { describe, expect, it } from 'vitest';
import { dueAt, dueWithoutLists, lookupDueAt } from '../../../lib/snapshots/due.ts';
import { confirmedAt, join, type WatchDelta } from '../../../lib/snapshots/watch.ts';
import { listedAt, listOf, minute, policy, rank, seen, t0, watchOf } from './watches.ts';

it('the next check of an order in the lists of its account is within four hours while lists hold the order, and at once when the order vanishes', () => {
  const order = seen(0, 0, t0 + 5);
  expect(dueAt(watchOf(order, listedAt(5)), policy)).toBe(t0 + 240 * minute);
  expect(dueAt(watchOf(order, listedAt(5), listedAt(minute, false)), policy)).toBe(t0 + minute);
  expect(dueAt(watchOf(order, listedAt(100, false)), policy)).toBe(t0 + 100);
});

it('the next check of an order in the lists of its account is at once when its watch is started again, and no later if that start is dated by a clock ahead of ours', () => {
  const started = (at: number): WatchDelta => ({
    openedAt: t0,
    operator: { at: t0 + at, by: 'anna', stopped: false },
  });
  const [covered, uncovered] = [watchOf(seen(0, 0, t0 + 5), listedAt(5)), watchOf(seen(0, 0, t0 + 5))];
  for (const watch of [covered, uncovered]) {
    const dueAfterStart = (at: number) => dueAt(join(watch, started(at)), policy);
    expect(dueAfterStart(minute / 12)).toBe(t0 + minute / 12);
    expect(dueAfterStart(4)).toBe(dueAt(watch, policy));
    expect(dueAfterStart(1_000 * minute)).toBe(dueAt(watch, policy));
  }
});

it('the next check of an order in the lists of its account keeps its place in the index from reply to reply, for an hour at most', () => {
  const dueAfter = (minutes: number) => dueAt(watchOf(seen(0, 0, t0 + minutes * minute), listedAt(0)), policy) - t0;
  expect([0, 30, 59, 60, 240].map((minutes) => dueAfter(minutes) / minute)).toEqual([240, 240, 240, 300, 480]);
});

it('the next check of an order in the lists of its account keeps its place while a newer state is on its way to the head, because the next list shows whether that state is current', () => {
  const order = watchOf(seen(0, 0), listedAt(5));
  for (const phase of [0, 2] as const) {
    const announced = join(order, { openedAt: t0, announcedRank: rank(9, phase) });
    expect(dueAt(announced, policy)).toBe(dueAt(order, policy));
    expect(dueWithoutLists(announced, confirmedAt(announced, listOf(t0 + minute)), policy, 30_000)).toBe(t0 + 30_000);
  }
});

it('the next check of an order in the lists of its account comes soon, and then less and less often, when the order vanished and its own reply shows it open', () => {
  const dueWhenSeenAfter = (ms: number) =>
    dueAt(watchOf(seen(0, 0, t0 + minute + ms), listedAt(minute, false)), policy);
  const from = t0 + minute;
  expect(dueWhenSeenAfter(100)).toBe(from + 100 + 2_000);
  expect(dueWhenSeenAfter(5_000)).toBe(from + 10_000);
  expect(dueWhenSeenAfter(2 * minute)).toBe(from + 2 * minute + 18_000);
});

describe('unconfirmed by lists', () => {
  const graceMs = 30_000;

  it('the next check of an order that lists have not confirmed for some time is due like that of any other order from its last confirmation on, but not before the grace period has passed', () => {
    const resting = watchOf(seen(0, 0, t0));
    expect(dueWithoutLists(resting, t0 + 60_000, policy, graceMs)).toBe(t0 + 60_000 + graceMs);
    expect(dueWithoutLists(resting, t0 + 3_600_000, policy, graceMs)).toBe(t0 + 3_600_000 + 360_000);
  });

  it('the next check of an order that lists have not confirmed for some time is due after the grace period when the order was never seen', () => {
    expect(dueWithoutLists(watchOf({ openedAt: t0 }), undefined, policy, graceMs)).toBe(t0 + graceMs);
  });
});

it('the search for a missing order in the histories is due at once, then after 1, 5 and 15 minutes, then every hour', () => {
  const lookedUp = (...minutes: readonly number[]) =>
    watchOf({ openedAt: t0, notFoundAt: [t0 + 1], lookedUpAt: minutes.map((after) => t0 + 1 + after * 60_000) });
  const dueAfter = (...minutes: readonly number[]) => (lookupDueAt(lookedUp(...minutes)) - t0 - 1) / 60_000;
  expect([dueAfter(), dueAfter(0), dueAfter(0, 1), dueAfter(0, 1, 5)]).toEqual([0, 1, 5, 15]);
  expect(dueAfter(0, 1, 5, 15)).toBe(75);
  expect(lookupDueAt(watchOf({ openedAt: t0 }))).toBe(0);
});

it.each<[string, readonly WatchDelta[], number]>([
  ['at once for an order that was never checked', [{ openedAt: t0 }], 0],
  [
    'after the shortest interval while the first reply is being written',
    [{ openedAt: t0, announcedRank: rank(0) }],
    10_000,
  ],
  [
    'after the shortest interval when a check fails',
    [seen(0, 0, t0 + 1_000), { openedAt: t0, failedAt: [t0 + 50_000] }],
    60_000,
  ],
  [
    'twice as long after each further failure',
    [seen(0, 0, t0 + 1_000), { openedAt: t0, failedAt: [t0 + 50_000, t0 + 40_000, t0 + 30_000] }],
    90_000,
  ],
  [
    'at the longest interval for an order that fails for ever',
    [{ openedAt: t0, failedAt: Array.from({ length: 12 }, (_, i) => t0 + i) }],
    600_011,
  ],
  [
    'after the shortest interval when a check fails with the account, however often',
    [seen(0, 0, t0 + 1_000), { openedAt: t0, attemptedAt: t0 + 40_000 }, { openedAt: t0, attemptedAt: t0 + 50_000 }],
    60_000,
  ],
  [
    'no sooner for a failed check than without it',
    [seen(0, 0, t0 + 1_000_000), { openedAt: t0, failedAt: [t0 + 1_000_001], attemptedAt: t0 + 1_000_001 }],
    1_100_000,
  ],
  ['after the minimum interval for an order that just changed', [seen(0, 0, t0 + 1_000)], 11_000],
  ['after a tenth of the time since its last change', [seen(0, 0, t0 + 1_000_000)], 1_100_000],
  ['after the maximum interval for an old order', [seen(0, 0, t0 + 100_000_000)], 100_600_000],
  [
    'soon after the first not-found reply',
    [seen(0, 0, t0 + 1_000_000), { openedAt: t0, notFoundAt: [t0 + 2_000_000] }],
    2_010_000,
  ],
  [
    'later after each further not-found reply',
    [seen(0, 0, t0), { openedAt: t0, notFoundAt: [t0 + 2_000_000, t0 + 1_900_000, t0 + 1_800_000] }],
    2_040_000,
  ],
  ['after the minimum interval for an id that was never seen', [{ openedAt: t0, notFoundAt: [t0 + 5_000] }], 15_000],
  ['after the minimum interval for an order dated ahead of our clock', [seen(50_000, 0, t0 + 1_000)], 11_000],
])('the next check of an order comes %s', (_, all, after) => {
  expect(dueAt(watchOf(...all), policy) - t0).toBe(after);
});
