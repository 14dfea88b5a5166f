import type { CheckResult } from '../../lib/orders/check-result.ts';
import type { OrderKey, Snapshot } from '../../lib/snapshots/snapshot.ts';
import { confirmedAt, type ListTimes, statusOf } from '../../lib/snapshots/watch.ts';
import type { MemoryTable } from '../lib/snapshots/memory-table.ts';
import { type Market, type Truth, withoutVolatile } from './market.ts';

/** What must never happen. */
export type Violation =
  | 'closedUnproven'
  | 'dropped'
  | 'neverSeen'
  | 'undiscovered'
  | 'staleConfirmed'
  | 'overspent'
  | 'lostOrRegressed';
export type Finding = { readonly violation: Violation; readonly at: number; readonly what: string };

type CheckerDeps = {
  readonly account: string;
  readonly market: Market;
  readonly table: MemoryTable;
  readonly now: () => number;
  /** The list that an order is on, if any. */
  readonly listOf: (orderId: string) => string | undefined;
  /** The dialect's: how late a list may be, milliseconds. */
  readonly lists: { readonly lagMs: number };
};

export type Checker = {
  /** Called after a write was applied. */
  readonly snapshotWritten: (snapshot: Snapshot) => void;
  readonly headWritten: (snapshot: Snapshot) => void;
  readonly watchWritten: (key: OrderKey) => void;
  /** A check begins: returns which state the head holds, for its end. */
  readonly checkStarted: (orderId: string) => number;
  /**
   * A check ended: the result that it was given must be in the history, and its response no older than the head was
   * when it began.
   */
  readonly checkFinished: (
    orderId: string,
    given: string | undefined,
    checked: CheckResult,
    headBefore: number,
  ) => void;
  /** Looks at every order that the table knows: a live one must be on a list that the schedule reads. */
  readonly lookAround: () => void;
  /** The account's `listed_at` was written: it confirms the state of each order that lists cover. */
  readonly listedWritten: (list: ListTimes) => void;
  /** When an order's first item was written. */
  readonly knownAt: (orderId: string) => number | undefined;
  /** When the n-th true state, or a later one, was first in the history. */
  readonly seenAt: (orderId: string, state: number) => number | undefined;
  readonly find: (violation: Violation, what: string) => void;
  readonly findings: readonly Finding[];
};

type Seen = { readonly knownAt: number; readonly firstAt: number[]; head: number; isFinal: boolean };

/** A list may show one row as it was before, from up to this long ago; milliseconds. */
const maxListLagMs = 60_000;
/** How far the clocks of two processes may be apart, and a call be under way; milliseconds. */
const clocksMs = 2_000;

/** The lists that the schedule reads. */
const swept: ReadonlySet<string | undefined> = new Set(['live', 'attention']);

/** Compares what is in the table with what truly happened, at every write. */
export function createChecker({ account, market, table, now, listOf, lists }: CheckerDeps): Checker {
  const findings: Finding[] = [];
  const orders = new Map<string, Seen>();
  const dropped = new Set<string>();

  const find = (violation: Violation, what: string): void => {
    findings.push({ violation, at: now(), what });
  };
  const seenOf = (orderId: string): Seen => {
    const seen = orders.get(orderId) ?? { knownAt: now(), firstAt: [], head: -1, isFinal: false };
    orders.set(orderId, seen);
    return seen;
  };

  const watchWritten: Checker['watchWritten'] = (key) => {
    const seen = seenOf(key.orderId);
    const { stored, head } = table.inspect(key);
    if (stored === undefined) return;
    const isFinal = statusOf(stored.watch) === 'final';
    if (seen.isFinal && !isFinal) find('lostOrRegressed', `${key.orderId}: a closed watch was opened again`);
    if (isFinal && !seen.isFinal) {
      const end = market.truths.get(key.orderId)?.states.at(-1);
      const closedAs = head && withoutVolatile(head.result);
      if (end?.isFinal !== true) find('closedUnproven', `${key.orderId}: closed, and it is live`);
      else if (closedAs !== end.text && closedAs !== end.row)
        find('closedUnproven', `${key.orderId}: closed as ${closedAs}, and it is ${end.text}`);
    }
    seen.isFinal = isFinal;
  };

  return {
    findings,
    find,
    watchWritten,
    snapshotWritten: ({ orderId, result }) => {
      const seen = seenOf(orderId);
      const state = indexOf(market.truths.get(orderId), result);
      if (state < 0) find('lostOrRegressed', `${orderId}: the history holds what never was: ${result}`);
      for (let i = 0; i <= state; i++) seen.firstAt[i] ??= now();
    },
    headWritten: ({ orderId, result }) => {
      const seen = seenOf(orderId);
      const state = indexOf(market.truths.get(orderId), result);
      if (state < seen.head) find('lostOrRegressed', `${orderId}: the head went back from ${seen.head} to ${state}`);
      seen.head = state;
    },
    checkStarted: (orderId) => orders.get(orderId)?.head ?? -1,
    checkFinished: (orderId, given, checked, headBefore) => {
      const { snapshots } = table.inspect({ account, orderId });
      const truth = market.truths.get(orderId);
      const state = given === undefined ? -1 : indexOf(truth, given);
      const isKept = state < 0 || [...snapshots.values()].some((kept) => indexOf(truth, kept.result) === state);
      if (!isKept) find('lostOrRegressed', `${orderId}: a reply is not in the history: ${given}`);
      if (indexOf(truth, checked.result) < headBefore)
        find('lostOrRegressed', `${orderId}: the response is older than the table: ${checked.result}`);
      if (checked.final && market.isLive(orderId))
        find('closedUnproven', `${orderId}: returned as final, and it is live`);
    },
    lookAround: () => {
      for (const orderId of orders.keys()) {
        if (swept.has(listOf(orderId)) || !market.isLive(orderId) || dropped.has(orderId)) continue;
        dropped.add(orderId);
        find('dropped', `${orderId}: live, and on no list`);
      }
    },
    listedWritten: (list) => {
      const listedAt = list.at;
      for (const { orderId, states } of market.truths.values()) {
        const { stored, head } = table.inspect({ account, orderId });
        // Most are in their latest state, which every list may confirm.
        if (stored === undefined || head === undefined || head.result === states.at(-1)?.row) continue;
        if (confirmedAt(stored.watch, list) !== listedAt) continue;
        const next = states[indexOf({ orderId, states }, head.result) + 1];
        // An order that has ended is in no list that is later than the exchange's guard.
        const lagMs = next?.isFinal ? lists.lagMs + clocksMs : maxListLagMs;
        if (next === undefined || next.at > listedAt - lagMs) continue;
        find('staleConfirmed', `${orderId}: confirmed as of ${listedAt}, and another state since ${next.at}`);
      }
    },
    knownAt: (orderId) => orders.get(orderId)?.knownAt,
    seenAt: (orderId, state) => orders.get(orderId)?.firstAt[state],
  };
}

/** Which of its true states a text is, -1 for none. */
function indexOf(truth: Truth | undefined, result: string): number {
  const text = withoutVolatile(result);
  return truth?.states.findLastIndex((state) => state.text === text || state.row === text) ?? -1;
}
