import { expect, it } from 'vitest';
import { capacityOfAccount } from './capacity.ts';
import { billOf } from './cost.ts';

it.each(['orangex', 'deribit'] as const)('an account of %s watches about what the formula says', async (dialect) => {
  const { byFormula, credited, simulated } = await capacityOfAccount(dialect, 60);
  expect(credited).toBeLessThanOrEqual(byFormula);
  expect(simulated / byFormula).toBeGreaterThan(0.85);
  expect(simulated / byFormula).toBeLessThan(1.05);
});

it('a check writes the table about twice and its index twice, when accounts have enough to do', async () => {
  const { checks, units } = await billOf(20_000);
  expect(units.writes / checks).toBeGreaterThan(1.5);
  expect(units.writes / checks).toBeLessThan(4);
  expect(units.indexWrites / checks).toBeGreaterThan(1.5);
  expect(units.indexWrites / checks).toBeLessThan(2.5);
});
