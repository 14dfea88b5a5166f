import { functionSettings } from '../../cdk/functions.ts';
import { createMeter, type Meter } from './meter.ts';
import { prices } from './prices.ts';
import { simulationStart } from './scenario.ts';
import { noFaults, type Scenario, simulate } from './simulate.ts';
import { trade } from './trading.ts';

const accounts = 200;
/** How many accounts one invocation sweeps. */
const perGroup = 25;
const hours = 2;
const hour = 3_600_000;
/** Nothing goes wrong: the cost of the sweeps, without that of faults. */
const gigabytes = functionSettings['check-open-orders'].memoryMb / 1024;

type Row = {
  readonly orders: number;
  readonly accounts: number;
  readonly dollars_per_hour: number;
  readonly naive_dollars_per_hour: number;
  readonly calls_per_resting_order_and_hour: number;
};
type Costs = { readonly rows: readonly Row[] };

/** Of all accounts together, an hour. */
type Bill = {
  readonly calls: number;
  readonly units: Pick<Meter, 'writes' | 'indexWrites' | 'reads'>;
  readonly tableDollars: number;
  readonly lambdaDollars: number;
};

/** What the sweeps cost an hour by AWS list prices, as the simulation counts it, beside a naive poller. */
export async function costs(): Promise<Costs> {
  const rows: Row[] = [];
  for (const orders of [1_000, 10_000, 100_000]) rows.push(rowOf(orders, accounts, await billOf(orders)));
  rows.push(rowOf(1_000, 1, await restingBill(1_000)));
  return { rows };
}

function rowOf(orders: number, accounts: number, { calls, tableDollars, lambdaDollars }: Bill): Row {
  return {
    orders,
    accounts,
    dollars_per_hour: tableDollars + lambdaDollars,
    naive_dollars_per_hour: naiveDollars(orders),
    calls_per_resting_order_and_hour: calls / orders,
  };
}

/** A Lambda for each order and minute, 150 ms at 512 MB, which puts one item. */
function naiveDollars(orders: number): number {
  return orders * 60 * (0.15 * 0.5 * prices.gigabyteSecond + prices.request + prices.writeUnit);
}

export function costLines({ rows }: Costs): string {
  return [
    `Dollars an hour by list price, ${hours} hours in which nothing goes wrong. The naive poller: one Lambda of 150 ms, 512 MB`,
    'and one put for each order and minute. The last row: orders that rest, in one account.',
    line(['orders', 'accounts', '$ / hour', 'naive $ / hour', 'calls / order, hour']),
    ...rows.map((row) =>
      line([
        ...[row.orders, row.accounts].map(whole),
        ...[row.dollars_per_hour, row.naive_dollars_per_hour].map((dollars) => dollars.toFixed(3)),
        row.calls_per_resting_order_and_hour.toFixed(2),
      ]),
    ),
  ].join('\n');
}

/** Accounts are independent of each other: some stand for all, more of them where each has few orders. */
export async function billOf(orders: number): Promise<Bill> {
  const each = orders / accounts;
  return bill(accounts, Math.max(1, Math.round(100 / each)), ({ stage, from, to }) =>
    trade(stage, { orders: each, from, to, unattended: true }),
  );
}

/** Orders of one account that nothing happens to. */
async function restingBill(orders: number): Promise<Bill> {
  return bill(1, 1, ({ stage }) => {
    for (let i = 0; i < orders; i++) stage.market.place({});
  });
}

type Script = (scene: {
  readonly stage: Parameters<Scenario['script']>[0];
  readonly from: number;
  readonly to: number;
}) => void;

async function bill(accounts: number, simulated: number, script: Script): Promise<Bill> {
  const meter = createMeter();
  const from = simulationStart + 5 * hour;
  const to = from + hours * hour;
  /** The sweeps of a group run concurrently: an invocation lasts as long as the longest. */
  const longest: number[] = [];
  let calls = 0;
  for (let seed = 1; seed <= simulated; seed++) {
    meter.invocationsMs.splice(0);
    const verdict = await simulate({
      seed,
      dialect: 'deribit',
      start: from,
      end: to,
      outages: [],
      rates: noFaults,
      meter,
      script: (stage) => script({ stage, from, to }),
    });
    calls += verdict.calls;
    for (const [tick, ms] of meter.invocationsMs.entries()) longest[tick] = Math.max(longest[tick] ?? 0, ms);
  }
  const perHour = accounts / simulated / hours;
  const { writes, indexWrites, reads } = meter;
  const table = (writes + indexWrites) * prices.writeUnit + reads * prices.readUnit;
  const groups = Math.ceil(accounts / perGroup);
  const seconds = longest.reduce((sum, ms) => sum + ms, 0) / 1000;
  const lambda = (seconds * gigabytes * prices.gigabyteSecond + longest.length * prices.request) * groups;
  return {
    calls: calls * perHour,
    units: { writes: writes * perHour, indexWrites: indexWrites * perHour, reads: reads * perHour },
    tableDollars: table * perHour,
    lambdaDollars: lambda / hours,
  };
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en').replaceAll(',', ' ');
}

function line(cells: readonly string[]): string {
  return cells.map((cell) => cell.padStart(20)).join('');
}
