import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDynamoAccountTable } from '../../../lib/accounts/dynamo-table.ts';
import { permitLifeMs, type RateLimits, rateLimitsOf } from '../../../lib/exchange/rate-limiter.ts';
import { type Engine, startDynalite } from '../../engines.ts';
import { createEnvironment, startTime } from './environment.ts';
import { createMemoryAccountTable } from './memory-table.ts';
import { type Account, plan, runWorker, type WorkerPlan, type WorkerRecord } from './workers.ts';

const runs = Number(process.env['RUNS'] ?? 80);
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const parameters = { seed, numRuns: runs };
console.log(`permits: ${runs} runs a property, SEED=${seed}`);

const limits: fc.Arbitrary<RateLimits> = fc
  .record({ perSecond: fc.integer({ min: 2, max: 20 }), burst: fc.integer({ min: 4, max: 100 }) })
  .map((limit) => rateLimitsOf(limit));

async function all(plans: readonly WorkerPlan[], account: Account, seconds: number): Promise<readonly WorkerRecord[]> {
  const environment = createEnvironment();
  const deeds = Promise.all(plans.map((each) => runWorker(each, account, environment, startTime + seconds * 1000)));
  await environment.run();
  return deeds;
}

/** The most calls by which any window exceeds `rate x window`. */
function worstExcess(deeds: readonly WorkerRecord[], { msPerPermit }: RateLimits): number {
  const starts = deeds.flatMap(({ calls }) => calls.map(({ at }) => at)).toSorted((a, b) => a - b);
  let excess = 0;
  let last = startTime;
  let worst = 0;
  for (const at of starts) {
    excess = Math.max(0, excess - (at - last) / msPerPermit) + 1;
    last = at;
    worst = Math.max(worst, excess);
  }
  return worst;
}

/** How far the clocks of the processes are apart, milliseconds. */
function spread(plans: readonly WorkerPlan[]): number {
  const skews = plans.map(({ skewMs }) => skewMs);
  return Math.max(...skews) - Math.min(...skews);
}

/** Calls that started although the exchange had throttled one and their process could have known. */
function callsWhileCooling(deeds: readonly WorkerRecord[]): readonly string[] {
  const skew = spread(deeds.map(({ plan }) => plan));
  return deeds.flatMap((one) =>
    one.coolDowns.flatMap(({ at, waitMs, knownAt }) => {
      const end = at + Math.max(waitMs, 1_000);
      return deeds.flatMap((other) => {
        const [from, to] = other === one ? [at, end] : [knownAt + permitLifeMs, end - skew];
        return other.calls
          .filter((call) => call.at > from && call.at < to)
          .map((call) => `${to - call.at} ms before the end, ${other === one ? 'by the same' : 'by another'}`);
      });
    }),
  );
}

async function staysWithin(plans: readonly WorkerPlan[], account: Account): Promise<void> {
  const deeds = await all(plans, account, 60);
  const { burst, msPerPermit } = account.limits;
  expect(worstExcess(deeds, account.limits)).toBeLessThanOrEqual(
    burst.interactive + (spread(plans) + permitLifeMs) / msPerPermit,
  );
  expect(callsWhileCooling(deeds)).toEqual([]);
}

const orderly: Omit<WorkerPlan, 'priority' | 'tasks' | 'acquires' | 'backoffMs'> = {
  skewMs: 0,
  startsAfterMs: 0,
  callMs: 100,
  acquireTimeoutMs: 60_000,
  wayMs: 10,
  oversleepMs: 2,
  faults: [],
};
const saturating: WorkerPlan = { ...orderly, priority: 'background', tasks: 12, acquires: 1_000, backoffMs: 0 };

const plans = fc.array(plan, { minLength: 1, maxLength: 5 });

it('the permits of one account are never overspent in any window, and no process calls during a cool-down, on the table in memory', async () => {
  await fc.assert(
    fc.asyncProperty(plans, limits, async (plans, limits) => {
      await staysWithin(plans, { table: createMemoryAccountTable(), name: 'main', limits });
    }),
    parameters,
  );
}, 120_000);

it('the permits of one account are never overspent by sweeps that all wake at once while they hold permits taken long before', async () => {
  const tasks = 6;
  const hoarder = fc.integer({ min: 1, max: 8 }).map(
    (step): WorkerPlan => ({
      ...saturating,
      tasks,
      acquires: 6,
      // Its tasks have started, one step each, and have requested permits.
      faults: [{ step: tasks + step, kind: 'freezeWithOthers' }],
    }),
  );
  const slow = fc
    .record({ perSecond: fc.integer({ min: 1, max: 4 }), burst: fc.integer({ min: 20, max: 100 }) })
    .map((limit) => rateLimitsOf(limit));
  await fc.assert(
    fc.asyncProperty(fc.array(hoarder, { minLength: 3, maxLength: 5 }), slow, async (plans, limits) => {
      await staysWithin(plans, { table: createMemoryAccountTable(), name: 'main', limits });
    }),
    parameters,
  );
}, 120_000);

it('the permits of one account are at least 95 % used by a sweep with enough to do, with or without interactive calls', async () => {
  const apiFunctions = fc.array(
    // Several calls at once, and then none for longer than permits live: what was taken ahead may expire.
    fc.record({
      tasks: fc.integer({ min: 1, max: 4 }),
      backoffMs: fc.integer({ min: 500, max: 3_000 }),
      wayMs: fc.integer({ min: 0, max: 40 }),
    }),
    { maxLength: 2 },
  );
  const background = fc.record({
    callMs: fc.integer({ min: 20, max: 300 }),
    wayMs: fc.integer({ min: 0, max: 40 }),
    oversleepMs: fc.integer({ min: 0, max: 5 }),
  });
  const limit = fc.record({ perSecond: fc.integer({ min: 2, max: 20 }), burst: fc.integer({ min: 6, max: 40 }) });
  await fc.assert(
    fc.asyncProperty(background, apiFunctions, limit, async (background, apiFunctions, limit) => {
      const plans: readonly WorkerPlan[] = [
        { ...saturating, ...background },
        ...apiFunctions.map(
          (interactive): WorkerPlan => ({ ...orderly, ...interactive, priority: 'interactive', acquires: 1_000 }),
        ),
      ];
      const account = { table: createMemoryAccountTable(), name: 'main', limits: rateLimitsOf(limit) };
      // Neither the first burst counts, nor the time that replenishes it.
      const rate = limit.perSecond * 0.5;
      const from = limit.burst / rate;
      const seconds = 400 / rate;
      const deeds = await all(plans, account, from + seconds);
      const starts = deeds.flatMap(({ calls }) => calls.map(({ at }) => (at - startTime) / 1000));
      const used = starts.filter((at) => at >= from && at < from + seconds).length;
      expect(used / (rate * seconds)).toBeGreaterThanOrEqual(0.95);
    }),
    // Each run makes 400 calls and more.
    { ...parameters, numRuns: Math.ceil(runs / 4) },
  );
}, 120_000);

it('the permits that one account leaves to interactive calls are available at once, while a sweep takes all it can', async () => {
  const interactive = fc.record({
    startsAfterMs: fc.integer({ min: 0, max: 15_000 }),
    wayMs: fc.integer({ min: 0, max: 10 }),
  });
  await fc.assert(
    fc.asyncProperty(interactive, limits, async (interactive, limits) => {
      const priority = limits.burst.interactive - limits.burst.background;
      const people = Array.from(
        { length: priority },
        (): WorkerPlan => ({
          ...orderly,
          ...interactive,
          priority: 'interactive',
          tasks: 1,
          acquires: 1,
          backoffMs: 0,
        }),
      );
      const [, ...apiFunctions] = await all(
        [saturating, ...people],
        { table: createMemoryAccountTable(), name: 'main', limits },
        20,
      );
      const waits = apiFunctions.flatMap(({ calls }) => calls.map(({ waitedMs }) => waitedMs));
      expect(waits).toHaveLength(priority);
      // Five requests at most, there and back, and one nap: what the sweep took while the first was on its way.
      for (const wait of waits) expect(wait).toBeLessThanOrEqual(11 * interactive.wayMs + orderly.oversleepMs);
    }),
    parameters,
  );
}, 120_000);

describe('on a real engine', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startDynalite();
  });
  afterAll(() => engine.stop());

  it('on a real engine, the permits of one account are never overspent in any window, and no process calls during a cool-down', async () => {
    const table = createDynamoAccountTable(engine);
    let accounts = 0;
    await fc.assert(
      fc.asyncProperty(plans, limits, async (plans, limits) => {
        await staysWithin(plans, { table, name: `account-${++accounts}`, limits });
      }),
      { ...parameters, numRuns: Math.ceil(runs / 5) },
    );
  }, 240_000);
});
