import { columns } from '../../cdk/ops/columns.ts';
import { prices } from '../simulation/prices.ts';
import { bench } from './bench.ts';
import { cpuShare } from './quota.ts';
import type { SubjectReport } from './report.ts';
import type { Calls } from './servers.ts';
import { type SweepFigures, sweepOnce } from './sweep.ts';

const memorySizes = [128, 256, 512, 768, 1024] as const;
/** What a request waits for: assumed, not measured; milliseconds. */
const waits = { exchange: 50, table: 5 } as const;
/** Of one schedule, which one invocation sweeps. */
const accountsPerGroup = 25;
const ordersPerAccount = 100;
const secondsPerMonth = 730 * 3_600;
/** Fargate on arm64, us-east-1, as of 2025-06: the smallest task, dollars an hour. */
const containerPerHour = 0.25 * 0.03238 + 0.5 * 0.00356;
/** One Lambda of 150 ms at 512 MB and one put for each order and minute. */
const naiveRequest = 0.15 * 0.5 * prices.gigabyteSecond + prices.request + prices.writeUnit;

/** What is used of a report. */
type Measured = Pick<SubjectReport, 'name' | 'warm_calls'> & {
  readonly figures: Readonly<Record<'warm_cpu' | 'peak_rss_mb', { readonly median: number }>>;
};

type RequestPrice = { readonly ms: number; readonly dollars_per_million: number };
type PriceRow = {
  readonly memory_mb: number;
  readonly changed: RequestPrice;
  readonly unchanged: RequestPrice;
  readonly from_table: RequestPrice;
  /** Of an account in a full group; the part of the function's CPU that the group's sweeps take. */
  readonly account_dollars_per_month: number;
  readonly sweep_cpu_part: number;
};
export type PriceReport = {
  readonly rows: readonly PriceRow[];
  /** The most memory that was resident, megabytes. */
  readonly peak_rss_mb: { readonly requests: number; readonly sweep: number };
  readonly naive_dollars_per_account_and_month: number;
  readonly container_dollars_per_month: number;
};

/** Measures for two minutes. */
export async function priceReport(): Promise<PriceReport> {
  const { subjects } = await bench({ rounds: 3, requests: 100, ours: true });
  return priceOf(subjects, await sweepOnce({ orders: ordersPerAccount, seconds: 20, settings: {}, warm: true }));
}

/** List prices from measured CPU and counted calls, for each memory size. */
export function priceOf(subjects: readonly Measured[], sweep: Omit<SweepFigures, 'orders'>): PriceReport {
  const named = (name: string): Measured => {
    const subject = subjects.find((each) => each.name === `get-order, ${name}`);
    if (subject === undefined) throw new Error(`get-order, ${name} was not measured`);
    return subject;
  };
  const [changed, unchanged, fromTable] = [named('changed'), named('unchanged'), named('from the table')];
  const sweepCpuPart = (accountsPerGroup * sweep.cpu_ms) / (sweep.seconds * 1000);
  const tablePerMonth = (tableDollars(sweep.calls) / sweep.seconds) * secondsPerMonth;
  return {
    rows: memorySizes.map((memory_mb) => ({
      memory_mb,
      changed: requestPrice(changed, memory_mb),
      unchanged: requestPrice(unchanged, memory_mb),
      from_table: requestPrice(fromTable, memory_mb),
      account_dollars_per_month: lambdaDollars(memory_mb, secondsPerMonth) / accountsPerGroup + tablePerMonth,
      sweep_cpu_part: sweepCpuPart / cpuShare(memory_mb),
    })),
    peak_rss_mb: { requests: changed.figures.peak_rss_mb.median, sweep: sweep.peak_rss_mb },
    naive_dollars_per_account_and_month: (naiveRequest * ordersPerAccount * secondsPerMonth) / 60,
    container_dollars_per_month: (containerPerHour * secondsPerMonth) / 3_600,
  };
}

/** A warm request: its CPU takes longer the smaller its part of one is; its waits do not. */
function requestPrice({ figures, warm_calls: calls }: Measured, memoryMb: number): RequestPrice {
  const tableRequests = sum(calls, /^(?:GetItem|PutItem|Query|UpdateItem)$/);
  const waitMs = waits.exchange * (calls['get_order_state'] ?? 0) + waits.table * tableRequests;
  const ms = waitMs + figures.warm_cpu.median / cpuShare(memoryMb);
  const dollars = prices.request + lambdaDollars(memoryMb, ms / 1000) + tableDollars(calls);
  return { ms, dollars_per_million: dollars * 1e6 };
}

function lambdaDollars(memoryMb: number, seconds: number): number {
  return (memoryMb / 1024) * seconds * prices.gigabyteSecond;
}

/** Items are below 1 KB to write, and below 4 KB to read; a write of a watch is one of the index, too. */
function tableDollars(calls: Calls): number {
  const [puts, updates, reads] = [
    sum(calls, /^PutItem$/),
    sum(calls, /^UpdateItem$/),
    sum(calls, /^(?:GetItem|Query)$/),
  ];
  return (2 * puts + updates) * prices.writeUnit + reads * prices.readUnit;
}

function sum(calls: Calls, names: RegExp): number {
  return Object.entries(calls).reduce((total, [name, count]) => total + (names.test(name) ? count : 0), 0);
}

export function priceLines(report: PriceReport): string {
  const request = ({ ms, dollars_per_million }: RequestPrice) =>
    `${ms.toFixed(0)} ms, $${dollars_per_million.toFixed(2)}`;
  const {
    peak_rss_mb: rss,
    naive_dollars_per_account_and_month: naive,
    container_dollars_per_month: container,
  } = report;
  return [
    'Warm requests of get-order: how long one takes, and US dollars a million. An account: US dollars a month\n',
    columns([
      ['memory', 'changed', 'unchanged', 'from the table', 'account', "CPU of its group's sweeps"],
      ...report.rows.map((row) => [
        `${row.memory_mb} MB`,
        request(row.changed),
        request(row.unchanged),
        request(row.from_table),
        `$${row.account_dollars_per_month.toFixed(2)}`,
        `${(100 * row.sweep_cpu_part).toFixed(0)} %`,
      ]),
    ]),
    `\nResident at most: ${rss.requests.toFixed(0)} MB handling requests, ${rss.sweep.toFixed(0)} MB sweeping.\n`,
    `The same ${ordersPerAccount} orders with one Lambda for each order and minute: $${naive.toFixed(2)} a month; `,
    `a container of 0.25 vCPU and 0.5 GB: $${container.toFixed(2)}.\n`,
    `Assumed: ${waits.exchange} ms for the exchange, ${waits.table} ms for each request to the table, CPUs as fast as `,
    `this machine's, ${accountsPerGroup} accounts in a group.\n`,
  ].join('');
}
