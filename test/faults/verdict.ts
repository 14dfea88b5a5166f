import { groups, type RowResult } from './row.ts';

/** What every row must keep. */
const maxGrowthBytes = 20_000_000;
const maxCallsPerRequest = 1.2;
/** Beyond the deadline, for the response to be written and read, milliseconds. */
const responseMs = 50;
/** A refused token is replaced once in 10 s, which takes two calls; each process may repeat its first one. */
const spareCalls = 2;

type Limits = {
  /** Whether the time is measured: a machine that does other things, too, says little about it. */
  readonly isTimed: boolean;
};

/** What a row has violated, in sentences. */
export function violationsOf(result: RowResult, { isTimed }: Limits): readonly string[] {
  const { fault, tried, requests, calls, maxMs, deadlineMs, growthBytes, damage, leaks, wrong } = result;
  const { lost, regressed, invented, closed } = damage;
  // A fifth, rounded up: the first request of a process may be repeated.
  const maxCalls = Math.ceil(requests * maxCallsPerRequest) + spareCalls;
  const sentences = [
    ...wrong,
    ...leaks.map((leak) => `it let out: ${leak}`),
    ...(tried === 0 ? ['nothing was tried'] : []),
    ...(calls > maxCalls ? [`${calls} calls for ${requests} requests`] : []),
    ...(isTimed && maxMs > deadlineMs + responseMs ? [`${Math.round(maxMs)} ms, deadline ${deadlineMs} ms`] : []),
    ...(growthBytes > maxGrowthBytes ? [`memory grew by ${megabytes(growthBytes)} MB`] : []),
    ...(lost > 0 ? [`${lost} snapshots lost`] : []),
    ...(regressed > 0 ? [`${regressed} heads went back`] : []),
    ...(invented > 0 ? [`${invented} snapshots that the exchange did not send`] : []),
    ...(closed > 0 ? [`${closed} orders closed without evidence`] : []),
  ];
  return sentences.map((sentence) => `${fault}: ${sentence}`);
}

export function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1);
}

type Totals = Pick<RowResult, 'group' | 'tried' | 'requests' | 'calls' | 'maxMs' | 'growthBytes'> & {
  readonly rows: number;
  readonly damaged: number;
  readonly leaks: number;
};

/** One line for each group that was run. */
export function totalsOf(results: readonly RowResult[]): readonly Totals[] {
  return groups.flatMap((group) => {
    const own = results.filter((result) => result.group === group);
    if (own.length === 0) return [];
    const sum = (of: (result: RowResult) => number) => own.reduce((total, result) => total + of(result), 0);
    return {
      group,
      rows: own.length,
      tried: sum(({ tried }) => tried),
      requests: sum(({ requests }) => requests),
      calls: sum(({ calls }) => calls),
      maxMs: Math.max(...own.map(({ maxMs }) => maxMs)),
      growthBytes: Math.max(...own.map(({ growthBytes }) => growthBytes)),
      damaged: sum(({ damage }) => damage.lost + damage.regressed + damage.invented + damage.closed),
      leaks: sum(({ leaks }) => leaks.length),
    };
  });
}
