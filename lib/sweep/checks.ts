import type { Clock } from '../clock.ts';
import { asFailure, type Code, type Failure } from '../errors.ts';
import type { CheckOrder } from '../orders/check-order.ts';
import type { SnapshotStore } from '../snapshots/store.ts';
import type { Listed } from '../snapshots/table.ts';
import { accountFailureOf, type CircuitBreaker, halfOpen, nextState, phaseAt } from './circuit-breaker.ts';
import type { DueOrders } from './due-orders.ts';
import type { SweepCounts } from './report.ts';

type ChecksDeps = {
  readonly checkOrder: CheckOrder;
  readonly recordFailedCheck: SnapshotStore['recordFailedCheck'];
  readonly clock: Clock;
  readonly orders: DueOrders;
  readonly account: string;
  readonly requestId: string;
  /** An order is not checked twice within this, milliseconds. */
  readonly minCheckMs: number;
};

/** The checks of one sweep, and what they say about the account. */
export type Checks = {
  /** Checks one order. Never throws: a failure is counted, and recorded with the order. */
  readonly check: (order: Listed) => Promise<void>;
  /** How long no check may start, milliseconds: the breaker is open, or there are no permits. */
  readonly waitMs: () => number;
  /** Several orders may be checked at once. */
  readonly isClosed: () => boolean;
  /** The order to probe with: the longest due that did not just fail, if there is one. */
  readonly probeOf: (due: readonly Listed[]) => Listed | undefined;
  readonly isFailing: (orderId: string) => boolean;
  readonly counts: () => SweepCounts;
};

/** How long one check may take, so that a call that hangs holds up one of several places and no more. */
const checkMs = 10_000;
/** How long an order is set aside whose failed check could not be recorded. */
const unrecordedMs = 60_000;
const minPermitWaitMs = 5_000;
const maxPermitWaitMs = 60_000;

export function createChecks(deps: ChecksDeps): Checks {
  const { checkOrder, clock, orders, account, requestId, minCheckMs } = deps;
  const failedChecks = createFailedChecks(deps);
  const counts = { checked: 0, changed: 0, final: 0 };
  const failed: Partial<Record<Code, number>> = {};
  let breaker: CircuitBreaker = halfOpen;
  let permitsAt = 0;

  const check: Checks['check'] = async ({ orderId }) => {
    const requestedAt = clock.now();
    orders.hide(orderId, requestedAt + minCheckMs);
    const deadline = requestedAt + checkMs;
    try {
      const request = { account, orderId, maxAgeMs: 0, observedBy: 'check-open-orders', requestId, deadline };
      const { changed, final } = await checkOrder(request);
      if (changed) counts.changed++;
      if (changed && final) counts.final++;
      await answered(orderId, requestedAt);
    } catch (thrown) {
      const failure = asFailure(thrown);
      await (failure.code === 'order_not_found' ? answered(orderId, requestedAt) : fail(orderId, requestedAt, failure));
    }
  };

  const answered = async (orderId: string, requestedAt: number): Promise<void> => {
    counts.checked++;
    breaker = nextState(breaker, { type: 'answered', requestedAt }, clock.now());
    await failedChecks.answered(orderId);
  };

  const fail = async (orderId: string, requestedAt: number, failure: Failure): Promise<void> => {
    failed[failure.code] = (failed[failure.code] ?? 0) + 1;
    if (failure.code === 'rate_limited_locally') {
      // The exchange was not called, and the order is still the next one.
      orders.show(orderId);
      permitsAt = clock.now() + Math.min(failure.retryAfterMs ?? minPermitWaitMs, maxPermitWaitMs);
      return;
    }
    const kind = accountFailureOf(failure);
    if (kind === undefined) {
      // 503: our table could not be written for a moment.
      await failedChecks.add({ orderId, requestedAt, own: failure.spec.status !== 503 });
      return;
    }
    const { retryAfterMs } = failure;
    breaker = nextState(breaker, { type: 'failed', kind, retryAfterMs }, clock.now());
    // While the breaker stays closed, others are answered.
    await failedChecks.add({ orderId, requestedAt, own: breaker.closed, suspect: !breaker.closed });
  };

  return {
    check,
    waitMs: () => {
      const now = clock.now();
      const probeAt = phaseAt(breaker, now) === 'open' ? breaker.probeAt : now;
      return Math.max(probeAt, permitsAt) - now;
    },
    isClosed: () => phaseAt(breaker, clock.now()) === 'closed',
    probeOf: (due) => due.find((order) => !order.failing && !failedChecks.isFailing(order.orderId)) ?? due[0],
    isFailing: failedChecks.isFailing,
    counts: () => ({ ...counts, failed }),
  };
}

type FailedCheck = {
  readonly orderId: string;
  readonly requestedAt: number;
  /** The order failed by itself. */
  readonly own: boolean;
  /** It may have: the account's fault or its own, which the next answer shows. */
  readonly suspect?: boolean;
};

/** The orders that fail, each recorded as failing by itself or because of the account. */
function createFailedChecks({ recordFailedCheck, clock, orders, account }: ChecksDeps) {
  const failing = new Set<string>();
  /** When the failed check of each suspect was requested. */
  const suspects = new Map<string, number>();

  const record = async (orderId: string, requestedAt: number, own: boolean): Promise<void> => {
    try {
      await recordFailedCheck({ account, orderId, requestedAt, own });
    } catch {
      orders.hide(orderId, clock.now() + unrecordedMs);
    }
  };

  return {
    add: async ({ orderId, requestedAt, own, suspect = false }: FailedCheck): Promise<void> => {
      failing.add(orderId);
      if (suspect) suspects.set(orderId, requestedAt);
      await record(orderId, requestedAt, own);
    },
    /** An order is answered, so the other suspects failed by themselves. */
    answered: async (orderId: string): Promise<void> => {
      failing.delete(orderId);
      suspects.delete(orderId);
      const own = [...suspects];
      suspects.clear();
      for (const [suspect, requestedAt] of own) await record(suspect, requestedAt, true);
    },
    isFailing: (orderId: string): boolean => failing.has(orderId),
  };
}
