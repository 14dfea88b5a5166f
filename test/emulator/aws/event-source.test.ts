import { afterEach, expect, test, vi } from 'vitest';
import * as z from 'zod/mini';
import type { Outcome } from './environment.ts';
import { type EventSource, startEventSource } from './event-source.ts';
import { startScheduler } from './scheduler.ts';
import { createStream } from './stream.ts';
import type { LocalMapping } from './triggers.ts';

const arn = 'arn:aws:dynamodb:eu-west-1:1:table/orders/stream/local';
const running: EventSource[] = [];
afterEach(() => {
  for (const source of running.splice(0)) source.stop();
  vi.useRealTimers();
});

const returned = (...failures: readonly (string | null)[]): Outcome => ({
  kind: 'returned',
  payload: JSON.stringify({ batchItemFailures: failures.map((itemIdentifier) => ({ itemIdentifier })) }),
});
const failed: Outcome = { kind: 'failed', errorType: 'Error', errorMessage: 'no' };

const Batch = z.object({
  Records: z.array(z.object({ dynamodb: z.object({ Keys: z.object({ n: z.string() }), SequenceNumber: z.string() }) })),
});

/** A mapping to a function that returns what is scripted; its batches, by the numbers that were pushed. */
function source(outcomes: readonly Outcome[], settings: Partial<LocalMapping> = {}) {
  const batches: string[] = [];
  const gaveUp: string[] = [];
  const script = outcomes.values();
  const started = startEventSource({
    mapping: {
      streamArn: arn,
      functionName: 'publish',
      passes: () => true,
      batchSize: 100,
      batchingWindowMs: 0,
      retryAttempts: 10,
      maxRecordAgeMs: undefined,
      bisectOnError: true,
      reportsItemFailures: true,
      deadLetterQueue: undefined,
      ...settings,
    },
    invoke: async (_, payload) => {
      batches.push(
        Batch.parse(JSON.parse(payload))
          .Records.map(({ dynamodb }) => dynamodb.Keys.n)
          .join(''),
      );
      return script.next().value ?? returned();
    },
    gaveUp: (name, records) => gaveUp.push(`${name}: ${records.map(({ dynamodb }) => dynamodb.Keys['n']).join('')}`),
    backoffMs: 1,
  });
  running.push(started);
  const recordOf = createStream({ arn, tableName: 'orders', keyNames: ['n'] }, 'eu-west-1');
  return {
    push: (digits: string, at = Date.now()) => {
      for (const n of digits) {
        started.push(recordOf({ tableName: 'orders', keys: { n }, before: undefined, after: { n }, at }));
      }
    },
    /** Waits for this many batches, and then checks that no more come. */
    settled: async (expected: readonly string[]) => {
      await vi.waitFor(() => expect(batches.length).toBeGreaterThanOrEqual(expected.length), {
        timeout: 30_000,
        interval: 1,
      });
      await new Promise(setImmediate);
      expect(batches).toEqual(expected);
    },
    batches,
    gaveUp,
  };
}

/** Of the record that was pushed at this place. */
const sequence = (place: number) => String(100_000_000_000_000_000_000n + BigInt(place));

test('the emulated event source filters records, and delivers them in order, in batches of the configured size', async () => {
  const passes = (record: unknown) => !JSON.stringify(record).includes('"n":"x"');
  const { push, settled } = source([], { batchSize: 2, passes });
  push('1x2x3');
  await settled(['12', '3']);
  push('xx4');
  await settled(['12', '3', '4']);
});

test('the emulated event source delivers a batch at the end of its window, or as soon as the batch is full', async () => {
  const patient = source([], { batchingWindowMs: 300 });
  const full = source([], { batchingWindowMs: 3_600_000, batchSize: 3 });
  patient.push('1');
  full.push('1');
  await new Promise(setImmediate);
  patient.push('2');
  full.push('23');
  await Promise.all([patient.settled(['12']), full.settled(['123'])]);
});

test.each([
  ['from the first record that is named', [returned(sequence(4), sequence(3))], ['12345', '345']],
  ['in halves, when the function failed', [failed, returned()], ['12345', '123', '45']],
  ['in halves, when the first one is named', [returned(sequence(1))], ['12345', '123', '45']],
  ['in halves, when an unknown record is named', [returned('7')], ['12345', '123', '45']],
  ['in halves, when null is named', [returned(null)], ['12345', '123', '45']],
  ['unchanged, when no environment was free', [{ kind: 'throttled' } as const], ['12345', '12345']],
  ['never, when the result is null', [{ kind: 'returned', payload: 'null' } as const], ['12345']],
])('the emulated event source retries a failed batch %s', async (_, outcomes, batches) => {
  const { push, settled, gaveUp } = source(outcomes);
  push('12345');
  await settled(batches);
  expect(gaveUp).toEqual([]);
});

test('without batch item failures and bisecting, the emulated event source retries a batch as a whole or not at all', async () => {
  const { push, settled } = source([returned(sequence(1)), failed], {
    bisectOnError: false,
    reportsItemFailures: false,
  });
  push('12');
  await settled(['12']);
  push('34');
  await settled(['12', '34', '34']);
});

test('the emulated event source gives up a record that always fails after the configured retries, and goes on with the next', async () => {
  const { push, settled, gaveUp } = source([failed, failed, failed, failed], { retryAttempts: 2 });
  push('12');
  await settled(['12', '1', '1', '1', '2']);
  expect(gaveUp).toEqual(['publish: 1']);
});

test('the emulated event source does not retry a record that is too old', async () => {
  const { push, settled, gaveUp } = source([failed], { maxRecordAgeMs: 60_000, bisectOnError: false });
  push('1', Date.now() - 100_000);
  push('2');
  await vi.waitFor(() => expect(gaveUp).toEqual(['publish: 12']), { timeout: 30_000, interval: 1 });
  push('3');
  await settled(['12', '3']);
});

test('an emulated schedule fires at once and then periodically, whether or not its last tick has ended', async () => {
  vi.useFakeTimers();
  const ticks: string[] = [];
  const schedule = (input: string) => ({ name: 'S', expression: 'rate(1 minute)', functionName: 'sweep', input });
  const scheduler = startScheduler({
    schedules: [schedule('a'), schedule('b')],
    everyMs: 5000,
    invoke: (name, input) => {
      ticks.push(`${name} ${input}`);
      return new Promise(() => undefined);
    },
  });
  expect(ticks).toEqual(['sweep a', 'sweep b']);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(ticks).toHaveLength(6);
  scheduler.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ticks).toHaveLength(6);
});
