import { expect, it } from 'vitest';
import { capacityOfAccount } from './capacity.ts';
import { billOf } from './cost.ts';

it('an account can watch about as many orders as the formula says', async () => {
  const { byFormula, credited, simulated } = await capacityOfAccount('orangex', 60);
  expect(credited).toBeLessThanOrEqual(byFormula);
  expect(simulated / byFormula).toBeGreaterThan(0.85);
  expect(simulated / byFormula).toBeLessThan(1.05);
});

it('sweeps make fewer calls than a naive poller where orders change', async () => {
  const { calls, units, tableDollars, lambdaDollars } = await billOf(20_000);
  // A poller calls and writes 60 times an hour for each order.
  expect(calls).toBeLessThan(20_000 * 60);
  expect(units.writes).toBeLessThan(20_000 * 60);
  expect(tableDollars + lambdaDollars).toBeGreaterThan(0);
});
