import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { functionSettings } from '../../cdk/functions.ts';
import { columns } from '../../cdk/ops/columns.ts';
import { createTimeline, type TimedEvent, type Timeline } from '../functions/timeline.ts';
import { quantile } from './measure.ts';
import { deploy, ourSubjects, synthesize } from './ours.ts';
import { bundleWorker, type MeasuredProcess, startProcess } from './process.ts';
import { startServers } from './servers.ts';
import { checkResponse, type Subject } from './subjects.ts';

/** What a service takes in addition to its own time, milliseconds. */
const delays = { exchange: 50, table: 5 } as const;
const call = 'get_order_state';

/** One way of responding; times are milliseconds, medians of its requests. */
type ResponsePath = {
  readonly name: string;
  readonly takes_ms: number;
  /** From the call's arrival at the exchange to its reply; absent where the exchange is not called. */
  readonly call_ms?: number;
  /** Of both, request by request. */
  readonly to_call?: number;
  /** How many requests to each operation a request leads to. */
  readonly requests: Readonly<Record<string, number>>;
  /** What the median request waited for, by its own time. */
  readonly trace: readonly TimedEvent[];
};
export type TraceReport = { readonly delays: typeof delays; readonly paths: readonly ResponsePath[] };

type Traced = { readonly ms: number; readonly callMs: number | undefined; readonly events: readonly TimedEvent[] };

/** `requests`: how many are traced of each way, after as many have warmed up. */
export async function traceReport(requests = 60): Promise<TraceReport> {
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  started.defer(() => rm(folder, { recursive: true }));
  const servers = await startServers({ tls: false });
  started.defer(servers.stop);
  const timeline = createTimeline();
  started.defer(timeline.stop);
  const stack = synthesize(join(folder, 'cdk.out'), await timeline.before(servers.exchangeUrl, delays.exchange));
  await deploy(stack, servers);
  const tableUrl = await timeline.before(servers.dynamoUrl, delays.table);
  const env = { ...servers.endpoints, AWS_ENDPOINT_URL_DYNAMODB: tableUrl };
  const worker = bundleWorker(folder);
  const { memoryMb } = functionSettings['get-order'];

  const paths: ResponsePath[] = [];
  for (const subject of ourSubjects(stack, servers)) {
    const process = await startProcess({ worker, handler: subject.handler, memoryMb, env: { ...subject.env, ...env } });
    started.defer(process.stop);
    // The first finds a new order in any case.
    await process.handle(subject.event('first'));
    await traced(requests, subject, process, timeline);
    paths.push(responsePathOf(subject.name, await traced(requests, subject, process, timeline)));
  }
  return { delays, paths };
}

async function traced(requests: number, subject: Subject, process: MeasuredProcess, timeline: Timeline) {
  const all: Traced[] = [];
  for (let i = 1; i <= requests; i++) {
    subject.before?.();
    timeline.take();
    const startedAt = performance.now();
    const { wallMs: ms, response } = await process.handle(subject.event(`${process.pid}-${i}`));
    checkResponse(subject, response);
    const events = timeline.takeTimed().map(({ event, at }) => ({ event, at: at - startedAt }));
    const at = (name: string) => events.find(({ event }) => event === name)?.at ?? Number.NaN;
    const called = events.some(({ event }) => event === call);
    all.push({ ms, callMs: called ? at(`${call} responded`) - at(call) : undefined, events });
  }
  return all;
}

function responsePathOf(name: string, all: readonly Traced[]): ResponsePath {
  const takes = median(all.map(({ ms }) => ms));
  const called = all.flatMap(({ ms, callMs }) => (callMs === undefined ? [] : [{ ms, callMs }]));
  const requests: Record<string, number> = {};
  for (const { event } of all.flatMap(({ events }) => events)) {
    if (!event.endsWith(' responded')) requests[event] = (requests[event] ?? 0) + 1 / all.length;
  }
  return {
    name,
    takes_ms: takes,
    ...(called.length > 0 && {
      call_ms: median(called.map(({ callMs }) => callMs)),
      to_call: median(called.map(({ ms, callMs }) => ms / callMs)),
    }),
    requests,
    trace: all.find(({ ms }) => ms === takes)?.events ?? [],
  };
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function traceLines({ delays: { exchange, table }, paths }: TraceReport): string {
  const ms = (value: number | undefined) => (value === undefined ? '' : `${value.toFixed(1)} ms`);
  return [
    `Warm requests, medians. The exchange takes ${exchange} ms, the table ${table} ms\n`,
    columns([
      ['', 'takes', "the exchange's call", 'ratio', 'requests'],
      ...paths.map(({ name, takes_ms, call_ms, to_call, requests }) => [
        name,
        ms(takes_ms),
        ms(call_ms),
        to_call?.toFixed(2) ?? '',
        Object.entries(requests)
          .map(([operation, count]) => `${+count.toFixed(2)} ${operation}`)
          .join(', '),
      ]),
    ]),
    ...paths.flatMap(({ name, takes_ms, trace }) => [
      `\n${name}\n`,
      columns([...trace, { event: 'response', at: takes_ms }].map(({ event, at }) => [ms(at), event])),
    ]),
  ].join('');
}
