import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { createEnvironment } from '../accounts/environment.ts';
import { createMemoryAccountTable } from '../accounts/memory-table.ts';
import { faultCases, type Holder, type HolderOutcome, holderWith, startHolder } from './lease-holders.ts';

const numRuns = Number(process.env['RUNS'] ?? 200);
const seed = Number(process.env['SEED'] ?? 20_260_101);

/** Runs all of them; returns their outcomes, and how many at most believed at once that they hold the lease. */
async function all(holders: readonly Holder[]) {
  const environment = createEnvironment();
  const table = createMemoryAccountTable();
  let outcomes: readonly HolderOutcome[] = [];
  let atOnce = 0;
  const watch = () => {
    atOnce = Math.max(atOnce, outcomes.filter(({ believes }) => believes()).length);
  };
  outcomes = holders.map((holder, i) => startHolder(holder, `owner-${i}`, table, environment, watch));
  await environment.run();
  return { outcomes, atOnce, left: await table.readAccount('main'), endedAt: environment.now() };
}

const none = fc.constant([]);

it('among lease holders that come at any time, no two believe that they hold the lease, even if they are killed, frozen and cut off at any await', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(holderWith(faultCases), { minLength: 2, maxLength: 5 }), async (holders) => {
      expect((await all(holders)).atOnce).toBeLessThanOrEqual(1);
    }),
    { seed, numRuns },
  );
});

it('among lease holders that come at any time, no two work at once, not even during their last checks, without faults', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(holderWith(none), { minLength: 2, maxLength: 5 }), async (holders) => {
      const { outcomes, left } = await all(holders);
      const spans = outcomes
        .flatMap(({ from, to }) => (from === undefined || to === undefined ? [] : [{ from, to }]))
        .toSorted((a, b) => a.from - b.from);
      for (const [i, { from }] of spans.slice(1).entries()) {
        expect(from).toBeGreaterThanOrEqual(spans[i]?.to ?? Number.NaN);
      }
      for (const { outcome } of outcomes) expect(['worked', 'failed', 'busy']).toContain(outcome);
      expect(left.lease).toBeUndefined();
    }),
    { seed, numRuns },
  );
});

it('among lease holders that come at any time, a process that comes after all the faulty ones gets the lease within fifteen seconds, and keeps it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(holderWith(faultCases), { minLength: 1, maxLength: 4 }), async (holders) => {
      const startsAfterMs = 400_000;
      const last: Holder = { startsAfterMs, workMs: 50_000, tailMs: 0, throws: false, wayMs: 10, faultCases: [] };
      const { outcomes } = await all([...holders, last]);
      const outcomeOfRequest = outcomes.at(-1);
      expect(outcomeOfRequest?.outcome).toBe('worked');
      expect((outcomeOfRequest?.to ?? 0) - (outcomeOfRequest?.from ?? 0)).toBeGreaterThanOrEqual(50_000);
    }),
    { seed, numRuns },
  );
});
