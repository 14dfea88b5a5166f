import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dueAt, dueWithoutLists, lookupDueAt } from '../../../lib/snapshots/due.ts';
import {
  checkedAt,
  confirmedAt,
  isCovered,
  isLastRequested,
  isOpen,
  isUnanswered,
  join,
  statusOf,
  type Watch,
  type WatchDelta,
} from '../../../lib/snapshots/watch.ts';

const t0 = 1_767_225_600_000;
const rank = (after: number, phase: 0 | 1 | 2 = 0) => `${t0 + after}.0000000001.${phase}.x`;
const policy = { minMs: 10_000, maxMs: 600_000 };

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

function watchOf(...all: readonly WatchDelta[]): Watch {
  const [first = { openedAt: t0 }, ...rest] = all;
  return rest.reduce<Watch>(join, join(undefined, first));
}

const seen = (after: number, phase: 0 | 1 | 2, requestedAt = t0 + after): WatchDelta => ({
  openedAt: t0,
  announcedRank: rank(after, phase),
  applied: { rank: rank(after, phase), at: requestedAt },
  observations: [{ requestedAt, rank: rank(after, phase) }],
});

const tied = (digest: string) => `${t0}.0000000001.0.${digest}`;

describe('a watch', () => {
  it('finds no contradiction between states that only their digests order', () => {
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

  it('is the same whatever the order and the repeats of what is joined', () => {
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

  it('is the same whether deltas are joined one by one or two watches are joined', () => {
    fc.assert(
      fc.property(fc.array(delta, { minLength: 1 }), fc.array(delta, { minLength: 1 }), (a, b) => {
        expect(join(watchOf(...a), watchOf(...b))).toEqual(watchOf(...a, ...b));
      }),
      { numRuns: 1_000 },
    );
  });

  it('cannot be opened again by a late writer, once it is final', () => {
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
  ])('is %s after %j', (status, all, open) => {
    const watch = watchOf(...all);
    expect(statusOf(watch)).toBe(status);
    expect(isOpen(statusOf(watch))).toBe(open);
  });

  it('does not close before the head has reached the announced rank', () => {
    const announced = watchOf({ openedAt: t0, announcedRank: rank(1, 2) });
    expect(statusOf(announced)).toBe('watched');
    expect(statusOf(join(announced, { openedAt: t0, applied: { rank: rank(1, 2), at: t0 } }))).toBe('final');
    expect(statusOf(watchOf(seen(1, 2), { openedAt: t0, announcedRank: rank(2, 0) }))).toBe('watched');
  });

  it('is inconsistent after two answers in a row that rank below the head, requested 10 s after it was seen', () => {
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

  it('keeps the ten latest failed checks, and forgets them with the next answer, not-found included', () => {
    const failedAt = Array.from({ length: 12 }, (_, i) => t0 + 100 + i);
    const failing = watchOf(seen(1, 0), { openedAt: t0, failedAt, attemptedAt: t0 + 120 });
    expect(failing.failedAt).toEqual(failedAt.slice(2).reverse());
    expect(failing.attemptedAt).toBe(t0 + 120);
    expect(statusOf(failing)).toBe('watched');
    for (const answer of [seen(1, 0, t0 + 120), { openedAt: t0, notFoundAt: [t0 + 120] }]) {
      expect(join(failing, answer).failedAt).toBeUndefined();
      expect(join(failing, answer).attemptedAt).toBeUndefined();
      expect(join(join(failing, answer), { openedAt: t0, failedAt }).failedAt).toBeUndefined();
    }
  });

  it('keeps the ten latest not-found answers and the two latest observations', () => {
    const notFoundAt = Array.from({ length: 12 }, (_, i) => t0 + 100 + i);
    const watch = watchOf(seen(1, 0, t0 + 1), seen(1, 0, t0 + 3), seen(1, 0, t0 + 2), { openedAt: t0, notFoundAt });
    expect(watch.observations.map(({ requestedAt }) => requestedAt - t0)).toEqual([3, 2]);
    expect(watch.notFoundAt.map((requestedAt) => requestedAt - t0)).toEqual([
      111, 110, 109, 108, 107, 106, 105, 104, 103, 102,
    ]);
    expect(checkedAt(watch)).toBe(t0 + 3);
  });
});

describe('an order in the lists of its account', () => {
  const minute = 60_000;
  const listedAt = (at: number, present = true): WatchDelta => ({ openedAt: t0, listed: { at: t0 + at, present } });

  const listOf = (at: number, ordersReadAt = t0) => ({ at, ordersReadAt });

  it('is confirmed by the latest list of the account, once it has been in one', () => {
    const order = seen(0, 0, t0 + 5);
    expect(confirmedAt(watchOf(order), listOf(t0 + minute))).toBe(t0 + 5);
    expect(confirmedAt(watchOf(order, listedAt(5)), listOf(t0 + minute))).toBe(t0 + minute);
    expect(confirmedAt(watchOf(order, listedAt(5)), undefined)).toBe(t0 + 5);
    expect(confirmedAt(watchOf({ ...order, observations: [] }, listedAt(5)), listOf(t0 + minute))).toBe(t0 + minute);
  });

  it('is not confirmed by a list from before it was in one, nor after it vanished from one', () => {
    const order = seen(0, 0, t0 + 5);
    expect(confirmedAt(watchOf(order, listedAt(minute)), listOf(t0 + minute - 1))).toBe(t0 + 5);
    expect(confirmedAt(watchOf(order, listedAt(5), listedAt(minute, false)), listOf(t0 + 2 * minute))).toBe(t0 + 5);
  });

  it('is not confirmed by the lists of a sweep that may not have found it in the index, until one of them holds it', () => {
    const order = seen(0, 0, t0 + 5);
    const list = (readAfter: number) => listOf(t0 + 3 * minute, t0 + readAfter);
    expect(confirmedAt(watchOf(order, listedAt(minute)), list(minute + 1))).toBe(t0 + 5);
    expect(confirmedAt(watchOf(order, listedAt(minute)), list(2 * minute - 1))).toBe(t0 + 5);
    expect(confirmedAt(watchOf(order, listedAt(minute)), list(2 * minute))).toBe(t0 + 3 * minute);
    expect(confirmedAt(watchOf(order, listedAt(minute), listedAt(minute + 1)), list(minute + 1))).toBe(t0 + 3 * minute);
  });

  it('is not confirmed while a newer state is on its way to the head, nor in any status but watched', () => {
    const changing: WatchDelta = { openedAt: t0, announcedRank: rank(9) };
    expect(confirmedAt(watchOf(seen(0, 0, t0 + 5), listedAt(5), changing), listOf(t0 + minute))).toBe(t0 + 5);
    for (const phase of [1, 2] as const) {
      expect(confirmedAt(watchOf(seen(0, phase, t0 + 5), listedAt(5)), listOf(t0 + minute))).toBe(t0 + 5);
    }
  });

  it('counts as absent when one list of a moment held it and another one did not', () => {
    expect(isCovered(watchOf(seen(0, 0), listedAt(5), listedAt(5, false)))).toBe(false);
    expect(isCovered(watchOf(seen(0, 0), listedAt(5, false), listedAt(6)))).toBe(true);
  });

  it('is checked by itself within four hours while lists hold it, and at once when it vanishes', () => {
    const order = seen(0, 0, t0 + 5);
    expect(dueAt(watchOf(order, listedAt(5)), policy)).toBe(t0 + 240 * minute);
    expect(dueAt(watchOf(order, listedAt(5), listedAt(minute, false)), policy)).toBe(t0 + minute);
    expect(dueAt(watchOf(order, listedAt(100, false)), policy)).toBe(t0 + 100);
  });

  it('is due at once when its watch is started again, and no later because the start is dated by a clock ahead of ours', () => {
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

  it('keeps its place in the index from answer to answer, for an hour at the most', () => {
    const dueAfter = (minutes: number) => dueAt(watchOf(seen(0, 0, t0 + minutes * minute), listedAt(0)), policy) - t0;
    expect([0, 30, 59, 60, 240].map((minutes) => dueAfter(minutes) / minute)).toEqual([240, 240, 240, 300, 480]);
  });

  it('keeps its place while a newer state is on its way to the head: the next list shows whether that is in force', () => {
    const order = watchOf(seen(0, 0), listedAt(5));
    for (const phase of [0, 2] as const) {
      const announced = join(order, { openedAt: t0, announcedRank: rank(9, phase) });
      expect(dueAt(announced, policy)).toBe(dueAt(order, policy));
      expect(dueWithoutLists(announced, confirmedAt(announced, listOf(t0 + minute)), policy, 30_000)).toBe(t0 + 30_000);
    }
  });

  it('is checked again soon, and then less and less often, when it vanished and its own answer shows it open', () => {
    const answeredAfter = (ms: number) => dueAt(watchOf(seen(0, 0, t0 + minute + ms), listedAt(minute, false)), policy);
    const from = t0 + minute;
    expect(answeredAfter(100)).toBe(from + 100 + 2_000);
    expect(answeredAfter(5_000)).toBe(from + 10_000);
    expect(answeredAfter(2 * minute)).toBe(from + 2 * minute + 18_000);
  });
});

describe('an order that lists have not confirmed for some time', () => {
  const graceMs = 30_000;

  it('is due as any other from its last confirmation on, and not before the grace has passed', () => {
    const resting = watchOf(seen(0, 0, t0));
    expect(dueWithoutLists(resting, t0 + 60_000, policy, graceMs)).toBe(t0 + 60_000 + graceMs);
    expect(dueWithoutLists(resting, t0 + 3_600_000, policy, graceMs)).toBe(t0 + 3_600_000 + 360_000);
  });

  it('is due after the grace when it was never seen', () => {
    expect(dueWithoutLists(watchOf({ openedAt: t0 }), undefined, policy, graceMs)).toBe(t0 + graceMs);
  });
});

describe('the lookup of a missing order', () => {
  it('is due at once, then after 1, 5 and 15 minutes, then every hour', () => {
    const lookedUp = (...minutes: readonly number[]) =>
      watchOf({ openedAt: t0, notFoundAt: [t0 + 1], lookedUpAt: minutes.map((after) => t0 + 1 + after * 60_000) });
    const dueAfter = (...minutes: readonly number[]) => (lookupDueAt(lookedUp(...minutes)) - t0 - 1) / 60_000;
    expect([dueAfter(), dueAfter(0), dueAfter(0, 1), dueAfter(0, 1, 5)]).toEqual([0, 1, 5, 15]);
    expect(dueAfter(0, 1, 5, 15)).toBe(75);
    expect(lookupDueAt(watchOf({ openedAt: t0 }))).toBe(0);
  });
});

describe('the start of a watch', () => {
  it('has the cause of the earliest start, also when others name the order later', () => {
    const later: WatchDelta = { openedAt: t0 + 1, startedBy: 'person' };
    const first: WatchDelta = { openedAt: t0, startedBy: 'list' };
    expect(watchOf(later, first)).toMatchObject({ openedAt: t0, startedBy: 'list' });
    expect(watchOf(first, later, { openedAt: t0 })).toMatchObject({ openedAt: t0, startedBy: 'list' });
    expect(watchOf(later, { openedAt: t0 }).startedBy).toBeUndefined();
  });
});

describe('the next check', () => {
  it.each<[string, readonly WatchDelta[], number]>([
    ['at once for an order that was never checked', [{ openedAt: t0 }], 0],
    [
      'after the shortest interval while the first answer is being written',
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
    ['at the soonest after a change', [seen(0, 0, t0 + 1_000)], 11_000],
    ['after a tenth of the time since its last change', [seen(0, 0, t0 + 1_000_000)], 1_100_000],
    ['at the latest for an old order', [seen(0, 0, t0 + 100_000_000)], 100_600_000],
    [
      'soon after the first not-found answer',
      [seen(0, 0, t0 + 1_000_000), { openedAt: t0, notFoundAt: [t0 + 2_000_000] }],
      2_010_000,
    ],
    [
      'later after each further not-found answer',
      [seen(0, 0, t0), { openedAt: t0, notFoundAt: [t0 + 2_000_000, t0 + 1_900_000, t0 + 1_800_000] }],
      2_040_000,
    ],
    ['in its turn for an id that was never seen', [{ openedAt: t0, notFoundAt: [t0 + 5_000] }], 15_000],
    ['at the soonest for an order updated ahead of our clock', [seen(50_000, 0, t0 + 1_000)], 11_000],
  ])('is %s', (_, all, after) => {
    expect(dueAt(watchOf(...all), policy) - t0).toBe(after);
  });
});

describe('an order that was never seen', () => {
  const unanswered = (notFound: number, failed: number) =>
    watchOf({
      openedAt: t0,
      notFoundAt: Array.from({ length: notFound }, (_, i) => t0 + i + 1),
      failedAt: Array.from({ length: failed }, (_, i) => t0 + 100 + i),
    });

  it('needs a person after five checks that did not find it, or failed', () => {
    expect(isUnanswered(unanswered(2, 2))).toBe(false);
    expect(isUnanswered(unanswered(2, 3))).toBe(true);
    expect(isUnanswered(unanswered(5, 0))).toBe(true);
    expect(isUnanswered(watchOf({ openedAt: t0 }))).toBe(false);
  });

  it('is one that no answer has ever shown', () => {
    const missing = { openedAt: t0, notFoundAt: [10, 11, 12, 13, 14].map((ms) => t0 + ms) };
    expect(isUnanswered(watchOf(seen(0, 0, t0 + 5), missing))).toBe(false);
  });
});
