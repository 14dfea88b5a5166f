import type { Clock } from '../clock.ts';
import { asFailure, type Code, concernsAccount, type Failure, retryAfterSeconds } from '../errors.ts';
import type { CheckOrder } from './check-order.ts';
import type { CheckResult } from './check-result.ts';
import { type KnownAccounts, refuseUnknownAccount } from './known-accounts.ts';
import { OrderNotFound } from './order-not-found.ts';

type CheckOrdersDeps = {
  readonly accounts: KnownAccounts;
  readonly checkOrder: CheckOrder;
  readonly clock: Clock;
  /** Called for an internal error: the log may know more about it than the response. */
  readonly onInternalError: (orderId: string, failure: Failure) => void;
};

type CheckOrdersRequest = {
  readonly account: string;
  /** Each once. */
  readonly orderIds: readonly string[];
  /** As for one order, milliseconds. */
  readonly maxAgeMs?: number | undefined;
  readonly requestId: string;
  /** No check starts later; milliseconds since the Unix epoch. */
  readonly deadline: number;
};

export type OrderOutcome = { readonly orderId: string } & (
  | { readonly outcome: 'checked'; readonly checked: CheckResult }
  | { readonly outcome: 'failed'; readonly failure: Failure }
  | { readonly outcome: 'not_tried'; readonly retryAfterSeconds: number }
);

type CheckOrdersReport = {
  /** In the order of the request. */
  readonly outcomes: readonly OrderOutcome[];
  readonly counts: OutcomeCounts;
  /** When to send the orders again that were not tried, if there are any. */
  readonly retryAfterSeconds: number | undefined;
};

/** How many orders had which outcome; failures by code. */
type OutcomeCounts = {
  readonly checked: number;
  readonly failed: Readonly<Partial<Record<Code, number>>>;
  readonly notTried: number;
};

type CheckOrders = (request: CheckOrdersRequest) => Promise<CheckOrdersReport>;

const concurrency = 8;
/** When only the time ran out: the next request has its own deadline. */
const soonSeconds = 1;
/** Lambda returns 6 MB at most, and 100 outcomes may need as much again as the members that are not counted. */
const maxResponseBytes = 5_000_000;
/** A refused key needs a person. */
const lastingSeconds = 60;

/**
 * Checks many orders of one account, some at a time, each on its own. Once a failure concerns the whole account, or the
 * deadline has passed, or the response is full, no further check starts; running ones are waited for. Throws only
 * `unknown_account`.
 */
export function createCheckOrders({ accounts, checkOrder, clock, onInternalError }: CheckOrdersDeps): CheckOrders {
  return async ({ account, orderIds, maxAgeMs, requestId, deadline }) => {
    refuseUnknownAccount(accounts, account);
    const outcomes = new Map<string, OrderOutcome>();
    /** How long to leave the account alone, after a failure that concerns all of it. */
    let accountRetrySeconds: number | undefined;
    let bytesLeft = maxResponseBytes;

    const queue = orderIds.values();
    const worker = async () => {
      for (const orderId of queue) {
        if (accountRetrySeconds !== undefined || bytesLeft < 0 || clock.now() >= deadline) return;
        const outcome = await check(orderId);
        bytesLeft -= bytesInResponse(outcome);
        // Its state is in the table, and the next request reads it from there.
        outcomes.set(orderId, bytesLeft < 0 ? notTried(orderId) : outcome);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));

    const inOrder = orderIds.map((orderId) => outcomes.get(orderId) ?? notTried(orderId, accountRetrySeconds));
    const waits = inOrder.flatMap((outcome) => (outcome.outcome === 'not_tried' ? [outcome.retryAfterSeconds] : []));
    return {
      outcomes: inOrder,
      counts: {
        checked: inOrder.filter(({ outcome }) => outcome === 'checked').length,
        failed: countsByCode(inOrder),
        notTried: waits.length,
      },
      retryAfterSeconds: waits.length > 0 ? Math.max(...waits) : undefined,
    };

    async function check(orderId: string): Promise<OrderOutcome> {
      try {
        const checked = await checkOrder({
          account,
          orderId,
          maxAgeMs,
          observedBy: 'check-orders',
          requestId,
          deadline,
        });
        return { orderId, outcome: 'checked', checked };
      } catch (thrown) {
        return outcomeOf(orderId, asFailure(thrown));
      }
    }

    function outcomeOf(orderId: string, failure: Failure): OrderOutcome {
      const seconds = retryAfterSeconds(failure);
      // Others may still be served from the table, which takes no permit.
      if (failure.code === 'rate_limited_locally') return notTried(orderId, seconds);
      if (concernsAccount(failure)) accountRetrySeconds = Math.max(accountRetrySeconds ?? 0, seconds ?? lastingSeconds);
      if (failure.spec.status === 500) onInternalError(orderId, failure);
      return { orderId, outcome: 'failed', failure };
    }
  };
}

function countsByCode(outcomes: readonly OrderOutcome[]): OutcomeCounts['failed'] {
  const counts: Partial<Record<Code, number>> = {};
  for (const each of outcomes) {
    if (each.outcome === 'failed') counts[each.failure.code] = (counts[each.failure.code] ?? 0) + 1;
  }
  return counts;
}

/** What an order takes in a response of Lambda, where the whole body is one JSON string. */
function bytesInResponse(outcome: OrderOutcome): number {
  if (outcome.outcome === 'not_tried') return 0;
  const known = outcome.outcome === 'checked' ? outcome.checked : lastKnownOf(outcome.failure);
  return known === undefined ? 0 : Buffer.byteLength(JSON.stringify(known.result));
}

function lastKnownOf(failure: Failure): CheckResult | undefined {
  return failure instanceof OrderNotFound ? failure.lastKnown : undefined;
}

function notTried(orderId: string, seconds = soonSeconds): OrderOutcome {
  return { orderId, outcome: 'not_tried', retryAfterSeconds: seconds };
}
