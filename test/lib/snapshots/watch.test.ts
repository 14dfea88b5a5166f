import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkedAt,
  confirmedAt,
  isCovered,
  isLastRequested,
  isOpen,
  isUnobserved,
  join,
  statusOf,
  type WatchDelta,
} from '../../../lib/snapshots/watch.ts';
import { listedAt, listOf, minute, rank, seen, t0, watchOf } from './watches.ts';

const ranks = fc
  .tuple(fc.nat(3), fc.constantFrom(0, 1, 2))
  .map(([after, phase]) => `${t0 + after}.0000000001.${phase}.x`);

const moments = fc.integer({ min: t0, max: t0 + 30 });

const delta: fc.Arbitrary<WatchDelta> = fc.record(
  {
    openedAt: moments,
    announcedRank: ranks,
    startedBy: fc.constantFrom('list', 'request', 'person'),
    applied: fc.record({ rank: ranks, at: moments }),
    observations: fc.array(fc.record({ requestedAt: moments, rank: ranks }), { maxLength: 3 }),
    notFoundAt: fc.array(moments, { maxLength: 12 }),
    failedAt: fc.array(moments, { maxLength: 12 }),
    attemptedAt: moments,
    listed: fc.record({ at: moments, present: fc.boolean() }),
    lookedUpAt: fc.array(moments, { maxLength: 12 }),
    operator: fc.record({ at: moments, by: fc.constantFrom('anna', 'ben'), stopped: fc.boolean() }),
  },
  { requiredKeys: ['openedAt'] },
);

const tied = (digest: string) => `${t0}.0000000001.0.${digest}`;

it('a watch that is joined from observations finds no contradiction between states that only their digests order', () => {
  const observed = (digest: string, requestedAt: number): WatchDelta => ({
    openedAt: t0,
    announcedRank: tied(digest),
    observations: [{ requestedAt, rank: tied(digest) }],
  });
  const first: WatchDelta = { ...observed('f', t0), applied: { rank: tied('f'), at: t0 } };
  const watch = watchOf(first, observed('a', t0 + 20_000), observed('b', t0 + 40_000));
  expect(statusOf(watch)).toBe('watched');
  expect(isLastRequested(watch, tied('f'))).toBe(false);
  expect(isLastRequested(watch, tied('b'))).toBe(true);
  expect(isLastRequested(watch, rank(1))).toBe(true);
});

it('a watch that is joined from observations is the same whatever the order and the repeats of what is joined', () => {
  const shuffled = fc
    .array(delta, { minLength: 1, maxLength: 6 })
    .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 })));
  fc.assert(
    fc.property(shuffled, ([all, again]) => {
      expect(watchOf(...again)).toEqual(watchOf(...all));
    }),
    { numRuns: 1_000 },
  );
});

it('a watch that is joined from observations is the same whether deltas are joined one by one or two watches are joined', () => {
  fc.assert(
    fc.property(fc.array(delta, { minLength: 1 }), fc.array(delta, { minLength: 1 }), (a, b) => {
      expect(join(watchOf(...a), watchOf(...b))).toEqual(watchOf(...a, ...b));
    }),
    { numRuns: 1_000 },
  );
});

it('a watch that is joined from observations cannot be opened again by a late writer, once it is final', () => {
  fc.assert(
    fc.property(fc.array(delta), (late) => {
      const final = watchOf(seen(9, 2));
      const older = late.map(({ operator: _, ...rest }) => ({ ...rest, observations: [] }));
      expect(statusOf(watchOf(final, ...older))).toBe('final');
    }),
  );
});

it.each<[string, readonly WatchDelta[], boolean]>([
  ['unconfirmed', [{ openedAt: t0 }], true],
  ['unconfirmed', [{ openedAt: t0, notFoundAt: [t0 + 1] }], true],
  ['watched', [seen(1, 0)], true],
  ['unknown', [seen(1, 1)], true],
  ['final', [seen(1, 2)], false],
  ['final', [seen(1, 0), seen(2, 2)], false],
  ['final', [seen(1, 2), { openedAt: t0, notFoundAt: [t0 + 99] }], false],
  ['watched', [seen(1, 2), seen(2, 0)], true],
  ['missing', [seen(1, 0), { openedAt: t0, notFoundAt: [t0 + 2] }], true],
  ['watched', [seen(1, 0, t0 + 3), { openedAt: t0, notFoundAt: [t0 + 2] }], true],
  ['watched', [{ openedAt: t0, notFoundAt: [t0 + 2] }, seen(1, 0, t0 + 3)], true],
  ['stopped', [seen(1, 0), { openedAt: t0, operator: { at: t0, by: 'anna', stopped: true } }], false],
  [
    'watched',
    [
      seen(1, 0),
      { openedAt: t0, operator: { at: t0, by: 'anna', stopped: true } },
      { openedAt: t0, operator: { at: t0 + 1, by: 'anna', stopped: false } },
    ],
    true,
  ],
])('a watch that is joined from observations is %s after %j', (status, all, open) => {
  const watch = watchOf(...all);
  expect(statusOf(watch)).toBe(status);
  expect(isOpen(statusOf(watch))).toBe(open);
});

it('a watch that is joined from observations does not close before the head has reached the announced rank', () => {
  const announced = watchOf({ openedAt: t0, announcedRank: rank(1, 2) });
  expect(statusOf(announced)).toBe('watched');
  expect(statusOf(join(announced, { openedAt: t0, applied: { rank: rank(1, 2), at: t0 } }))).toBe('final');
  expect(statusOf(watchOf(seen(1, 2), { openedAt: t0, announcedRank: rank(2, 0) }))).toBe('watched');
});

it('a watch that is joined from observations is inconsistent after two replies in a row that rank below the head, requested 10 s after it was seen', () => {
  const below = (requestedAt: number): WatchDelta => ({
    openedAt: t0,
    observations: [{ requestedAt, rank: rank(1, 0) }],
  });
  const head = seen(2, 2, t0);
  expect(statusOf(watchOf(head, below(t0 + 10_000)))).toBe('final');
  expect(statusOf(watchOf(head, below(t0 + 9_999), below(t0 + 10_000)))).toBe('final');
  const contradicted = watchOf(head, below(t0 + 10_000), below(t0 + 10_001));
  expect(statusOf(contradicted)).toBe('inconsistent');
  expect(isOpen('inconsistent')).toBe(true);
  expect(statusOf(join(contradicted, seen(2, 2, t0 + 10_002)))).toBe('final');
});

it('a watch that is joined from observations keeps the ten latest failed checks, and drops them with the next reply, not-found included', () => {
  const failedAt = Array.from({ length: 12 }, (_, i) => t0 + 100 + i);
  const failing = watchOf(seen(1, 0), { openedAt: t0, failedAt, attemptedAt: t0 + 120 });
  expect(failing.failedAt).toEqual(failedAt.slice(2).reverse());
  expect(failing.attemptedAt).toBe(t0 + 120);
  expect(statusOf(failing)).toBe('watched');
  for (const reply of [seen(1, 0, t0 + 120), { openedAt: t0, notFoundAt: [t0 + 120] }]) {
    expect(join(failing, reply).failedAt).toBeUndefined();
    expect(join(failing, reply).attemptedAt).toBeUndefined();
    expect(join(join(failing, reply), { openedAt: t0, failedAt }).failedAt).toBeUndefined();
  }
});

it('a watch that is joined from observations keeps the ten latest not-found replies and the two latest observations', () => {
  const notFoundAt = Array.from({ length: 12 }, (_, i) => t0 + 100 + i);
  const watch = watchOf(seen(1, 0, t0 + 1), seen(1, 0, t0 + 3), seen(1, 0, t0 + 2), { openedAt: t0, notFoundAt });
  expect(watch.observations.map(({ requestedAt }) => requestedAt - t0)).toEqual([3, 2]);
  expect(watch.notFoundAt.map((requestedAt) => requestedAt - t0)).toEqual([
    111, 110, 109, 108, 107, 106, 105, 104, 103, 102,
  ]);
  expect(checkedAt(watch)).toBe(t0 + 3);
});

it('an order in the lists of its account is confirmed by the latest list of the account, once it has been in one', () => {
  const order = seen(0, 0, t0 + 5);
  expect(confirmedAt(watchOf(order), listOf(t0 + minute))).toBe(t0 + 5);
  expect(confirmedAt(watchOf(order, listedAt(5)), listOf(t0 + minute))).toBe(t0 + minute);
  expect(confirmedAt(watchOf(order, listedAt(5)), undefined)).toBe(t0 + 5);
  expect(confirmedAt(watchOf({ ...order, observations: [] }, listedAt(5)), listOf(t0 + minute))).toBe(t0 + minute);
});

it('an order in the lists of its account is not confirmed by a list from before it was in one, nor after it vanished from one', () => {
  const order = seen(0, 0, t0 + 5);
  expect(confirmedAt(watchOf(order, listedAt(minute)), listOf(t0 + minute - 1))).toBe(t0 + 5);
  expect(confirmedAt(watchOf(order, listedAt(5), listedAt(minute, false)), listOf(t0 + 2 * minute))).toBe(t0 + 5);
});

it('an order in the lists of its account is not confirmed by the lists of a sweep that may not have found it in the index, until one of them holds it', () => {
  const order = seen(0, 0, t0 + 5);
  const list = (readAfter: number) => listOf(t0 + 3 * minute, t0 + readAfter);
  expect(confirmedAt(watchOf(order, listedAt(minute)), list(minute + 1))).toBe(t0 + 5);
  expect(confirmedAt(watchOf(order, listedAt(minute)), list(2 * minute - 1))).toBe(t0 + 5);
  expect(confirmedAt(watchOf(order, listedAt(minute)), list(2 * minute))).toBe(t0 + 3 * minute);
  expect(confirmedAt(watchOf(order, listedAt(minute), listedAt(minute + 1)), list(minute + 1))).toBe(t0 + 3 * minute);
});

it('an order in the lists of its account is not confirmed while a newer state is on its way to the head, nor in any status but watched', () => {
  const changing: WatchDelta = { openedAt: t0, announcedRank: rank(9) };
  expect(confirmedAt(watchOf(seen(0, 0, t0 + 5), listedAt(5), changing), listOf(t0 + minute))).toBe(t0 + 5);
  for (const phase of [1, 2] as const) {
    expect(confirmedAt(watchOf(seen(0, phase, t0 + 5), listedAt(5)), listOf(t0 + minute))).toBe(t0 + 5);
  }
});

it('an order in the lists of its account counts as absent when two lists of one moment disagree', () => {
  expect(isCovered(watchOf(seen(0, 0), listedAt(5), listedAt(5, false)))).toBe(false);
  expect(isCovered(watchOf(seen(0, 0), listedAt(5, false), listedAt(6)))).toBe(true);
});

it('the start of a watch has the cause of the earliest start, even when others start it later', () => {
  const later: WatchDelta = { openedAt: t0 + 1, startedBy: 'person' };
  const first: WatchDelta = { openedAt: t0, startedBy: 'list' };
  expect(watchOf(later, first)).toMatchObject({ openedAt: t0, startedBy: 'list' });
  expect(watchOf(first, later, { openedAt: t0 })).toMatchObject({ openedAt: t0, startedBy: 'list' });
  expect(watchOf(later, { openedAt: t0 }).startedBy).toBeUndefined();
});

describe('never seen', () => {
  const unobserved = (notFound: number, failed: number) =>
    watchOf({
      openedAt: t0,
      notFoundAt: Array.from({ length: notFound }, (_, i) => t0 + i + 1),
      failedAt: Array.from({ length: failed }, (_, i) => t0 + 100 + i),
    });

  it('an order that was never seen needs a person after five checks that did not find it, or failed', () => {
    expect(isUnobserved(unobserved(2, 2))).toBe(false);
    expect(isUnobserved(unobserved(2, 3))).toBe(true);
    expect(isUnobserved(unobserved(5, 0))).toBe(true);
    expect(isUnobserved(watchOf({ openedAt: t0 }))).toBe(false);
  });

  it('an order that was never seen is one that no reply has ever shown', () => {
    const missing = { openedAt: t0, notFoundAt: [10, 11, 12, 13, 14].map((ms) => t0 + ms) };
    expect(isUnobserved(watchOf(seen(0, 0, t0 + 5), missing))).toBe(false);
  });
});
