import type { AccountTable } from '../../lib/accounts/table.ts';
import { asFailure, type Code } from '../../lib/errors.ts';
import { type CallDeps, createCalls } from '../../lib/exchange/calls.ts';
import { createExchange, type Exchange } from '../../lib/exchange/client.ts';
import type { Dialect } from '../../lib/exchange/dialects/index.ts';
import { createExchangeLists, type ExchangeLists } from '../../lib/exchange/lists.ts';
import { capacityOf, createRateLimiter, type Priority, type RateLimits } from '../../lib/exchange/rate-limiter.ts';
import { createRetryBudget } from '../../lib/exchange/retry.ts';
import { type CheckOrder, createCheckOrder } from '../../lib/orders/check-order.ts';
import { createLookUpOrder } from '../../lib/orders/look-up-order.ts';
import type { CheckPolicy } from '../../lib/snapshots/due.ts';
import { createSnapshotStore } from '../../lib/snapshots/store.ts';
import type { SnapshotTable } from '../../lib/snapshots/table.ts';
import { type CheckOpenOrders, createCheckOpenOrders } from '../../lib/sweep/check-open-orders.ts';
import { hedgingDelayMs, type ListPolicy } from '../../lib/sweep/pace.ts';
import { createSweep } from '../../lib/sweep/sweep.ts';
import type { Checker } from './checker.ts';
import type { SimulatedExchange } from './exchange.ts';
import { farAccountTable, farSnapshotTable } from './far-table.ts';
import type { PlantedBug } from './planted-bugs.ts';
import { createProcess, type Process } from './process.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import { createStoredCredentials, type SecretStore } from './secret-store.ts';
import { createTransport } from './transport.ts';

/** What every process of the simulated stack reaches. */
export type TestEnvironment = {
  readonly account: string;
  readonly dialect: Dialect;
  readonly limits: RateLimits;
  readonly policy: CheckPolicy;
  /** `undefined`: orders are only checked one by one. */
  readonly listPolicy: ListPolicy | undefined;
  readonly exchange: SimulatedExchange;
  readonly secretStore: SecretStore;
  readonly snapshots: SnapshotTable;
  readonly accounts: AccountTable;
  readonly checker: Checker;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly faultRate: number;
  readonly bug: PlantedBug;
  readonly onRequest: (name: string) => void;
  readonly onFailure: (code: Code) => void;
  /** Called with the duration of every sweep that ended. */
  readonly onSweep: (milliseconds: number) => void;
};

/** One process of a function, put together as `wiring.ts` does it, but for the two ports. */
export type Lambda = {
  readonly process: Process;
  readonly checkOrder: CheckOrder;
  readonly checkOpenOrders: CheckOpenOrders;
};

/** How far a Lambda's clock may be off, milliseconds. */
export const maxSkewMs = 300;

export function createLambda(name: string, priority: Priority, environment: TestEnvironment): Lambda {
  const { account, dialect, limits, exchange, secretStore, checker, scheduler, random, faultRate, bug, onRequest } =
    environment;
  const { listPolicy } = environment;
  const skewMs = random.whole(-maxSkewMs, maxSkewMs);
  const process = createProcess({ scheduler, random, skewMs });
  const { clock } = process;
  const far = { process, random, faultRate, onRequest };
  const given = new Map<string, string>();

  const transport = createTransport({ process, exchange, random });
  const accountTable = bug.accountTable(farAccountTable(environment.accounts, far));
  const rateLimitTable = bug.rateLimitTable(accountTable);
  let nonces = 0;
  const callDeps: CallDeps = {
    dialect,
    url: exchange.url,
    transport,
    rateLimiter: createRateLimiter({ table: rateLimitTable, account, priority, limits, clock }),
    credentials: createStoredCredentials(process, secretStore, random),
    clock,
    random: random.next,
    nonce: () => `${name}-${++nonces}`,
    retryBudget: createRetryBudget(),
    ...(priority === 'background' && { hedgingDelayMs }),
  };
  const calls = createCalls(callDeps);
  const client = noting(createExchange(callDeps, calls), given);
  const lists = counted(bug.lists(createExchangeLists(callDeps, calls)), environment);
  const snapshots = bug.snapshotTable(farSnapshotTable(environment.snapshots, far));
  const accounts = new Map([[account, { exchange: bug.exchange(client), dialect }]]);
  const store = createSnapshotStore(snapshots);
  const unremembered = createCheckOrder({ accounts, store, clock, onDrift: () => {} });
  const real = priority === 'interactive' ? bug.remembered(unremembered, clock) : unremembered;

  const checkOrder: CheckOrder = async (request) => {
    given.delete(request.orderId);
    const headBefore = checker.checkStarted(request.orderId);
    try {
      const checked = await real(request);
      checker.checkFinished(request.orderId, given.get(request.orderId), checked, headBefore);
      return checked;
    } catch (thrown) {
      environment.onFailure(asFailure(thrown).code);
      throw thrown;
    }
  };
  const sweep = createSweep({
    checkOrder,
    list: snapshots.list,
    store,
    listedAccount: () =>
      listPolicy && {
        dialect,
        lists,
        lookUpOrder: createLookUpOrder({ dialect, lists, store, clock }),
        listPolicy,
        discover: true,
      },
    onDrift: () => {},
    clock,
  });
  const policyOf = () => environment.policy;
  const room = capacityOf(limits, environment.policy.maxMs);
  const checkOpenOrders = createCheckOpenOrders({
    sweep,
    accounts,
    policyOf,
    capacityOf: () => room,
    accountTable,
    clock,
    nonce: () => `${name}-${++nonces}`,
  });
  return { process, checkOrder, checkOpenOrders };
}

/** The exchange, with the text of its latest reply about each order. */
function noting(exchange: Exchange, given: Map<string, string>): Exchange {
  return {
    ...exchange,
    getOrderState: async (orderId, options) => {
      const reply = await exchange.getOrderState(orderId, options);
      given.set(orderId, reply.resultText);
      return reply;
    },
  };
}

/** The lists, with their failures counted like those of checks. */
function counted(lists: ExchangeLists, { onFailure }: TestEnvironment): ExchangeLists {
  return {
    ...lists,
    listOpenOrders: async (options) => {
      try {
        return await lists.listOpenOrders(options);
      } catch (thrown) {
        onFailure(asFailure(thrown).code);
        throw thrown;
      }
    },
  };
}
