import { problemOf } from '../api/problem.ts';
import type { Outcome } from '../api/responses.ts';
import type { Clock } from '../clock.ts';
import { asFailure, type Code, type Failure, retryAfterSeconds, speaksOfAccount } from '../errors.ts';
import type { CheckOrder } from './check-order.ts';
import { type KnownAccounts, refuseUnknown } from './known-accounts.ts';

export type CheckOrdersDeps = {
  readonly accounts: KnownAccounts;
  readonly checkOrder: CheckOrder;
  readonly clock: Clock;
  /** Told of what is our own fault: the answer says less of it than the log may know. */
  readonly onOurFault: (orderId: string, failure: Failure) => void;
};

export type CheckOrdersRequest = {
  readonly account: string;
  /** Each once. */
  readonly orderIds: readonly string[];
  /** As for one order. */
  readonly maxAgeMs?: number | undefined;
  readonly requestId: string;
  /** No check starts later; milliseconds since the Unix epoch. */
  readonly deadline: number;
};

export type CheckOrdersReport = {
  /** In the order of the request. */
  readonly outcomes: Outcome[];
  readonly counts: OutcomeCounts;
  /** When to ask again for what was not tried, if anything was not. */
  readonly retryAfterSeconds?: number;
};

/** How many orders had which outcome; failures by code. */
export type OutcomeCounts = {
  readonly checked: number;
  readonly failed: Readonly<Partial<Record<Code, number>>>;
  readonly not_tried: number;
};

export type CheckOrders = (request: CheckOrdersRequest) => Promise<CheckOrdersReport>;

const concurrency = 8;
/** Nothing but time was short: the next request has its own. */
const soonSeconds = 1;
/** A key that does not work is a person's to mend. */
const lastingSeconds = 60;

/**
 * Checks many orders of one account, some at a time, each as if it were alone. Once a failure speaks of the account, or
 * the time is over, no further check starts; those that run are waited for. Throws `unknown_account`, and nothing else.
 */
export function createCheckOrders({ accounts, checkOrder, clock, onOurFault }: CheckOrdersDeps): CheckOrders {
  return async ({ account, orderIds, maxAgeMs, requestId, deadline }) => {
    refuseUnknown(accounts, account);
    const outcomes = new Map<string, Outcome>();
    const failed: Partial<Record<Code, number>> = {};
    /** How long the account's trouble lasts, once there is any. */
    let troubleSeconds: number | undefined;

    const queue = orderIds.values();
    const worker = async () => {
      for (const orderId of queue) {
        if (troubleSeconds !== undefined || clock.now() >= deadline) return;
        outcomes.set(orderId, await check(orderId));
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));

    const inOrder = orderIds.map((orderId) => outcomes.get(orderId) ?? notTried(orderId, troubleSeconds));
    const waits = inOrder.flatMap((outcome) => (outcome.outcome === 'not_tried' ? [outcome.retry_after_seconds] : []));
    return {
      outcomes: inOrder,
      counts: {
        checked: inOrder.filter(({ outcome }) => outcome === 'checked').length,
        failed,
        not_tried: waits.length,
      },
      ...(waits.length > 0 && { retryAfterSeconds: Math.max(...waits) }),
    };

    async function check(orderId: string): Promise<Outcome> {
      try {
        const checked = await checkOrder({
          account,
          orderId,
          maxAgeMs,
          observedBy: 'check-orders',
          requestId,
          deadline,
        });
        return { order_id: orderId, outcome: 'checked', checked };
      } catch (thrown) {
        return learn(orderId, asFailure(thrown));
      }
    }

    function learn(orderId: string, failure: Failure): Outcome {
      const seconds = retryAfterSeconds(failure);
      // Others may still be answered from the table, which costs no credit.
      if (failure.code === 'rate_limited_locally') return notTried(orderId, seconds);
      if (speaksOfAccount(failure)) troubleSeconds = Math.max(troubleSeconds ?? 0, seconds ?? lastingSeconds);
      failed[failure.code] = (failed[failure.code] ?? 0) + 1;
      if (failure.spec.status === 500) onOurFault(orderId, failure);
      return { order_id: orderId, outcome: 'failed', problem: problemOf(failure) };
    }
  };
}

function notTried(orderId: string, seconds = soonSeconds): Outcome {
  return { order_id: orderId, outcome: 'not_tried', retry_after_seconds: seconds };
}
