import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from '../../lib/clock.ts';
import { type CallDeps, createCalls } from '../../lib/exchange/calls.ts';
import { createExchange } from '../../lib/exchange/client.ts';
import { deribit } from '../../lib/exchange/dialects/deribit.ts';
import { createExchangeLists } from '../../lib/exchange/lists.ts';
import { createRateLimiter, rateLimitsOf } from '../../lib/exchange/rate-limiter.ts';
import { createRetryBudget } from '../../lib/exchange/retry.ts';
import { Secret } from '../../lib/exchange/secret.ts';
import { createCheckOrder } from '../../lib/orders/check-order.ts';
import { createLookUpOrder } from '../../lib/orders/look-up-order.ts';
import { orderIn } from '../../lib/snapshots/snapshot.ts';
import { createSnapshotStore, type SnapshotStore } from '../../lib/snapshots/store.ts';
import type { SnapshotTable } from '../../lib/snapshots/table.ts';
import { createCheckOpenOrders } from '../../lib/sweep/check-open-orders.ts';
import { createSweep } from '../../lib/sweep/sweep.ts';
import { createMemoryAccountTable } from '../lib/accounts/memory-table.ts';
import { createMemoryTable } from '../lib/snapshots/memory-table.ts';
import { createLaggingIndex, type LaggingIndex } from '../simulation/lagging-index.ts';
import { createRandom } from '../simulation/random.ts';
import { createScheduler } from '../simulation/scheduler.ts';
import { account } from './ours.ts';
import { createRestingOrders, type RestingOrders } from './resting-orders.ts';

/** The heap of one process that sweeps minute after minute, in virtual time. */
export type LongSweep = {
  readonly orders: number;
  /** Checks of single orders, or lists. */
  readonly calls: number;
  readonly cpu_ms: number;
  /** After garbage collection, at the end of each tenth of the calls, megabytes. */
  readonly heap_mb: readonly number[];
};

type LongSweepOptions = { readonly orders: number; readonly calls: number; readonly lists: boolean };

const start = Date.UTC(2026, 0, 1);
const minuteMs = 60_000;
const closingMs = 25_000;
const policy = { minMs: 10_000, maxMs: 10_000 };
const listPolicy = { minMs: 5_000, maxMs: 5_000 };

/** Checks orders one by one, or lists them, until this many calls were made. The orders do not change. */
export async function sweepLong({ orders, calls, lists }: LongSweepOptions): Promise<LongSweep> {
  const random = createRandom(1);
  const scheduler = createScheduler(start, random);
  const index = createLaggingIndex({ policy, scheduler, random });
  const clock: Clock = {
    now: scheduler.now,
    sleep: (ms) => new Promise((resolve) => void scheduler.after(ms, () => resolve())),
  };
  const heapMb: number[] = [];
  const resting = createRestingOrders({ count: orders, createdAt: start - minuteMs, clock }, (call) => {
    if (call % Math.ceil(calls / 10) === 0 && heapMb.length < 10) heapMb.push(heapAfterCollection());
  });
  const { store, tick } = createSweeper({ index, clock, resting, lists });
  await register(store, resting, lists);

  const cpuBefore = process.cpuUsage();
  for (let minute = 1; resting.calls() < calls; minute++) {
    const deadline = clock.now() + minuteMs + closingMs;
    void tick({ account, requestId: `tick-${minute}`, deadline });
    await scheduler.run(start + minute * minuteMs);
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  return { orders, calls: resting.calls(), cpu_ms: (user + system) / 1000, heap_mb: heapMb };
}

type SweeperDeps = {
  readonly index: LaggingIndex;
  readonly clock: Clock;
  readonly resting: RestingOrders;
  readonly lists: boolean;
};

/** The use cases of one process over tables in memory, as the wiring has them over DynamoDB. */
function createSweeper({ index, clock, resting, lists: areListed }: SweeperDeps) {
  const accountTable = createMemoryAccountTable();
  const table = withIndex(
    createMemoryTable(() => policy),
    index,
  );
  const store = createSnapshotStore(table);
  const limits = rateLimitsOf(deribit.limit);
  const key = { version: 'v1', key: { clientId: 'id', clientSecret: new Secret('secret') } };
  let nonces = 0;
  const nonce = () => `${++nonces}`;
  const deps: CallDeps = {
    dialect: deribit,
    url: 'https://exchange.test/api/v2',
    transport: resting.transport,
    credentials: { get: async () => key, renew: async () => key },
    rateLimiter: createRateLimiter({ table: accountTable, account, priority: 'background', limits, clock }),
    clock,
    random: () => 0.5,
    nonce,
    retryBudget: createRetryBudget(),
  };
  const calls = createCalls(deps);
  const lists = createExchangeLists(deps, calls);
  const accounts = new Map([[account, { exchange: createExchange(deps, calls), dialect: deribit }]]);
  const shared = { store, clock, onDrift: () => {} };
  const listed = {
    dialect: deribit,
    lists,
    lookUpOrder: createLookUpOrder({ dialect: deribit, lists, store, clock }),
    listPolicy,
    discover: true,
  };
  const sweep = createSweep({
    ...shared,
    checkOrder: createCheckOrder({ ...shared, accounts }),
    list: table.list,
    listedAccount: () => (areListed ? listed : undefined),
  });
  const capacityOf = () => 100_000;
  const policyOf = () => policy;
  return { store, tick: createCheckOpenOrders({ sweep, accounts, accountTable, policyOf, capacityOf, clock, nonce }) };
}

/** The table in memory computes its index at every read, which takes too long for thousands of orders. */
function withIndex(table: SnapshotTable, { note, list }: LaggingIndex): SnapshotTable {
  return {
    ...table,
    list,
    putWatch: async (key, watch, after) => {
      const written = await table.putWatch(key, watch, after);
      if (written) note(key, { watch, revision: after + 1 });
      return written;
    },
  };
}

/** The table knows all orders from the start. */
async function register(store: SnapshotStore, { ids, rowOf }: RestingOrders, areListed: boolean): Promise<void> {
  const requestedAt = start - minuteMs / 2;
  const provenance = {
    requestedAt,
    firstObservedAt: requestedAt,
    requestId: '0',
    observedBy: 'list',
    keyVersion: 'v1',
  };
  const listedAt = areListed ? requestedAt : undefined;
  for (const orderId of ids) {
    const result = rowOf(orderId);
    const order = orderIn(result, deribit);
    await store.record({ account, orderId, dialect: deribit, order, result, listedAt, provenance });
  }
}

/** Megabytes of what is still in use. */
function heapAfterCollection(): number {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  collect();
  return process.memoryUsage().heapUsed / 1e6;
}
