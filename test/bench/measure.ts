import { startProcess } from './process.ts';
import type { Calls, Servers } from './servers.ts';
import { checkResponse, type Subject } from './subjects.ts';

/** What is measured of one fresh process. Times are milliseconds. */
export type Figures = {
  /** From the start of the process until the handler is loaded. */
  readonly init: number;
  readonly first_request: number;
  readonly init_and_first: number;
  readonly init_and_first_cpu: number;
  /** Per request, of the 20 after the first. */
  readonly next_20_cpu: number;
  /** Per request, once code is compiled. */
  readonly warm_cpu: number;
  readonly warm_cpu_p50: number;
  readonly warm_cpu_p99: number;
  readonly warm_wall: number;
  /** The most memory resident in the first 21 requests, megabytes. */
  readonly peak_rss_mb: number;
  /** Per request. */
  readonly log_bytes: number;
};

export type Measured = { readonly figures: Figures; readonly warmCalls: Calls; readonly firstCalls: Calls };

export type MeasureSetting = {
  readonly servers: Servers;
  readonly worker: string;
  readonly memoryMb: number;
  /** In addition to the subject's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Requests that are measured, after as many have warmed up. */
  readonly warmRequests: number;
  /** Called with the process once its handler is loaded: Lambda's INIT has a whole CPU, requests have a share of one. */
  readonly onInit?: (pid: number) => void;
};

const few = 20;

/** Requests the order once: the table knows it from then on. */
export async function prepare({ handler, env, event }: Subject, setting: MeasureSetting): Promise<void> {
  const { worker, memoryMb } = setting;
  const process = await startProcess({ worker, handler, memoryMb, env: { ...env, ...setting.env } });
  await process.handle(event('prepared'));
  await process.stop();
}

/** Measures a subject in a fresh process. Throws when it does not do its work. */
export async function measure(subject: Subject, setting: MeasureSetting): Promise<Measured> {
  const { servers, worker, memoryMb, warmRequests, onInit } = setting;
  const before = servers.calls();
  const { handler } = subject;
  const process = await startProcess({ worker, handler, memoryMb, env: { ...subject.env, ...setting.env } });
  let requests = 0;
  const request = async () => {
    requests += 1;
    subject.before?.();
    const { response, ...sample } = await process.handle(subject.event(`${process.pid}-${requests}`));
    checkResponse(subject, response);
    return sample;
  };
  const repeat = async (times: number) => {
    const samples = [];
    for (let i = 0; i < times; i++) samples.push(await request());
    return { cpu: samples.map(({ cpuMs }) => cpuMs), wall: samples.map(({ wallMs }) => wallMs) };
  };

  onInit?.(process.pid);
  const first = await request();
  const firstCalls = servers.callsSince(before);
  const next = await repeat(few);
  const peakRss = process.peakRssBytes();
  await repeat(warmRequests);
  const beforeWarm = servers.calls();
  const warm = await repeat(warmRequests);
  const warmCalls = servers.callsSince(beforeWarm);
  await process.stop();

  const { init } = process;
  return {
    figures: {
      init: init.wallMs,
      first_request: first.wallMs,
      init_and_first: init.wallMs + first.wallMs,
      init_and_first_cpu: init.cpuMs + first.cpuMs,
      next_20_cpu: mean(next.cpu),
      warm_cpu: mean(warm.cpu),
      warm_cpu_p50: quantile(warm.cpu, 0.5),
      warm_cpu_p99: quantile(warm.cpu, 0.99),
      warm_wall: mean(warm.wall),
      peak_rss_mb: (peakRss ?? Number.NaN) / 1e6,
      log_bytes: process.logBytes() / requests,
    },
    firstCalls,
    warmCalls: Object.fromEntries(Object.entries(warmCalls).map(([name, calls]) => [name, calls / warmRequests])),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The value that a share `q` of all do not exceed. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}
