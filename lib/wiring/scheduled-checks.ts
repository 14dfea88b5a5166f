import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { createCalls } from '../exchange/calls.ts';
import { createExchange } from '../exchange/client.ts';
import { dialects } from '../exchange/dialects/index.ts';
import { createExchangeLists, type ExchangeLists } from '../exchange/lists.ts';
import { capacityOf, rateLimitsOf } from '../exchange/rate-limiter.ts';
import { logFailure } from '../log.ts';
import { createLookUpOrder } from '../orders/look-up-order.ts';
import type { StageAccount } from '../stage/stage.ts';
import { type CheckOpenOrders, createCheckOpenOrders } from '../sweep/check-open-orders.ts';
import { hedgingDelayMs } from '../sweep/pace.ts';
import { createSweep, type ListedAccount } from '../sweep/sweep.ts';
import { createFindUnsweptAccounts, type FindUnsweptAccounts } from '../sweep/unswept-accounts.ts';
import { createOrderChecks, type OrderChecks, type OrderChecksDeps } from './order-checks.ts';
import { checkPolicyOf, listPolicyOf, settingsIn } from './settings.ts';

/** The scheduled checks of all watched orders. Throws when the environment lacks `TABLE_NAME`. */
export function createScheduledChecks(deps: Omit<OrderChecksDeps, 'priority' | 'connect'>): {
  readonly checkOpenOrders: CheckOpenOrders;
  readonly findUnswept: FindUnsweptAccounts;
  readonly warmUp: () => Promise<void>;
} {
  const { stage, clock, logger } = deps;
  const lists = new Map<string, ExchangeLists>();
  const settingsOf = settingsIn(stage);
  const checks = createOrderChecks({
    ...deps,
    priority: 'background',
    connect: (callDeps, account) => {
      // Lists and single orders share the account's token.
      const calls = createCalls({ ...callDeps, hedgingDelayMs });
      if (settingsOf(account).lists) lists.set(account, createExchangeLists(callDeps, calls));
      return createExchange(callDeps, calls);
    },
  });
  const { accounts, checkOrder, snapshotTable, store, accountTable, onDrift, warmUp } = checks;
  const listedAccount = listedAccountIn(settingsOf, checks, lists, clock);
  const checkOpenOrders = createCheckOpenOrders({
    sweep: createSweep({
      checkOrder,
      list: snapshotTable.list,
      store,
      listedAccount,
      onDrift,
      onUnreadable: (account, orderId, failure) => logFailure(logger, failure, { account, order_id: orderId }),
      clock,
    }),
    accounts,
    policyOf: (account) => checkPolicyOf(settingsOf(account)),
    capacityOf: (account) => capacityIn(settingsOf(account)),
    accountTable,
    clock,
    nonce: randomUUID,
  });
  return { checkOpenOrders, findUnswept: createFindUnsweptAccounts({ table: accountTable, clock }), warmUp };
}

function listedAccountIn(
  settingsOf: (account: string) => StageAccount,
  { accounts, store }: Pick<OrderChecks, 'accounts' | 'store'>,
  listsOf: ReadonlyMap<string, ExchangeLists>,
  clock: Clock,
): (account: string) => ListedAccount | undefined {
  return (account) => {
    const lists = listsOf.get(account);
    const dialect = accounts.get(account)?.dialect;
    if (lists === undefined || dialect === undefined) return undefined;
    const settings = settingsOf(account);
    return {
      dialect,
      lists,
      lookUpOrder: createLookUpOrder({ dialect, lists, store, clock }),
      listPolicy: listPolicyOf(settings),
      discover: settings.discover,
    };
  };
}

function capacityIn({ dialect, shareOfRate, maxCheckSeconds }: StageAccount): number {
  return capacityOf(rateLimitsOf(dialects[dialect].limit, shareOfRate), maxCheckSeconds * 1000);
}
