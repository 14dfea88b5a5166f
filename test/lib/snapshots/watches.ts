import { join, type Watch, type WatchDelta } from '../../../lib/snapshots/watch.ts';

export const t0 = 1_767_225_600_000;
export const rank = (after: number, phase: 0 | 1 | 2 = 0) => `${t0 + after}.0000000001.${phase}.x`;
export const policy = { minMs: 10_000, maxMs: 600_000 };

export function watchOf(...all: readonly WatchDelta[]): Watch {
  const [first = { openedAt: t0 }, ...rest] = all;
  return rest.reduce<Watch>(join, join(undefined, first));
}

export const seen = (after: number, phase: 0 | 1 | 2, requestedAt = t0 + after): WatchDelta => ({
  openedAt: t0,
  announcedRank: rank(after, phase),
  applied: { rank: rank(after, phase), at: requestedAt },
  observations: [{ requestedAt, rank: rank(after, phase) }],
});

export const minute = 60_000;
export const listedAt = (at: number, present = true): WatchDelta => ({
  openedAt: t0,
  listed: { at: t0 + at, present },
});
export const listOf = (at: number, ordersReadAt = t0) => ({ at, ordersReadAt });
