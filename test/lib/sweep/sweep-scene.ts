import { expect } from 'vitest';
import { Failure } from '../../../lib/errors.ts';
import type { CheckResult } from '../../../lib/orders/check-result.ts';
import { watchItem } from '../../../lib/snapshots/items.ts';
import type { Rank } from '../../../lib/snapshots/rank.ts';
import { readIndexedOrder } from '../../../lib/snapshots/read-items.ts';
import type { IndexedOrder, StoredWatch } from '../../../lib/snapshots/table.ts';
import { isOpen, join, statusOf, type Watch } from '../../../lib/snapshots/watch.ts';
import type { SweepReport } from '../../../lib/sweep/report.ts';
import { createSweep, type SweepRequest } from '../../../lib/sweep/sweep.ts';
import { createEnvironment, startTime } from '../accounts/environment.ts';

/** How one check ends: with what it changed, or with a failure. */
export type Outcome = 'same' | 'changed' | 'final' | 'final before' | Failure;

/** An order in the index; `at` and `seenAt` are milliseconds since the start. */
type Indexed = {
  readonly orderId: string;
  readonly at?: number;
  readonly seenAt?: number;
  readonly status?: IndexedOrder['status'];
};

type SweepScene = {
  readonly orders: readonly Indexed[];
  /** `at`: milliseconds since the start. By default, nothing has changed. */
  readonly outcome?: (orderId: string, at: number) => Outcome;
  readonly callMs?: number | ((orderId: string) => number);
  /** The index goes on listing what was checked. */
  readonly lags?: boolean;
  /** The table does not respond to a look at the index: the failure of the n-th look, from 1. */
  readonly indexFails?: (look: number) => Failure | undefined;
  /** The table does not record failed checks. */
  readonly recordFails?: boolean;
  /** How long the sweep may take, milliseconds; and when a handover is requested. */
  readonly forMs?: number;
  readonly handoverAfterMs?: number;
  readonly request?: Partial<SweepRequest>;
};

/** What a sweep did; times are milliseconds since the start. */
export type SweepRun = {
  readonly report: SweepReport;
  readonly checks: readonly { readonly orderId: string; readonly at: number; readonly until: number }[];
  /** How many checks ran at once, at most. */
  readonly atOnce: number;
  readonly endedAt: number;
  /** When an order was checked. */
  readonly timesOf: (orderId: string) => readonly number[];
};

export const retentionMs = 1_800_000;
/** A request for a sweep, without its end and its policy; no handover is requested. */
export const sweepRequest = {
  account: 'main',
  requestId: 'tick',
  before: { tat: 0 },
  keep: () => {},
  retentionMs,
  capacity: 3_000,
  holds: () => true,
} satisfies Partial<SweepRequest>;
const againMs = 60_000;
const minCheckMs = 10_000;

/** Many orders, due since the start. */
export function orders(count: number, more: Omit<Indexed, 'orderId'> = {}): readonly Indexed[] {
  return Array.from({ length: count }, (_, i) => ({ orderId: `order-${String(i + 1).padStart(3, '0')}`, ...more }));
}

const policy = { minMs: minCheckMs, maxMs: 86_400_000 };

function rankAt(updatedAt: number, phase: 0 | 1 | 2 = 0): Rank {
  return `${updatedAt}.0000000001.${phase}.x`;
}

/** A watch whose last reply came at one time and is due at another, epoch ms. */
function seenWatch(seenAt: number, dueAt: number, phase: 0 | 1 | 2 = 0): Watch {
  const rank = rankAt(seenAt - (dueAt - seenAt) * 10, phase);
  const observations = [{ requestedAt: seenAt, rank }];
  return join(undefined, { openedAt: seenAt, announcedRank: rank, applied: { rank, at: seenAt }, observations });
}

/** A watch of this status that is due at its time. */
function indexedWatch({ at = 0, seenAt = at - minCheckMs, status = 'watched' }: Indexed): Watch {
  const [due, seen] = [startTime + at, startTime + seenAt];
  switch (status) {
    case 'unconfirmed':
      return join(undefined, { openedAt: due });
    case 'missing':
      return join(seenWatch(seen - minCheckMs, due), { openedAt: seen, notFoundAt: [due - minCheckMs] });
    case 'inconsistent': {
      const applied = { rank: rankAt(due + 1), at: 0 };
      const twice = seenWatch(seen - 1, due);
      const again = { ...seenWatch(seen, due), applied, announcedRank: applied.rank };
      return join(twice, again);
    }
    default:
      return seenWatch(seen, due, status === 'unknown' ? 1 : 0);
  }
}

function listedOf(orderId: string, stored: StoredWatch): IndexedOrder {
  const key = { account: 'main', orderId };
  return readIndexedOrder(watchItem(key, stored, policy));
}

/** The result of a check, of which the sweep reads `changed`, `final` and `stored`. */
function checked(orderId: string, outcome: Exclude<Outcome, Failure>, stored: StoredWatch): CheckResult {
  return {
    account: 'main',
    order: { order_id: orderId, order_state: 'open', last_update_timestamp: startTime, details: {} },
    rank: '',
    final: outcome === 'final' || outcome === 'final before',
    watched: outcome === 'same' || outcome === 'changed',
    source: 'exchange',
    changed: outcome === 'changed' || outcome === 'final',
    firstObservedAt: startTime,
    checkedAt: startTime,
    ageMs: 0,
    exchangeTime: undefined,
    result: '',
    stored,
  };
}

const attention: ReadonlySet<IndexedOrder['status']> = new Set(['missing', 'unknown', 'inconsistent']);

/** Lets a sweep run over an index in memory, in a time that jumps. */
export async function runSweep(scene: SweepScene): Promise<SweepRun> {
  const { outcome = () => 'same', callMs = 50, lags = false, forMs = 30_000, handoverAfterMs } = scene;
  const environment = createEnvironment();
  const index = new Map<string, IndexedOrder>();
  for (const indexed of scene.orders) {
    index.set(indexed.orderId, listedOf(indexed.orderId, { watch: indexedWatch(indexed), revision: 1 }));
  }
  const checks: SweepRun['checks'][number][] = [];
  let running = 0;
  let atOnce = 0;
  let looks = 0;

  /** The order's watch with what one check adds, which a lagging index does not show. */
  const write = (orderId: string, watchOf: (watch: Watch) => Watch): StoredWatch | undefined => {
    const known = latest.get(orderId) ?? index.get(orderId)?.stored;
    if (known === undefined) return undefined;
    const stored = { watch: watchOf(known.watch), revision: known.revision + 1 };
    latest.set(orderId, stored);
    if (lags) return stored;
    if (isOpen(statusOf(stored.watch))) index.set(orderId, listedOf(orderId, stored));
    else index.delete(orderId);
    return stored;
  };
  const latest = new Map<string, StoredWatch>();
  const uncalled = async () => expect.fail('nothing is listed here');

  const sweep = createSweep({
    store: {
      read: uncalled,
      record: uncalled,
      confirm: uncalled,
      markUnlisted: uncalled,
      recordFailedCheck: async ({ orderId, requestedAt, own }) => {
        if (scene.recordFails) throw new Failure('store_unavailable', 'for the test');
        const failed = own ? { failedAt: [requestedAt] } : { attemptedAt: requestedAt };
        return write(orderId, (watch) => join(watch, { openedAt: watch.openedAt, ...failed }));
      },
    },
    listedAccount: () => undefined,
    onDrift: () => {},
    clock: environment,
    list: async (_, list, until, limit) => {
      await environment.sleep(1);
      const indexFailure = scene.indexFails?.(++looks);
      if (indexFailure !== undefined) throw indexFailure;
      return [...index.values()]
        .filter(({ at, status }) => at <= until && attention.has(status) === (list === 'attention'))
        .sort((a, b) => a.at - b.at)
        .slice(0, limit);
    },
    checkOrder: async ({ orderId }) => {
      const at = environment.now() - startTime;
      atOnce = Math.max(atOnce, ++running);
      const result = outcome(orderId, at);
      await environment.sleep(typeof callMs === 'number' ? callMs : callMs(orderId));
      running--;
      checks.push({ orderId, at, until: environment.now() - startTime });
      if (result instanceof Failure) throw result;
      const ended = result === 'final' || result === 'final before';
      const now = environment.now();
      const again = lags ? seenWatch(now, now + minCheckMs) : seenWatch(now, now + againMs, ended ? 2 : 0);
      const stored = write(orderId, () => again) ?? { watch: again, revision: 1 };
      return checked(orderId, result, stored);
    },
  });

  const sweptAll = sweep({
    ...sweepRequest,
    requestId: 'request-1',
    until: startTime + forMs,
    policy,
    holds: () => handoverAfterMs === undefined || environment.now() < startTime + handoverAfterMs,
    ...scene.request,
  }).then((report) => ({ report, endedAt: environment.now() - startTime }));
  await environment.run();
  const { report, endedAt } = await sweptAll;
  const inOrder = checks.toSorted((a, b) => a.at - b.at);
  const timesOf = (orderId: string) => inOrder.filter((each) => each.orderId === orderId).map(({ at }) => at);
  return { report, checks: inOrder, atOnce, endedAt, timesOf };
}
