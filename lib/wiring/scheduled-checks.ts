import { randomUUID } from 'node:crypto';
import { dialects } from '../exchange/dialects/index.ts';
import { capacityOf, rateLimitsOf } from '../exchange/rate-limiter.ts';
import type { Stage } from '../stage.ts';
import { type CheckOpenOrders, createCheckOpenOrders } from '../sweep/check-open-orders.ts';
import { createSweep } from '../sweep/sweep.ts';
import { createOrderChecks, type OrderChecksDeps } from './order-checks.ts';
import { accountIn, policyIn } from './settings.ts';

/** The scheduled checks of all watched orders. Throws when the environment lacks `TABLE_NAME`. */
export function createScheduledChecks(deps: Omit<OrderChecksDeps, 'priority'>): {
  readonly checkOpenOrders: CheckOpenOrders;
  readonly warmUp: () => Promise<void>;
} {
  const { stage, clock } = deps;
  const { accounts, checkOrder, snapshotTable, store, accountTable, warmUp } = createOrderChecks({
    ...deps,
    priority: 'background',
  });
  const checkOpenOrders = createCheckOpenOrders({
    sweep: createSweep({ checkOrder, list: snapshotTable.list, recordFailedCheck: store.recordFailedCheck, clock }),
    accounts,
    policyOf: policyIn(stage),
    capacityOf: capacityIn(stage),
    accountTable,
    clock,
    nonce: randomUUID,
  });
  return { checkOpenOrders, warmUp };
}

function capacityIn(stage: Stage): (account: string) => number {
  return (account) => {
    const { dialect, shareOfRate, maxCheckSeconds } = accountIn(stage, account);
    return capacityOf(rateLimitsOf(dialects[dialect].limit, shareOfRate), maxCheckSeconds * 1000);
  };
}
