import { dialects } from '../../lib/exchange/dialects/index.ts';
import { capacityOf, rateLimitsOf } from '../../lib/exchange/rate-limiter.ts';
import type { Dialect } from '../emulator/exchange/wire.ts';
import { simulationStart } from './scenario.ts';
import { noFaults, simulate } from './simulate.ts';

const second = 1_000;
const share = 0.5;

type Capacity = {
  readonly dialect: Dialect;
  readonly perSecond: number;
  readonly intervalSeconds: number;
  /** Share x rate x interval. */
  readonly byFormula: number;
  /** As the rate limiter counts it, in whole milliseconds. */
  readonly credited: number;
  readonly simulated: number;
};

/** What one account can watch: as the simulation finds it, beside the formula. */
export async function capacityOfAccount(dialect: Dialect, intervalSeconds: number): Promise<Capacity> {
  const { limit } = dialects[dialect];
  const { perSecond } = limit;
  const byFormula = share * perSecond * intervalSeconds;
  const credited = capacityOf(rateLimitsOf(limit, share), intervalSeconds * second);
  const simulated = await watchedIn(dialect, Math.ceil(1.2 * byFormula), intervalSeconds * second);
  return { dialect, perSecond, intervalSeconds, byFormula, credited, simulated };
}

type Capacities = {
  readonly rows: readonly { readonly dialect: Dialect; readonly by_formula: number; readonly simulated: number }[];
};

const intervals = [60, 180, 600];

export async function capacities(): Promise<Capacities> {
  const rows = [];
  for (const dialect of ['orangex', 'deribit'] as const) {
    for (const interval of intervals) {
      const { byFormula, simulated } = await capacityOfAccount(dialect, interval);
      rows.push({ dialect, by_formula: byFormula, simulated });
    }
  }
  return { rows };
}

export function capacityLines({ rows }: Capacities): string {
  const lines = rows.map(({ dialect, by_formula, simulated }, i) => {
    const part = `${((100 * simulated) / by_formula).toFixed(1)} %`;
    return row([dialect, `${intervals[i % intervals.length]} s`, String(by_formula), String(simulated), part]);
  });
  return [
    'Orders that one account can check one by one, at half of the rate of its exchange. One call in a hundred hangs for seconds.',
    row(['exchange', 'interval', 'by formula', 'simulated', 'part']),
    ...lines,
  ].join('\n');
}

/** Long enough for a change of sweeps to count for no more than it does. */
const minMeasuredMs = 300 * second;

/** With more orders than can be watched: how many checks one interval has room for. */
async function watchedIn(dialect: Dialect, orders: number, intervalMs: number): Promise<number> {
  const start = simulationStart + 5 * 3_600_000;
  const intervals = Math.ceil(minMeasuredMs / intervalMs);
  // The first interval is for getting there.
  const end = start + (1 + intervals) * intervalMs + 60 * second;
  const { callTimes } = await simulate({
    seed: 1,
    dialect,
    start,
    end,
    outages: [],
    rates: noFaults,
    lists: false,
    policy: { minMs: intervalMs, maxMs: intervalMs },
    script: ({ market, watch }) => {
      for (let i = 0; i < orders; i++) watch(market.place({}));
    },
  });
  return Math.round(callTimes.filter((at) => at >= end - intervals * intervalMs).length / intervals);
}

function row(cells: readonly string[]): string {
  return cells.map((cell) => cell.padStart(12)).join('');
}
