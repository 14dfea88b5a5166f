import { createMeter, type Meter } from './meter.ts';
import { functionMemory, prices } from './prices.ts';
import { simulationStart } from './scenario.ts';
import { simulate } from './simulate.ts';
import { trade } from './trading.ts';

const accounts = 200;
const hours = 2;
const hour = 3_600_000;
/** Nothing goes wrong: the cost of checks, without that of faults. */
const calm = { answers: 0, table: 0, invocations: 0, ticks: 0 };

/** Of all accounts together. */
type Bill = {
  readonly checks: number;
  readonly units: Pick<Meter, 'writes' | 'indexWrites' | 'reads' | 'lambdaMs'>;
  readonly tableDollars: number;
  readonly lambdaDollars: number;
};

/** What a million checks cost by AWS list prices, as the simulation counts it. */
export async function costTable(): Promise<string> {
  const lines = [
    'Orders over 200 accounts, 2 hours in which nothing goes wrong; units and dollars per million checks.',
    row([
      'orders',
      'checks/h',
      'writes',
      'index writes',
      'reads',
      'Lambda ms',
      'table $',
      'Lambda $',
      '$ / million',
      '$ / hour',
    ]),
  ];
  const bills: Bill[] = [];
  for (const orders of [1_000, 10_000, 100_000]) {
    const bill = await billOf(orders);
    bills.push(bill);
    lines.push(lineOf(orders, bill));
  }
  return [...lines, fitOf(bills)].join('\n');
}

/** The straight line of accounts that always have something due; sweeps of others end early and stay below it. */
function fitOf(bills: readonly Bill[]): string {
  const [busy, busiest] = bills.slice(-2);
  if (busy === undefined || busiest === undefined) return '';
  const total = ({ tableDollars, lambdaDollars }: Bill) => tableDollars + lambdaDollars;
  const perCheck = (total(busiest) - total(busy)) / (busiest.checks - busy.checks);
  const fixed = total(busy) - perCheck * busy.checks;
  const above = bills.filter((bill) => total(bill) > (fixed + perCheck * bill.checks) * 1.001);
  const monthly = (fixed / accounts / hours) * 730;
  return (
    `At most $${monthly.toFixed(2)} per account and month, for a sweep that never rests, and ` +
    `$${(perCheck * 1e6).toFixed(2)} per million checks; ${above.length} of ${bills.length} rows lie above that line.`
  );
}

/** Accounts have nothing to do with each other: one stands for all, more where there is little in each. */
export async function billOf(orders: number): Promise<Bill> {
  const each = orders / accounts;
  const simulated = Math.max(1, Math.round(100 / each));
  const meter = createMeter();
  let checks = 0;
  for (let seed = 1; seed <= simulated; seed++) {
    const start = simulationStart + 5 * hour;
    const end = start + hours * hour;
    const verdict = await simulate({
      seed,
      dialect: 'deribit',
      start,
      end,
      outages: [],
      rates: calm,
      meter,
      script: ({ market, functions, scheduler, random }) => {
        trade({ market, functions, scheduler, random }, { orders: each, from: start, to: end });
      },
    });
    checks += verdict.calls;
  }
  const scale = accounts / simulated;
  const { writes, indexWrites, reads, invocations, lambdaMs } = meter;
  const table = (writes + indexWrites) * prices.writeUnit + reads * prices.readUnit;
  const lambda = (lambdaMs / 1000) * functionMemory * prices.gigabyteSecond + invocations * prices.request;
  return {
    checks: checks * scale,
    units: {
      writes: writes * scale,
      indexWrites: indexWrites * scale,
      reads: reads * scale,
      lambdaMs: lambdaMs * scale,
    },
    tableDollars: table * scale,
    lambdaDollars: lambda * scale,
  };
}

function lineOf(orders: number, { units, checks, tableDollars, lambdaDollars }: Bill): string {
  const { writes, indexWrites, reads, lambdaMs } = units;
  const million = 1e6 / checks;
  const total = tableDollars + lambdaDollars;
  return row([
    ...[orders, checks / hours].map(whole),
    ...[writes, indexWrites, reads, lambdaMs].map((count) => whole(count * million)),
    ...[tableDollars, lambdaDollars, total].map((dollars) => (dollars * million).toFixed(2)),
    (total / hours).toFixed(3),
  ]);
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en').replaceAll(',', ' ');
}

function row(cells: readonly string[]): string {
  return cells.map((cell) => cell.padStart(15)).join('');
}
