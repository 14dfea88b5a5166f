import { Failure } from '../../../lib/errors.ts';
import type { Checked } from '../../../lib/orders/checked.ts';
import type { Listed } from '../../../lib/snapshots/table.ts';
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
  readonly status?: Listed['status'];
};

type Sweeping = {
  readonly orders: readonly Indexed[];
  /** `at`: milliseconds since the start. By default, nothing has changed. */
  readonly outcome?: (orderId: string, at: number) => Outcome;
  readonly callMs?: number | ((orderId: string) => number);
  /** The index goes on listing what was checked. */
  readonly lags?: boolean;
  /** The table does not answer a look at the index: the failure of the n-th look, from 1. */
  readonly indexFails?: (look: number) => Failure | undefined;
  /** The table does not record failed checks. */
  readonly recordFails?: boolean;
  /** How long the sweep may take, milliseconds; and when a handover is requested. */
  readonly forMs?: number;
  readonly handoverAfterMs?: number;
  readonly request?: Partial<SweepRequest>;
};

/** What a sweep did; times are milliseconds since the start. */
export type Swept = {
  readonly report: SweepReport;
  readonly checks: readonly { readonly orderId: string; readonly at: number; readonly until: number }[];
  /** How many checks ran at once, at most. */
  readonly atOnce: number;
  readonly endedAt: number;
  /** When an order was checked. */
  readonly timesOf: (orderId: string) => readonly number[];
};

export const retentionMs = 1_800_000;
const againMs = 60_000;
const minCheckMs = 10_000;

/** Many orders, due since the start. */
export function orders(count: number, more: Omit<Indexed, 'orderId'> = {}): readonly Indexed[] {
  return Array.from({ length: count }, (_, i) => ({ orderId: `order-${String(i + 1).padStart(3, '0')}`, ...more }));
}

/** The result of a check, of which the sweep reads `changed` and `final`. */
function checked(orderId: string, outcome: Exclude<Outcome, Failure>): Checked {
  return {
    account: 'main',
    order: {
      order_id: orderId,
      order_state: 'open',
      instrument_name: 'BTC-PERPETUAL',
      price: '1',
      time_in_force: 'good_til_cancelled',
      last_update_timestamp: startTime,
      creation_timestamp: startTime,
      direction: 'buy',
      order_type: 'limit',
      details: {},
    },
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
    stored: { watch: { openedAt: startTime, observations: [], notFoundAt: [] }, revision: 1 },
  };
}

const attention: ReadonlySet<Listed['status']> = new Set(['missing', 'unknown', 'inconsistent']);

/** Lets a sweep run over an index in memory, in a time that jumps. */
export async function sweeping(scene: Sweeping): Promise<Swept> {
  const { outcome = () => 'same', callMs = 50, lags = false, forMs = 30_000, handoverAfterMs } = scene;
  const environment = createEnvironment();
  const index = new Map<string, Listed>();
  for (const { orderId, at = 0, seenAt = 0, status = 'watched' } of scene.orders) {
    index.set(orderId, {
      account: 'main',
      orderId,
      status,
      at: startTime + at,
      seenAt: startTime + seenAt,
      failing: false,
      stored: { watch: { openedAt: startTime, observations: [], notFoundAt: [] }, revision: 1 },
    });
  }
  const checks: Swept['checks'][number][] = [];
  let running = 0;
  let atOnce = 0;

  let looks = 0;
  const failures = new Map<string, number>();
  const sweep = createSweep({
    recordFailedCheck: async ({ orderId, requestedAt, own }) => {
      if (scene.recordFails) throw new Failure('store_unavailable', 'for the test');
      const listed = index.get(orderId);
      if (listed === undefined) return undefined;
      const times = (failures.get(orderId) ?? 0) + (own ? 1 : 0);
      failures.set(orderId, times);
      index.set(orderId, { ...listed, at: requestedAt + minCheckMs * 2 ** Math.max(0, times - 1), failing: true });
      return undefined;
    },
    clock: environment,
    list: async (_, list, until, limit) => {
      await environment.sleep(1);
      const unanswered = scene.indexFails?.(++looks);
      if (unanswered !== undefined) throw unanswered;
      return [...index.values()]
        .filter(({ at, status }) => at <= until && attention.has(status) === (list === 'attention'))
        .sort((a, b) => a.at - b.at)
        .slice(0, limit);
    },
    checkOrder: async ({ orderId }) => {
      const at = environment.now() - startTime;
      atOnce = Math.max(atOnce, ++running);
      const answer = outcome(orderId, at);
      await environment.sleep(typeof callMs === 'number' ? callMs : callMs(orderId));
      running--;
      checks.push({ orderId, at, until: environment.now() - startTime });
      const listed = index.get(orderId);
      if (answer instanceof Failure) throw answer;
      failures.delete(orderId);
      if (lags || listed === undefined) return checked(orderId, answer);
      if (answer === 'final') index.delete(orderId);
      else
        index.set(orderId, { ...listed, at: environment.now() + againMs, seenAt: environment.now(), failing: false });
      return checked(orderId, answer);
    },
  });

  const sweptAll = sweep({
    account: 'main',
    requestId: 'request-1',
    until: startTime + forMs,
    minCheckMs,
    retentionMs,
    capacity: 3_000,
    holds: () => handoverAfterMs === undefined || environment.now() < startTime + handoverAfterMs,
    ...scene.request,
  }).then((report) => ({ report, endedAt: environment.now() - startTime }));
  await environment.run();
  const { report, endedAt } = await sweptAll;
  const inOrder = checks.toSorted((a, b) => a.at - b.at);
  const timesOf = (orderId: string) => inOrder.filter((each) => each.orderId === orderId).map(({ at }) => at);
  return { report, checks: inOrder, atOnce, endedAt, timesOf };
}
