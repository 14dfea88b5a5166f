import type { Clock } from '../clock.ts';
import { asFailure, type Code, type Failure } from '../errors.ts';
import type { CheckOrder } from '../orders/check-order.ts';
import type { LookUpOrder } from '../orders/look-up-order.ts';
import { OrderNotFound } from '../orders/order-not-found.ts';
import type { SnapshotStore } from '../snapshots/store.ts';
import type { AccountBreaker } from './account-breaker.ts';
import type { LiveOrder, LiveOrders } from './live-orders.ts';

type ChecksDeps = {
  readonly checkOrder: CheckOrder;
  /** Searches the exchange's histories for a missing order when that is due. */
  readonly lookUpOrder?: LookUpOrder | undefined;
  readonly recordFailedCheck: SnapshotStore['recordFailedCheck'];
  readonly clock: Clock;
  readonly orders: LiveOrders;
  readonly breaker: AccountBreaker;
  readonly account: string;
  readonly requestId: string;
  /** An order is not checked twice within this, milliseconds. */
  readonly minCheckMs: number;
};

/** The results of a sweep's checks. */
export type CheckCounts = {
  /** With a reply, not-found included. */
  readonly checked: number;
  readonly changed: number;
  readonly final: number;
  /** Missing orders whose end a history named. */
  readonly found: number;
  /** Failures by code, those of lists included. */
  readonly failed: Readonly<Partial<Record<Code, number>>>;
};

/** The checks of single orders in one sweep, and what they say about the account. */
export type Checks = {
  /**
   * Checks one order. Never throws: a failure is counted, and recorded with the order. `undefined` when there was no
   * reply, else whether the order is still open.
   */
  readonly check: (orderId: string) => Promise<'open' | 'closed' | 'missing' | undefined>;
  /** The order to probe with: the longest due that did not just fail, if there is one. */
  readonly probeOf: (due: readonly LiveOrder[]) => LiveOrder | undefined;
  /** Counts a failure that was not a check's. */
  readonly count: (failure: Failure) => void;
  readonly counts: () => CheckCounts;
  /** When a check last changed anything, milliseconds since the Unix epoch. */
  readonly changedAt: () => number;
};

/** How long one check may take, so that a call that hangs holds up one of several places and no more. */
const checkMs = 10_000;
/** A lookup reads several places, page by page. */
const lookupMs = 30_000;
/** How long an order is set aside whose failed check could not be recorded. */
const unrecordedMs = 60_000;

const observedBy = 'check-open-orders';

export function createChecks(deps: ChecksDeps): Checks {
  const { checkOrder, clock, orders, breaker, account, requestId, minCheckMs } = deps;
  const failedChecks = createFailedChecks(deps);
  const tally = createTally();
  const { counts, count } = tally;
  const findInHistory = createEndSearch(deps, tally);
  let changedAt = 0;

  const check: Checks['check'] = async (orderId) => {
    const requestedAt = clock.now();
    orders.hide(orderId, requestedAt + minCheckMs);
    const deadline = requestedAt + checkMs;
    try {
      const known = orders.get(orderId)?.stored;
      const request = { account, orderId, maxAgeMs: 0, known, observedBy, requestId, deadline };
      const { changed, final, stored } = await checkOrder(request);
      if (changed) changedAt = clock.now();
      counts.changed += Number(changed);
      counts.final += Number(changed && final);
      orders.set(orderId, stored);
      await replied(orderId, requestedAt);
      return final ? 'closed' : 'open';
    } catch (thrown) {
      const failure = asFailure(thrown);
      if (failure.code !== 'order_not_found') {
        await fail(orderId, requestedAt, failure);
        return undefined;
      }
      await replied(orderId, requestedAt);
      if (failure instanceof OrderNotFound && failure.stored !== undefined) orders.set(orderId, failure.stored);
      return (await findInHistory(orderId)) ? 'closed' : 'missing';
    }
  };

  const replied = async (orderId: string, requestedAt: number): Promise<void> => {
    counts.checked++;
    breaker.replied(requestedAt);
    await failedChecks.replied(orderId);
  };

  const fail = async (orderId: string, requestedAt: number, failure: Failure): Promise<void> => {
    count(failure);
    if (failure.code === 'rate_limited_locally') {
      // The exchange was not called, and the order is still the next one.
      orders.show(orderId);
      breaker.outOfPermits(failure.retryAfterMs);
      return;
    }
    if (breaker.failed(failure)) {
      // While the breaker stays closed, others get replies.
      const own = breaker.isClosed();
      await failedChecks.add({ orderId, requestedAt, own, suspect: !own });
      return;
    }
    // 503: our table could not be written for a moment.
    await failedChecks.add({ orderId, requestedAt, own: failure.spec.status !== 503 });
  };

  return {
    check,
    probeOf: (due) => due.find((order) => !order.failing && !failedChecks.isFailing(order.orderId)) ?? due[0],
    count,
    counts: () => ({ ...counts, failed: tally.failed }),
    changedAt: () => changedAt,
  };
}

type Tally = ReturnType<typeof createTally>;

function createTally() {
  const failed: Partial<Record<Code, number>> = {};
  return {
    counts: { checked: 0, changed: 0, final: 0, found: 0 },
    failed,
    count: ({ code }: Failure): void => {
      failed[code] = (failed[code] ?? 0) + 1;
    },
  };
}

/** Whether a history names the end of an order that the exchange does not find. */
function createEndSearch({ lookUpOrder, clock, orders, account, requestId }: ChecksDeps, { counts, count }: Tally) {
  return async (orderId: string): Promise<boolean> => {
    if (lookUpOrder === undefined) return false;
    try {
      const deadline = clock.now() + lookupMs;
      const found = await lookUpOrder({ account, orderId, observedBy, requestId, deadline });
      if (found === undefined) return false;
      orders.set(orderId, found.stored);
      counts.found += Number(found.closed);
      return found.closed;
    } catch (thrown) {
      count(asFailure(thrown));
      return false;
    }
  };
}

type CheckFailure = {
  readonly orderId: string;
  readonly requestedAt: number;
  /** The order failed for its own reason. */
  readonly own: boolean;
  /** It may have: the account's fault or its own, which the next reply shows. */
  readonly suspect?: boolean;
};

/** The orders that fail, each recorded as failing for its own reason or because of the account. */
function createFailedChecks({ recordFailedCheck, clock, orders, account }: ChecksDeps) {
  const failing = new Set<string>();
  /** When the failed check of each suspect was requested. */
  const suspects = new Map<string, number>();

  const record = async (orderId: string, requestedAt: number, own: boolean): Promise<void> => {
    try {
      const stored = await recordFailedCheck({ account, orderId, requestedAt, own }, orders.get(orderId)?.stored);
      if (stored !== undefined) orders.set(orderId, stored);
    } catch {
      orders.hide(orderId, clock.now() + unrecordedMs);
    }
  };

  return {
    add: async ({ orderId, requestedAt, own, suspect = false }: CheckFailure): Promise<void> => {
      failing.add(orderId);
      if (suspect) suspects.set(orderId, requestedAt);
      await record(orderId, requestedAt, own);
    },
    /** The exchange replied about an order, so each other suspect failed for its own reason. */
    replied: async (orderId: string): Promise<void> => {
      failing.delete(orderId);
      suspects.delete(orderId);
      const own = [...suspects];
      suspects.clear();
      for (const [suspect, requestedAt] of own) await record(suspect, requestedAt, true);
    },
    isFailing: (orderId: string): boolean => failing.has(orderId),
  };
}
