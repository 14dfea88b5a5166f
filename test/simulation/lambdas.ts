import type { AccountTable } from '../../lib/accounts/table.ts';
import { asFailure, type Code } from '../../lib/errors.ts';
import { createExchange, type Exchange } from '../../lib/exchange/client.ts';
import type { Dialect } from '../../lib/exchange/dialects/index.ts';
import { type CreditLimits, capacityOf, createCredits, type Lane } from '../../lib/exchange/rate-limiter.ts';
import { createRetryBudget } from '../../lib/exchange/retry.ts';
import { type CheckOrder, createCheckOrder } from '../../lib/orders/check-order.ts';
import { createSnapshotStore } from '../../lib/snapshots/store.ts';
import type { SnapshotTable } from '../../lib/snapshots/table.ts';
import type { CheckPolicy } from '../../lib/snapshots/watch.ts';
import { type CheckOpenOrders, createCheckOpenOrders } from '../../lib/sweep/check-open-orders.ts';
import { createSweep } from '../../lib/sweep/sweep.ts';
import type { Judge } from './checker.ts';
import type { SimulatedExchange } from './exchange.ts';
import { farAccountTable, farSnapshotTable } from './far-table.ts';
import type { PlantedBug } from './planted-bugs.ts';
import { createProcess, type Process } from './process.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import { createVaultCredentials, type Vault } from './secret-store.ts';
import { createTransport } from './transport.ts';

/** What every process of the simulated stack reaches. */
export type Surroundings = {
  readonly account: string;
  readonly dialect: Dialect;
  readonly limits: CreditLimits;
  readonly policy: CheckPolicy;
  readonly exchange: SimulatedExchange;
  readonly vault: Vault;
  readonly snapshots: SnapshotTable;
  readonly accounts: AccountTable;
  readonly judge: Judge;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly mishapRate: number;
  readonly bug: PlantedBug;
  readonly onRequest: (name: string) => void;
  readonly onFailure: (code: Code) => void;
  /** Told of every invocation that came to its end, and how long it took. */
  readonly onInvocation: (milliseconds: number) => void;
};

/** One process of a function, put together as `wiring.ts` does it, but for the two ports. */
export type Lambda = {
  readonly process: Process;
  readonly checkOrder: CheckOrder;
  readonly checkOpenOrders: CheckOpenOrders;
};

/** How far a Lambda's clock may be off, milliseconds. */
export const largestSkewMs = 300;

export function createLambda(name: string, lane: Lane, world: Surroundings): Lambda {
  const { account, dialect, limits, exchange, vault, judge, scheduler, random, mishapRate, bug, onRequest } = world;
  const skewMs = random.whole(-largestSkewMs, largestSkewMs);
  const process = createProcess({ scheduler, random, skewMs });
  const { clock } = process;
  const far = { process, random, mishapRate, onRequest };
  const given = new Map<string, string>();

  const transport = createTransport({
    process,
    exchange,
    random,
    onAnswer: (orderId, body) => given.set(orderId, body),
  });
  const accountTable = farAccountTable(world.accounts, far);
  const ledger = bug.ledger(accountTable);
  let nonces = 0;
  const client: Exchange = createExchange({
    dialect,
    url: exchange.url,
    transport,
    credits: createCredits({ table: ledger, account, lane, limits, clock }),
    credentials: createVaultCredentials(process, vault, random),
    clock,
    random: random.next,
    nonce: () => `${name}-${++nonces}`,
    retryBudget: createRetryBudget(),
  });
  const snapshots = bug.snapshotTable(farSnapshotTable(world.snapshots, far));
  const accounts = new Map([[account, { exchange: bug.exchange(client), dialect }]]);
  const real = createCheckOrder({ accounts, store: createSnapshotStore(snapshots), clock, onDrift: () => {} });

  const checkOrder: CheckOrder = async (request) => {
    given.delete(request.orderId);
    try {
      const checked = await real(request);
      judge.checkFinished(request.orderId, given.get(request.orderId), checked);
      return checked;
    } catch (thrown) {
      world.onFailure(asFailure(thrown).code);
      throw thrown;
    }
  };
  const sweep = createSweep({ checkOrder, list: snapshots.list, clock });
  const policyOf = () => world.policy;
  const room = capacityOf(limits, world.policy.maxMs);
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
