import { dialects } from '../../lib/exchange/dialects/index.ts';
import { rateLimitsOf } from '../../lib/exchange/rate-limiter.ts';
import type { CheckPolicy } from '../../lib/snapshots/due.ts';
import type { SnapshotTable } from '../../lib/snapshots/table.ts';
import { join, statusOf, type WatchStatus } from '../../lib/snapshots/watch.ts';
import type { ListPolicy } from '../../lib/sweep/pace.ts';
import type { Dialect } from '../emulator/exchange/wire.ts';
import { createMemoryAccountTable } from '../lib/accounts/memory-table.ts';
import { createMemoryTable } from '../lib/snapshots/memory-table.ts';
import { type Checker, createChecker } from './checker.ts';
import { createSimulatedExchange, type SimulatedExchange } from './exchange.ts';
import { createFaultSchedule, type Outage } from './fault-schedule.ts';
import { createFunctions, type Functions } from './functions.ts';
import { createLaggingIndex, type LaggingIndex } from './lagging-index.ts';
import { createLeaseLog } from './lease-log.ts';
import { createMarket, type Market } from './market.ts';
import type { Meter } from './meter.ts';
import { noBug, type PlantedBug } from './planted-bugs.ts';
import { createRandom, hash, type Random } from './random.ts';
import { withoutRealTime } from './real-time.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';
import { versionOf } from './secret-store.ts';
import { checkEnds, checkSpending, delaysOf, transitionsOf, type Verdict } from './verdict.ts';

type FaultRates = {
  readonly replies: number;
  readonly table: number;
  readonly invocations: number;
  readonly ticks: number;
};
export const noFaults: FaultRates = { replies: 0, table: 0, invocations: 0, ticks: 0 };

/** What a simulation is about; everything else follows from the seed. */
export type Scenario = {
  readonly seed: number;
  readonly dialect: Dialect;
  readonly start: number;
  readonly end: number;
  readonly outages: readonly Outage[];
  /** How often things go wrong: single replies of the exchange, requests to the table, invocations. */
  readonly rates: FaultRates;
  /** Sets the scene: called once, at the start. */
  readonly script: (stage: Stage) => void;
  readonly bug?: PlantedBug;
  /** By default as a stage has it. */
  readonly policy?: CheckPolicy;
  /** By default as a stage has it; `false`: orders are only checked one by one. */
  readonly lists?: false;
  readonly meter?: Meter;
};

/** What a script can do. */
export type Stage = {
  readonly market: Market;
  readonly functions: Functions;
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** Replaces the key, at the exchange and in the secret store. */
  readonly rotateKey: (secretLagMs: number) => void;
  /** Puts an order on watch that nobody has requested yet. */
  readonly watch: (orderId: string) => void;
  /** What the table says of an order: its watch's status, and the head's state. */
  readonly statusOf: (orderId: string) => WatchStatus | undefined;
  readonly stateOf: (orderId: string) => string | undefined;
};

const account = 'main';
const usualPolicy: CheckPolicy = { minMs: 10_000, maxMs: 600_000 };
const usualListPolicy: ListPolicy = { minMs: 5_000, maxMs: 10_000 };
const minute = 60_000;

/** Runs a scenario to its end, and checks it. Takes no real time but the processor's. */
export async function simulate(scenario: Scenario): Promise<Verdict> {
  using _ = withoutRealTime();
  const { seed, start, end, rates, meter, policy = usualPolicy } = scenario;
  const random = createRandom(seed);
  const scheduler = createScheduler(start, random.fork('ties'));
  const dialect = dialects[scenario.dialect];
  const { faultSchedule, market, exchange } = createExchangeSide(scenario, scheduler, random.fork('exchange'));
  const memory = createMemoryTable(() => policy);
  const index = createLaggingIndex({ policy, scheduler, random: random.fork('index') });
  const checker = createChecker({ account, market, table: memory, ...scheduler, ...index, ...dialect });
  const limits = rateLimitsOf(dialect.limit);
  const secretStore = { current: versionOf(keyOf(1), 1) };
  const table = judged(memory, index, checker);
  const leases = createLeaseLog(createMemoryAccountTable(), scheduler.now, checker.listedWritten);
  const requests = counter();
  const failures = counter();
  const functions = createFunctions(
    {
      account,
      dialect,
      limits,
      policy,
      listPolicy: scenario.lists === false ? undefined : usualListPolicy,
      exchange,
      secretStore,
      snapshots: meter?.snapshots(table, policy) ?? table,
      accounts: meter?.accounts(leases.table) ?? leases.table,
      checker,
      scheduler,
      random: random.fork('processes'),
      faultRate: rates.table,
      bug: scenario.bug ?? noBug,
      onRequest: requests.add,
      onFailure: failures.add,
      onSweep: (ms) => void meter?.invocationsMs.push(ms),
    },
    rates.invocations,
  );

  tick(functions, scheduler, random.fork('ticks'), { start, end, rate: rates.ticks });
  for (let at = start; at < end; at += minute) scheduler.at(at, checker.lookAround);
  scenario.script({
    market,
    functions,
    scheduler,
    random: random.fork('script'),
    rotateKey: createRotation(exchange, secretStore, scheduler),
    watch: (orderId) => void table.putWatch({ account, orderId }, join(undefined, { openedAt: start }), 0),
    statusOf: (orderId) => {
      const { stored } = memory.inspect({ account, orderId });
      return stored && statusOf(stored.watch);
    },
    stateOf: (orderId) => memory.inspect({ account, orderId }).head?.order.order_state,
  });

  await scheduler.run(end);
  checker.lookAround();
  const lists = scenario.lists !== false;
  const { closed, excused } = checkEnds({ market, checker, faultSchedule, policy, ...dialect, end, lists });
  checkSpending(exchange.calls, limits, checker);
  const transitions = transitionsOf(market, checker);
  const delays = delaysOf(transitions);
  const trace = hash(JSON.stringify([exchange.calls, delays, checker.findings, [...requests.counts]]));
  return {
    seed,
    findings: checker.findings,
    orders: market.truths.size,
    closed,
    excused,
    calls: exchange.calls.length,
    callTimes: exchange.calls,
    transitions,
    delays,
    swept: leases.heldPart(start, end),
    requests: requests.counts,
    failures: failures.counts,
    trace,
  };
}

/** The exchange, its orders, and when it fails. */
function createExchangeSide({ dialect, outages, rates }: Scenario, scheduler: Scheduler, random: Random) {
  const { retentionMs, limit } = dialects[dialect];
  const faultSchedule = createFaultSchedule(outages);
  const market = createMarket({ dialect, account, scheduler, forgetAfterMs: retentionMs });
  const exchange = createSimulatedExchange({
    dialect,
    market,
    key: keyOf(1),
    limit,
    faultSchedule,
    scheduler,
    random,
    faultRate: rates.replies,
  });
  return { faultSchedule, market, exchange };
}

/** Replaces the key at the exchange, and in the secret a while later. */
function createRotation(
  exchange: SimulatedExchange,
  secretStore: { current: ReturnType<typeof versionOf> },
  scheduler: Scheduler,
) {
  let version = 1;
  return (secretLagMs: number): void => {
    const next = keyOf(++version);
    const current = versionOf(next, version);
    exchange.keyRing.keys = [next];
    scheduler.after(secretLagMs, () => {
      secretStore.current = current;
    });
  };
}

function keyOf(version: number) {
  return { clientId: `client-${version}`, clientSecret: `secret-${version}`, account };
}

/** The schedule: once a minute; now and then twice, late, or not at all. */
function tick(
  { checkOpenOrders }: Functions,
  scheduler: Scheduler,
  random: Random,
  { start, end, rate }: { readonly start: number; readonly end: number; readonly rate: number },
): void {
  const deliver = () => void checkOpenOrders();
  for (let at = start; at < end; at += minute) {
    const lateMs = random.chance(rate) ? random.between(1_000, 50_000) : random.between(0, 800);
    if (random.chance(rate / 3)) continue;
    scheduler.at(at + lateMs, deliver);
    if (random.chance(rate)) scheduler.at(at + lateMs + random.between(0, 5_000), deliver);
  }
}

/** The table, watched at every write. */
function judged(
  table: SnapshotTable & { readonly inspect: ReturnType<typeof createMemoryTable>['inspect'] },
  index: LaggingIndex,
  checker: Checker,
): SnapshotTable {
  return {
    ...table,
    list: index.list,
    putSnapshot: async (snapshot) => {
      const written = await table.putSnapshot(snapshot);
      if (written) checker.snapshotWritten(snapshot);
      return written;
    },
    putHead: async (snapshot) => {
      const written = await table.putHead(snapshot);
      if (written) checker.headWritten(snapshot);
      return written;
    },
    putWatch: async (key, watch, after) => {
      const written = await table.putWatch(key, watch, after);
      const { stored } = table.inspect(key);
      if (written && stored !== undefined) {
        index.note(key, stored);
        checker.watchWritten(key);
      }
      return written;
    },
  };
}

function counter(): { readonly counts: ReadonlyMap<string, number>; readonly add: (name: string) => void } {
  const counts = new Map<string, number>();
  return { counts, add: (name) => counts.set(name, (counts.get(name) ?? 0) + 1) };
}
