import { setImmediate } from 'node:timers/promises';

/**
 * Time that jumps from one thing that is due to the next: many processes run concurrently, always in the same order.
 * Milliseconds since the epoch.
 */
export type TestEnvironment = {
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Time stands still until the request has its response, even from a real engine. */
  readonly request: <T>(send: () => Promise<T>) => Promise<T>;
  /** Until nothing is due. */
  readonly run: () => Promise<void>;
};

type Due = { readonly at: number; readonly wake: () => void };

export const startTime = Date.UTC(2026, 0, 1);

export function createEnvironment(): TestEnvironment {
  let now = startTime;
  let requests = 0;
  let due: readonly Due[] = [];

  /** Every process that is awake does what it can without waiting. */
  const coolDown = async (): Promise<void> => {
    do await setImmediate();
    while (requests > 0);
  };

  return {
    now: () => now,
    sleep: (milliseconds) =>
      new Promise((wake) => {
        const at = now + milliseconds;
        const place = due.findIndex((other) => other.at > at);
        due = due.toSpliced(place < 0 ? due.length : place, 0, { at, wake });
      }),
    request: async (send) => {
      requests++;
      try {
        return await send();
      } finally {
        requests--;
      }
    },
    run: async () => {
      await coolDown();
      for (let [next] = due; next !== undefined; [next] = due) {
        due = due.slice(1);
        now = next.at;
        next.wake();
        await coolDown();
      }
    },
  };
}
