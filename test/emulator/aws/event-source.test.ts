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

const answered = (...failures: readonly (string | null)[]): Outcome => ({
  kind: 'answered',
  payload: JSON.stringify({ batchItemFailures: failures.map((itemIdentifier) => ({ itemIdentifier })) }),
});
const failed: Outcome = { kind: 'failed', errorType: 'Error', errorMessage: 'no' };

const Batch = z.object({
  Records: z.array(z.object({ dynamodb: z.object({ Keys: z.object({ n: z.string() }), SequenceNumber: z.string() }) })),
});

/** A mapping to a function that answers as scripted; its batches, by the numbers that were pushed. */
function source(answers: readonly Outcome[], settings: Partial<LocalMapping> = {}) {
  const batches: string[] = [];
  const gaveUp: string[] = [];
  const script = answers.values();
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
      return script.next().value ?? answered();
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
    /** Waits for so many batches, and that they stay all. */
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

test('records come in order, in batches of the size that the mapping says, filtered', async () => {
  const passes = (record: unknown) => !JSON.stringify(record).includes('"n":"x"');
  const { push, settled } = source([], { batchSize: 2, passes });
  push('1x2x3');
  await settled(['12', '3']);
  push('xx4');
  await settled(['12', '3', '4']);
});

test('a batch waits for its window, but not when it is full', async () => {
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
  ['from the first record that is named', [answered(sequence(4), sequence(3))], ['12345', '345']],
  ['in halves, when all failed', [failed, answered()], ['12345', '123', '45']],
  ['in halves, when the first one is named', [answered(sequence(1))], ['12345', '123', '45']],
  ['in halves, when a stranger is named', [answered('7')], ['12345', '123', '45']],
  ['in halves, when nobody is named', [answered(null)], ['12345', '123', '45']],
  ['as they were, when no environment was free', [{ kind: 'throttled' } as const], ['12345', '12345']],
  ['never, when the answer is null', [{ kind: 'answered', payload: 'null' } as const], ['12345']],
])('failed batches are tried again %s', async (_, answers, batches) => {
  const { push, settled, gaveUp } = source(answers);
  push('12345');
  await settled(batches);
  expect(gaveUp).toEqual([]);
});

test('without leave to report items or to bisect, the whole batch fails or does not', async () => {
  const { push, settled } = source([answered(sequence(1)), failed], {
    bisectOnError: false,
    reportsItemFailures: false,
  });
  push('12');
  await settled(['12']);
  push('34');
  await settled(['12', '34', '34']);
});

test('a record that always fails is given up as the mapping says, and holds nothing back for longer', async () => {
  const { push, settled, gaveUp } = source([failed, failed, failed, failed], { retryAttempts: 2 });
  push('12');
  await settled(['12', '1', '1', '1', '2']);
  expect(gaveUp).toEqual(['publish: 1']);
});

test('a record that is too old is not tried again', async () => {
  const { push, settled, gaveUp } = source([failed], { maxRecordAgeMs: 60_000, bisectOnError: false });
  push('1', Date.now() - 100_000);
  push('2');
  await vi.waitFor(() => expect(gaveUp).toEqual(['publish: 12']), { timeout: 30_000, interval: 1 });
  push('3');
  await settled(['12', '3']);
});

test('a schedule fires at once and then every so often, whether or not the last tick has ended', async () => {
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
