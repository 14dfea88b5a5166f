import { expect, it } from 'vitest';
import { rateLimitsOf } from '../../../lib/exchange/rate-limiter.ts';
import { createEnvironment, startTime } from './environment.ts';
import { createMemoryAccountTable } from './memory-table.ts';
import { runWorker, type WorkerPlan } from './workers.ts';

const limits = rateLimitsOf({ perSecond: 20, burst: 100 });
const seconds = 120;
/** Until the burst is spent, nobody waits. */
const burstSeconds = 15;

const caller: WorkerPlan = {
  priority: 'interactive',
  skewMs: 0,
  startsAfterMs: 0,
  tasks: 1,
  acquires: 10_000,
  backoffMs: 0,
  callMs: 20,
  acquireTimeoutMs: 25_000,
  wayMs: 3,
  oversleepMs: 2,
  faults: [],
};

/** Processes that call again as soon as they have a reply, each with its own distance to table and exchange. */
async function saturate(processes: number) {
  const environment = createEnvironment();
  const account = { table: createMemoryAccountTable(), name: 'main', limits };
  const plans = Array.from(
    { length: processes },
    (_, i): WorkerPlan => ({ ...caller, startsAfterMs: 7 * i, callMs: 20 + (i % 5) * 7, wayMs: 3 + (i % 3) * 4 }),
  );
  const all = Promise.all(plans.map((plan) => runWorker(plan, account, environment, startTime + seconds * 1000)));
  await environment.run();
  const deeds = await all;
  const calls = deeds.map((one) => one.calls.filter(({ at }) => at > startTime + burstSeconds * 1000));
  const counts = calls.map(({ length }) => length);
  const waits = calls.flat().map(({ waitedMs }) => waitedMs);
  return {
    min: Math.min(...counts),
    max: Math.max(...counts),
    maxWaitMs: Math.max(...waits),
    failures: deeds.flatMap(({ failures }) => failures).length,
    requests: deeds.reduce((sum, { requests }) => sum + requests, 0),
    calls: deeds.reduce((sum, one) => sum + one.calls.length, 0),
  };
}

it.each([2, 4, 8, 10])(
  'when %i processes want more permits than there are, each gets its share, within the time that the work of all takes',
  async (processes) => {
    const { min, max, maxWaitMs, failures, requests, calls } = await saturate(processes);
    console.log(`${processes} processes: ${min} to ${max} calls each, longest wait ${maxWaitMs} ms`);
    expect(failures).toBe(0);
    expect(max - min).toBeLessThanOrEqual(1);
    expect(maxWaitMs).toBeLessThanOrEqual(processes * limits.msPerPermit + 50);
    // One request to the table a permit; one more for each that was left over from the burst.
    expect(requests).toBeLessThanOrEqual(calls * 1.25);
  },
);

it('when 16 processes want more permits than a second has, each gets permits and waits less than 15 s', async () => {
  const { min, max, maxWaitMs, failures } = await saturate(16);
  console.log(`16 processes: ${min} to ${max} calls each, longest wait ${maxWaitMs} ms`);
  expect(failures).toBe(0);
  expect(min).toBeGreaterThan(max / 3);
  expect(maxWaitMs).toBeLessThan(15_000);
});
