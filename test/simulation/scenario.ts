import { type Outage, randomOutages } from './fault-schedule.ts';
import type { PlantedBug } from './planted-bugs.ts';
import { createRandom } from './random.ts';
import type { Scenario } from './simulate.ts';
import { trade } from './trading.ts';

const minute = 60_000;
const hour = 60 * minute;

/** 04:00 UTC: the settlement of 08:00 falls into the shortest of runs. */
export const simulationStart = Date.UTC(2026, 0, 1, 4);
/** Nothing happens to orders in the last part of a run: what happened before can still be seen. */
const calmMs = 45 * minute;

/** Everything that can go wrong, as often as it takes to go wrong together. */
export function randomScenario(options: {
  readonly seed: number;
  readonly orders: number;
  readonly hours: number;
  readonly bug?: PlantedBug;
}): Scenario {
  const { seed, orders, hours, bug } = options;
  const random = createRandom(seed).fork('scenario');
  const start = simulationStart;
  const end = start + hours * hour;
  const lastTrade = end - calmMs;
  const rotations = Array.from({ length: Math.ceil(hours / 8) }, () => {
    const at = Math.round(random.between(start, lastTrade));
    return { at, lagMs: random.chance(0.5) ? 0 : random.whole(1_000, 120_000) };
  });
  const refusals = rotations.map(({ at, lagMs }): Outage => ({ kind: 'key', from: at, to: at + lagMs + 1 }));
  return {
    seed,
    dialect: random.pick(['orangex', 'deribit']),
    start,
    end,
    outages: [...randomOutages(random, start, lastTrade), ...refusals],
    rates: { replies: 0.015, table: 0.002, invocations: 0.06, ticks: 0.05 },
    script: ({ market, functions, scheduler, random: chance, rotateKey }) => {
      trade(
        { market, functions, scheduler, random: chance },
        { orders, from: start, to: lastTrade, unlistedRate: 0.04, polledRate: 0.3 },
      );
      for (const { at, lagMs } of rotations) scheduler.at(at, () => rotateKey(lagMs));
    },
    ...(bug !== undefined && { bug }),
  };
}
