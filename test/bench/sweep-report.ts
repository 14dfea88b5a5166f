import { columns } from '../../cdk/ops/columns.ts';
import { deribit } from '../../lib/exchange/dialects/deribit.ts';
import { rateLimitsOf } from '../../lib/exchange/rate-limiter.ts';
import { type LongSweep, sweepLong } from './long-sweep.ts';
import { refused } from './servers.ts';
import { type SweepFigures, sweepOnce } from './sweep.ts';

const share = 0.5;
const oneByOne = { lists: false, minCheckSeconds: 1, maxCheckSeconds: 1 } as const;

export type SweepReport = {
  /** Orders checked one by one without waiting for permits. */
  readonly single: SweepFigures & { readonly cpu_ms_per_check: number };
  /** More orders than there are permits for, at an exchange that counts them. */
  readonly at_share: SweepFigures & { readonly part_of_share: number; readonly refused: number };
  /** One account with orders that lists cover, in the second minute of a process: in the first, all rows are new to it. */
  readonly listed: SweepFigures & { readonly cpu_ms_per_list: number; readonly cpu_us_per_listed_order: number };
};

/** The function that sweeps, from its bundle, against the local engines: about three minutes. */
export async function sweepReport(): Promise<SweepReport> {
  const single = await sweepOnce({ orders: 500, seconds: 15, settings: oneByOne });
  const atShare = await sweepOnce({
    orders: 1_500,
    seconds: 40,
    settings: { ...oneByOne, shareOfRate: share },
    rateLimit: deribit.limit,
  });
  const listed = await sweepOnce({ orders: 10_000, seconds: 60, settings: {}, warm: true });
  return {
    single: { ...single, cpu_ms_per_check: single.cpu_ms / single.checked },
    at_share: {
      ...atShare,
      part_of_share: (atShare.calls['get_order_state'] ?? 0) / permitsIn(atShare.seconds),
      refused: atShare.calls[refused] ?? 0,
    },
    listed: {
      ...listed,
      cpu_ms_per_list: listed.cpu_ms / listed.listed,
      cpu_us_per_listed_order: (listed.cpu_ms * 1000) / (listed.listed * listed.orders),
    },
  };
}

/** What the rate limiter grants to background calls from the start: the burst, and what is replenished. */
function permitsIn(seconds: number): number {
  const { msPerPermit, burst } = rateLimitsOf(deribit.limit, share);
  return burst.background + (seconds * 1000) / msPerPermit;
}

export function sweepLines({ single, at_share, listed }: SweepReport): string {
  const row = (name: string, swept: SweepFigures, result: string) => [
    name,
    String(swept.orders),
    `${swept.seconds} s`,
    String(swept.checked),
    String(swept.listed),
    `${swept.cpu_ms.toFixed(0)} ms`,
    `${swept.peak_rss_mb.toFixed(0)} MB`,
    result,
  ];
  const calls = (swept: SweepFigures) =>
    Object.entries(swept.calls)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ');
  return [
    'The function that sweeps, one invocation in a process of its own; no order changes\n',
    columns([
      ['', 'orders', 'time', 'checks', 'lists', 'CPU', 'RSS', ''],
      row('one by one, no limit', single, `${single.cpu_ms_per_check.toFixed(2)} ms CPU a check`),
      row(
        `one by one, ${share} of 20/s`,
        at_share,
        `${(100 * at_share.part_of_share).toFixed(0)} % of its share, ${at_share.refused} calls refused`,
      ),
      row(
        'listed',
        listed,
        `${listed.cpu_ms_per_list.toFixed(0)} ms CPU a list, ${listed.cpu_us_per_listed_order.toFixed(1)} µs an order in it`,
      ),
    ]),
    '\nCalls\n',
    columns([
      ['one by one, no limit', calls(single)],
      [`one by one, ${share} of 20/s`, calls(at_share)],
      ['listed', calls(listed)],
    ]),
  ].join('');
}

export type MemoryReport = { readonly single: LongSweep; readonly listed: LongSweep };
export type MemoryOptions = { readonly checks: number; readonly lists: number; readonly listedOrders: number };

/** One process that checks and lists for hours of virtual time, over tables in memory. */
export async function memoryReport({ checks, lists, listedOrders }: MemoryOptions): Promise<MemoryReport> {
  return {
    single: await sweepLong({ orders: 100, calls: checks, lists: false }),
    listed: await sweepLong({ orders: listedOrders, calls: lists, lists: true }),
  };
}

export function memoryLines({ single, listed }: MemoryReport): string {
  const row = (name: string, { orders, calls, cpu_ms, heap_mb }: LongSweep) => [
    name,
    String(orders),
    String(calls),
    `${(cpu_ms / calls).toFixed(2)} ms`,
    ...heap_mb.map((mb) => mb.toFixed(1)),
  ];
  return [
    'One process over tables in memory: the heap in use after each tenth of its calls, MB\n',
    columns([
      ['', 'orders', 'calls', 'CPU a call', ...single.heap_mb.map((_, tenth) => `${10 * (tenth + 1)} %`)],
      row('one by one', single),
      row('listed', listed),
    ]),
  ].join('');
}
