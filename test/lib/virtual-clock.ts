import type { Clock } from '../../lib/clock.ts';

export type VirtualClock = Clock & {
  readonly advance: (milliseconds: number) => void;
  /** What was slept, in order, milliseconds. */
  readonly sleeps: readonly number[];
};

/** Time that passes only on command; a sleep takes none of the test's. */
export function createVirtualClock(start = Date.UTC(2026, 0, 1)): VirtualClock {
  let now = start;
  const sleeps: number[] = [];
  const advance = (milliseconds: number): void => {
    now += milliseconds;
  };
  return {
    now: () => now,
    sleep: async (milliseconds) => {
      sleeps.push(milliseconds);
      advance(milliseconds);
    },
    advance,
    sleeps,
  };
}
