import { expect, it, vi } from 'vitest';
import { bench } from './bench.ts';
import { chartOf } from './chart.ts';
import { cpuShare } from './quota.ts';
import { reportLines } from './report.ts';
import { checkResponse } from './subjects.ts';
import { memoryLines, memoryReport } from './sweep-report.ts';

// A synthesis with all its bundles takes its time.
vi.setConfig({ testTimeout: 120_000 });

it('one round of our bundles measures them, counts their calls and prints its tables', async () => {
  const report = await bench({ rounds: 1, requests: 2, ours: true });
  const names = ['empty handler', 'get-order, changed', 'get-order, unchanged', 'get-order, from the table'];
  expect(report.subjects.map(({ name }) => name)).toEqual(names);
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
  expect(chart.match(/<rect x=/g)).toHaveLength(6);
  expect(chart).toContain('>get-order, from the table<');
});

it('a handler that does not do its work is no result', () => {
  const subject = { name: 'x', handler: '', env: {}, event: () => ({}), expected: /"changed":false/ };
  expect(() => checkResponse(subject, { statusCode: 200, body: '{"changed":true}' })).toThrow('x answered');
  expect(() => checkResponse(subject, { statusCode: 503, body: '{"changed":false}' })).toThrow('x answered');
  expect(() => checkResponse(subject, { statusCode: 200, body: '{"changed":false}' })).not.toThrow();
});

it('a function has the part of a CPU that its memory buys, and never more than one', () => {
  expect(cpuShare(512)).toBeCloseTo(0.289, 3);
  expect(cpuShare(3_008)).toBe(1);
});

it('the heap of a sweep that goes on and on does not grow with its checks and lists', async () => {
  const report = await memoryReport({ checks: 3_000, lists: 30, listedOrders: 300 });
  for (const { calls, heap_mb } of [report.single, report.listed]) {
    expect(calls).toBeGreaterThanOrEqual(30);
    expect(heap_mb).toHaveLength(10);
    const [first = 0, last = 0] = [heap_mb[1], heap_mb.at(-1)];
    expect(last - first).toBeLessThan(2);
  }
  expect(memoryLines(report)).toContain('listed');
});
