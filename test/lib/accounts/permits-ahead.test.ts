import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { createRateLimiter, type RateLimits, rateLimitsOf } from '../../../lib/exchange/rate-limiter.ts';
import { createVirtualClock } from '../virtual-clock.ts';
import { createMemoryAccountTable } from './memory-table.ts';

const runs = Number(process.env['RUNS'] ?? 300);
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const parameters = { seed, numRuns: runs };
console.log(`permits ahead: ${runs} runs a property, SEED=${seed}`);

const limits: fc.Arbitrary<RateLimits> = fc
  .record({ perSecond: fc.integer({ min: 2, max: 40 }), burst: fc.integer({ min: 2, max: 100 }) })
  .map((limit) => rateLimitsOf(limit));

/** What there was each time that permits were taken: calls so far, permits taken so far, and how many were taken then. */
type Taking = { readonly calls: number; readonly before: number; readonly permits: number };

/** Lets one process of the API call after each of the gaps (milliseconds), one call after the other. */
async function takingsOf(gaps: readonly number[], limits: RateLimits): Promise<readonly Taking[]> {
  const clock = createVirtualClock();
  const table = createMemoryAccountTable();
  const takings: Taking[] = [];
  let calls = 0;
  let before = 0;
  const take = (ms: number) => {
    const permits = ms / limits.msPerPermit;
    takings.push({ calls, before, permits });
    before += permits;
  };
  const counting = {
    ...table,
    raiseTat: async (...args: Parameters<typeof table.raiseTat>) => {
      const raised = await table.raiseTat(...args);
      if (raised) take(args[1].to - args[1].below);
      return raised;
    },
    advanceTat: async (...args: Parameters<typeof table.advanceTat>) => {
      const after = await table.advanceTat(...args);
      if (after !== undefined) take(args[1].byMs);
      return after;
    },
  };
  const { acquire } = createRateLimiter({ table: counting, account: 'main', priority: 'interactive', limits, clock });
  for (const gap of gaps) {
    clock.advance(gap);
    await acquire(clock.now() + 60_000);
    calls++;
  }
  return takings;
}

it('permits that are taken ahead of their calls are not taken by a process that calls once a second', async () => {
  const takings = await takingsOf(Array(20).fill(1_000), rateLimitsOf({ perSecond: 20, burst: 100 }));
  expect(takings.map(({ permits }) => permits)).toEqual(Array(20).fill(1));
});

it('permits that are taken ahead of their calls are taken four at a time by a process that calls five times a second, as many as it used in the last second', async () => {
  const takings = await takingsOf(Array(34).fill(200), rateLimitsOf({ perSecond: 20, burst: 100 }));
  expect(takings.map(({ permits }) => permits)).toEqual([2, ...Array(8).fill(4)]);
});

it('permits that are taken ahead of their calls are all used by a process that continues at the rate of the last second', async () => {
  const steady = fc.record({
    gap: fc.integer({ min: 1, max: 3_000 }),
    jitter: fc.array(fc.double({ min: 0.8, max: 1.2, noNaN: true }), { minLength: 30, maxLength: 30 }),
  });
  await fc.assert(
    fc.asyncProperty(steady, limits, async ({ gap, jitter }, limits) => {
      const takings = await takingsOf(
        jitter.map((factor) => Math.ceil(gap * factor)),
        limits,
      );
      for (const { calls, before } of takings) expect(before).toBe(calls);
    }),
    parameters,
  );
});

it('permits that are taken ahead of their calls expire unused no more often than permits are used, however irregular the calls', async () => {
  const gaps = fc.array(fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 300, max: 5_000 })), {
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(gaps, limits, async (gaps, limits) => {
      for (const { calls, before } of await takingsOf(gaps, limits)) expect(before - calls).toBeLessThanOrEqual(calls);
    }),
    parameters,
  );
});

it('permits that are taken ahead of their calls never exceed what sweeps leave to calls of the API', async () => {
  await fc.assert(
    fc.asyncProperty(limits, async (limits) => {
      const takings = await takingsOf(Array(30).fill(limits.msPerPermit + 1), limits);
      const { interactive, background } = limits.burst;
      const maxPermits = Math.max(1, interactive - background);
      for (const { permits } of takings) expect(permits).toBeLessThanOrEqual(maxPermits);
    }),
    parameters,
  );
});
