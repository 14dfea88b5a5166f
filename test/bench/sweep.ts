import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod/mini';
import type { StageAccount } from '../../lib/stage/stage.ts';
import type { RateLimitOptions } from '../emulator/exchange/rate-limiter.ts';
import { account, bundleOf, deploy, environmentOf, synthesize } from './ours.ts';
import { bundleWorker, startProcess } from './process.ts';
import { seedOrders } from './seed.ts';
import { type Calls, startServers } from './servers.ts';

/** One invocation of the function that sweeps, in a separate process, against the real local engines. */
export type SweepFigures = {
  readonly orders: number;
  readonly seconds: number;
  readonly checked: number;
  readonly listed: number;
  /** Of the invocation, INIT not included, milliseconds. */
  readonly cpu_ms: number;
  readonly peak_rss_mb: number;
  readonly calls: Calls;
};

export type SweepOptions = {
  readonly orders: number;
  readonly seconds: number;
  readonly settings: Partial<StageAccount>;
  /** The exchange's. Default: none. */
  readonly rateLimit?: RateLimitOptions;
  /** Measures the second of two invocations: in the first, code is compiled. */
  readonly warm?: boolean;
};

const Ticks = z.tuple([z.looseObject({ outcome: z.literal('swept'), checked: z.number(), listed: z.number() })]);
/** A sweep starts nothing in the last 25 s of its invocation. */
const closingMs = 25_000;

/** Sweeps an account whose orders are all known and do not change. */
export async function sweepOnce({
  orders,
  seconds,
  settings,
  rateLimit = 'unlimited',
  warm = false,
}: SweepOptions): Promise<SweepFigures> {
  const started = new AsyncDisposableStack();
  try {
    const folder = await mkdtemp(join(tmpdir(), 'bench-'));
    started.defer(() => rm(folder, { recursive: true }));
    const servers = await startServers({ tls: false, rateLimit });
    started.defer(servers.stop);
    const stack = synthesize(join(folder, 'cdk.out'), servers.exchangeUrl, settings);
    await deploy(stack, servers);
    const { minCheckSeconds = 10, maxCheckSeconds = 600 } = settings;
    const policy = { minMs: minCheckSeconds * 1000, maxMs: maxCheckSeconds * 1000 };
    const { lists = true } = settings;
    await seedOrders(servers, stack.tables[0]?.TableName ?? '', { count: orders, policy, lists });

    const [schedule] = stack.schedules;
    const lambda = stack.functions.find(({ name }) => name === schedule?.functionName);
    if (lambda === undefined) throw new Error('no schedule leads to a function');
    const process = await startProcess({
      worker: bundleWorker(folder),
      handler: bundleOf(lambda),
      memoryMb: lambda.memoryMb,
      remainingMs: seconds * 1000 + closingMs,
      env: { ...environmentOf(lambda), ...servers.endpoints },
    });
    if (warm) await process.handle({ accounts: [account] });
    const before = servers.calls();
    const { response, cpuMs } = await process.handle({ accounts: [account] });
    const calls = servers.callsSince(before);
    const [{ checked, listed }] = Ticks.parse(response);
    const peak_rss_mb = (process.peakRssBytes() ?? Number.NaN) / 1e6;
    await process.stop();
    return { orders, seconds, checked, listed, cpu_ms: cpuMs, peak_rss_mb, calls };
  } finally {
    await started.disposeAsync();
  }
}
