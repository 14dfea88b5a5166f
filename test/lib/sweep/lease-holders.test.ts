import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEnvironment } from '../accounts/environment.ts';
import { createMemoryAccountTable } from '../accounts/memory-table.ts';
import { faultCases, type Holder, hold, holderWith, type RequestOutcome } from './lease-holders.ts';

const numRuns = Number(process.env['RUNS'] ?? 500);
const seed = Number(process.env['SEED'] ?? 20_260_101);

/** Lets all of them loose; answers their fates, and how many believed at once to have the account, at most. */
async function all(holders: readonly Holder[]) {
  const environment = createEnvironment();
  const table = createMemoryAccountTable();
  let fates: readonly RequestOutcome[] = [];
  let atOnce = 0;
  const watch = () => {
    atOnce = Math.max(atOnce, fates.filter(({ believes }) => believes()).length);
  };
  fates = holders.map((holder, i) => hold(holder, `owner-${i}`, table, environment, watch));
  await environment.run();
  return { fates, atOnce, left: await table.readAccount('main'), endedAt: environment.now() };
}

const none = fc.constant([]);

describe('among holders that come at any time', () => {
  it('never two believe to have the account, though they are killed, frozen and cut off at any await', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(holderWith(faultCases), { minLength: 2, maxLength: 5 }), async (holders) => {
        expect((await all(holders)).atOnce).toBeLessThanOrEqual(1);
      }),
      { seed, numRuns },
    );
  });

  it('never two work at once, not even at their last checks, when nothing befalls them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(holderWith(none), { minLength: 2, maxLength: 5 }), async (holders) => {
        const { fates, left } = await all(holders);
        const spans = fates
          .flatMap(({ from, to }) => (from === undefined || to === undefined ? [] : [{ from, to }]))
          .toSorted((a, b) => a.from - b.from);
        for (const [i, { from }] of spans.slice(1).entries()) {
          expect(from).toBeGreaterThanOrEqual(spans[i]?.to ?? Number.NaN);
        }
        for (const { outcome } of fates) expect(['worked', 'failed', 'busy']).toContain(outcome);
        expect(left.lease).toBeUndefined();
      }),
      { seed, numRuns },
    );
  });

  it('whoever comes after all the unlucky ones gets the account within fifteen seconds, and keeps it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(holderWith(faultCases), { minLength: 1, maxLength: 4 }), async (holders) => {
        const startsAfterMs = 400_000;
        const last: Holder = { startsAfterMs, workMs: 50_000, tailMs: 0, throws: false, wayMs: 10, faultCases: [] };
        const { fates } = await all([...holders, last]);
        const outcomeOfRequest = fates.at(-1);
        expect(outcomeOfRequest?.outcome).toBe('worked');
        expect((outcomeOfRequest?.to ?? 0) - (outcomeOfRequest?.from ?? 0)).toBeGreaterThanOrEqual(50_000);
      }),
      { seed, numRuns },
    );
  });
});
