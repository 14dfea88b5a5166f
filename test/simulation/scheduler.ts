import type { Random } from './random.ts';

/** Virtual time: it jumps from one thing that is due to the next. Milliseconds since the Unix epoch, whole. */
export type Scheduler = {
  readonly now: () => number;
  readonly at: (time: number, run: () => void) => void;
  readonly after: (milliseconds: number, run: () => void) => void;
  /** Lets time pass until `end`; what is due later stays undone. */
  readonly run: (end: number) => Promise<void>;
};

type Due = { readonly at: number; readonly tie: number; readonly run: () => void };

export function createScheduler(start: number, random: Random): Scheduler {
  let now = start;
  const heap: Due[] = [];

  const at = (time: number, run: () => void): void => {
    // What is due in the same millisecond takes turns by chance: no order of arrival is more likely than another.
    push(heap, { at: Math.max(now, Math.round(time)), tie: random.next(), run });
  };
  return {
    now: () => now,
    at,
    after: (milliseconds, run) => at(now + milliseconds, run),
    run: async (end) => {
      for (let due = heap[0]; due !== undefined && due.at <= end; due = heap[0]) {
        pop(heap);
        now = due.at;
        due.run();
        await settled();
      }
      now = end;
    },
  };
}

/** Resolves when every promise that can go on without waiting has done so: ticks come after all pending microtasks. */
function settled(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)));
}

function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.tie < b.tie);
}

function push(heap: Due[], due: Due): void {
  let place = heap.length;
  while (place > 0) {
    const parent = (place - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || !isBefore(due, above)) break;
    heap[place] = above;
    place = parent;
  }
  heap[place] = due;
}

function pop(heap: Due[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let place = 0;
  for (;;) {
    const left = 2 * place + 1;
    const [a, b] = [heap[left], heap[left + 1]];
    if (a === undefined) break;
    const isRight = b !== undefined && isBefore(b, a);
    const least = isRight ? b : a;
    if (!isBefore(least, last)) break;
    heap[place] = least;
    place = isRight ? left + 1 : left;
  }
  heap[place] = last;
}
