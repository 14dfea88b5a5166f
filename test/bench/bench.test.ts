import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { bench } from './bench.ts';
import { chartOf } from './chart.ts';
import { priceLines, priceOf } from './price-report.ts';
import { cpuShare } from './quota.ts';
import { reportLines } from './report.ts';
import { checkResponse } from './subjects.ts';
import { memoryLines, memoryReport } from './sweep-report.ts';
import { traceLines, traceReport } from './trace-report.ts';

// A synthesis with all its bundles takes its time.
vi.setConfig({ testTimeout: 120_000 });

// The CDK names each bundle there, and the benchmark each round.
beforeEach(() => void vi.spyOn(process.stderr, 'write').mockReturnValue(true));
afterEach(() => void vi.restoreAllMocks());

it('one benchmark round measures our bundles, counts their calls and prints its tables', async () => {
  const report = await bench({ rounds: 1, requests: 2, ours: true, every: true });
  const names = ['empty handler', 'get-order, changed', 'get-order, unchanged', 'get-order, from the table'];
  const others = ['check-orders', 'get-order-state', 'list-orders', 'list-snapshots', 'list-accounts', 'change-watch'];
  expect(report.subjects.map(({ name }) => name)).toEqual([...names, ...others]);
  const [, changed, unchanged, fromTable] = report.subjects;
  for (const subject of [changed, unchanged]) {
    expect(subject?.first_calls).toMatchObject({ GetSecretValue: 1, get_order_state: 1 });
    expect(subject?.warm_calls).toMatchObject({ get_order_state: 1 });
  }
  expect(fromTable?.warm_calls).toEqual({ Query: 1 });
  const { init, first_request, warm_cpu, log_bytes } = unchanged?.figures ?? {};
  for (const figure of [init, first_request, warm_cpu, log_bytes]) expect(figure?.median).toBeGreaterThan(0);
  expect(Object.keys(report.bundles)).toContain('CheckOpenOrders');

  const lines = reportLines(report);
  for (const name of names) expect(lines).toContain(name);
  expect(lines).toContain('Ratios to empty handler');

  const chart = chartOf(report);
  expect(chart.match(/<rect x=/g)).toHaveLength(18);
  expect(chart).toContain('>get-order, from the table<');
});

it('a trace shows what a warm request waits for: one exchange call and one table write, or one table read', async () => {
  const report = await traceReport(3);
  const [changed, unchanged, fromTable] = report.paths.map(({ requests: { UpdateItem: _, ...requests } }) => requests);
  expect(changed).toEqual({ get_order_state: 1, PutItem: 4 });
  expect(unchanged).toEqual({ get_order_state: 1, PutItem: 1 });
  expect(fromTable).toEqual({ Query: 1 });
  expect(report.paths[1]?.to_call).toBeGreaterThan(1);
  expect(report.paths[2]).not.toHaveProperty('to_call');
  expect(traceLines(report)).toMatch(
    /get-order, unchanged\n(?:.*UpdateItem.*\n)*.*get_order_state\n.*get_order_state responded\n.*PutItem\n/,
  );
});

it('the benchmark rejects a handler whose response is wrong', () => {
  const subject = { name: 'x', handler: '', env: {}, event: () => ({}), expected: /"changed":false/ };
  expect(() => checkResponse(subject, { statusCode: 200, body: '{"changed":true}' })).toThrow('x responded');
  expect(() => checkResponse(subject, { statusCode: 503, body: '{"changed":false}' })).toThrow('x responded');
  expect(() => checkResponse(subject, { statusCode: 200, body: '{"changed":false}' })).not.toThrow();
});

it('the benchmark gives a function the share of a CPU that its memory setting buys, and never more than one CPU', () => {
  expect(cpuShare(512)).toBeCloseTo(0.289, 3);
  expect(cpuShare(3_008)).toBe(1);
});

it('the heap of a sweep that runs for long does not grow with the number of its checks and lists', async () => {
  const report = await memoryReport({ checks: 1_000, lists: 30, listedOrders: 100 });
  for (const { calls, heap_mb } of [report.single, report.listed]) {
    expect(calls).toBeGreaterThanOrEqual(30);
    expect(heap_mb).toHaveLength(10);
    const [first = 0, last = 0] = [heap_mb[1], heap_mb.at(-1)];
    expect(last - first).toBeLessThan(2);
  }
  expect(memoryLines(report)).toContain('listed');
});

it('a smaller function takes longer for its CPU time but not for its waits, and its cost is computed from its calls', () => {
  const figures = { warm_cpu: { median: 1 }, peak_rss_mb: { median: 80 } };
  const calls = { changed: { get_order_state: 1, PutItem: 4 }, unchanged: { get_order_state: 1, PutItem: 1 } };
  const subjects = Object.entries({ ...calls, 'from the table': { Query: 1 } }).map(([name, warm_calls]) => ({
    name: `get-order, ${name}`,
    figures,
    warm_calls,
  }));
  const sweep = { seconds: 10, checked: 0, listed: 1, cpu_ms: 40, peak_rss_mb: 90, calls: { UpdateItem: 2 } };
  const report = priceOf(subjects, sweep);
  const [smallest, , middle] = report.rows;
  expect(smallest?.unchanged.ms).toBeCloseTo(50 + 5 + 1769 / 128, 6);
  expect(middle?.unchanged.ms).toBeCloseTo(50 + 5 + 1769 / 512, 6);
  // A request, a read, and half a gigabyte for 5 ms and the CPU.
  const milliseconds = 5 + 1769 / 512;
  expect(middle?.from_table.dollars_per_million).toBeCloseTo(0.2 + 0.125 + 0.5 * milliseconds * 0.0133334, 4);
  // 25 accounts that take 4 ms a second each.
  expect(middle?.sweep_cpu_part).toBeCloseTo((25 * 0.004 * 1769) / 512, 6);
  expect(priceLines(report)).toContain('512 MB');
});
