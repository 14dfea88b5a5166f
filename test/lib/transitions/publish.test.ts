import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lostTransitionsIn } from '../../../cdk/ops/dead-letters.ts';
import { createEventBridgeClient, createQueueClient } from '../../../lib/aws/clients.ts';
import { type Clock, systemClock } from '../../../lib/clock.ts';
import type { Item } from '../../../lib/dynamo.ts';
import { Logger } from '../../../lib/log.ts';
import { headItem } from '../../../lib/snapshots/items.ts';
import { snapshotOf } from '../../../lib/snapshots/snapshot.ts';
import { createBus } from '../../../lib/transitions/bus.ts';
import { createPublisher, type Publisher } from '../../../lib/transitions/publish.ts';
import { createSendDeadLetter } from '../../../lib/transitions/send-dead-letter.ts';
import { type EventBus, startEventBus } from '../../emulator/aws/event-bus/server.ts';
import { type Queues, startQueues } from '../../emulator/aws/queues/server.ts';
import { type CapturedOutput, captureOutput } from '../captured-output.ts';
import { observationOf, type ReplyFields } from '../snapshots/observations.ts';
import { createVirtualClock } from '../virtual-clock.ts';
import { streamRecord } from './stream-records.ts';

let bus: EventBus;
let queues: Queues;
let output: CapturedOutput;
beforeEach(async () => {
  bus = await startEventBus();
  queues = await startQueues({ queues: ['dead-letters'] });
  output = captureOutput();
});
afterEach(async () => {
  output.release();
  await bus.stop();
  await queues.stop();
});

function publisher(clock: Clock = systemClock): Publisher {
  const env = {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'example',
    AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
    AWS_ENDPOINT_URL_SQS: queues.url,
  };
  const queueUrl = `${queues.url}/123456789012/dead-letters`;
  return createPublisher({
    bus: createBus({ client: createEventBridgeClient(env), clock }),
    busName: 'transitions',
    sendDeadLetter: createSendDeadLetter({ client: createQueueClient(env), queueUrl, clock }),
    clock,
    logger: new Logger(),
  });
}

function headOf(order: number, changes: Partial<ReplyFields> = {}): Item {
  const reply = { state: 'open', updatedAfter: 0, version: 1, filled: '0', label: 'body', rpl: '0' } as const;
  const key = { account: 'main', orderId: `ORDER-${order}` };
  return headItem(snapshotOf(observationOf(key, { ...reply, requestedAfter: 0, took: 1, request: 1, ...changes })));
}

const recordsOf = (count: number) => Array.from({ length: count }, (_, i) => streamRecord(undefined, headOf(i)));
const ordersOnBus = () => bus.events.map(({ detail }) => Number(/"ORDER-(\d+)"/.exec(detail)?.[1]));
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);
const logged = () => output.lines().map((line) => JSON.parse(line));

describe('batches', () => {
  it('a batch of stream records reaches the bus in its order, ten entries a request, and is not retried', async () => {
    expect(await publisher()(recordsOf(23), 20_000)).toEqual({ batchItemFailures: [] });
    expect(ordersOnBus()).toEqual(upTo(23));
    expect(bus.requests).toHaveLength(3);
    expect(new Set(bus.events.map((event) => event.bus))).toEqual(new Set(['transitions']));
    expect(logged()).toMatchObject([
      { level: 'INFO', message: 'published', code: 'ok', records: 23, published: { OrderStateChanged: 23 }, left: 0 },
    ]);
  });

  it('a batch of stream records is logged with the longest delay from the exchange to a snapshot, first observations excluded', async () => {
    await publisher()(recordsOf(2), 20_000);
    expect(logged()[0]).not.toHaveProperty('slowest_ms');
    // Requested 10 s after the start at the earliest, and the reply took a millisecond.
    const changed = [
      streamRecord(headOf(1), headOf(1, { updatedAfter: 5_000 })),
      streamRecord(headOf(2), headOf(2, { updatedAfter: 5_000, requestedAfter: 2_000 })),
      streamRecord(undefined, headOf(3, { requestedAfter: 60_000 })),
    ];
    await publisher()(changed, 20_000);
    expect(logged()[1]).toMatchObject({ message: 'published', slowest_ms: 10_000 + 2_000 + 1 - 5_000 });
  });

  it('a batch of stream records causes no request when it contains no event', async () => {
    const removed = streamRecord(headOf(1), undefined);
    expect(await publisher()([removed], 20_000)).toEqual({ batchItemFailures: [] });
    expect(bus.requests).toHaveLength(0);
  });

  it('a batch of stream records gives events with the same ids when it is replayed', async () => {
    const records = recordsOf(3);
    await publisher()(records, 20_000);
    await publisher()(records, 20_000);
    const ids = bus.events.map(({ detail }) => JSON.parse(detail).id);
    expect(ids.slice(3)).toEqual(ids.slice(0, 3));
    expect(new Set(ids).size).toBe(3);
  });

  it('a batch of stream records is retried from the first entry that the bus refused, and later entries wait', async () => {
    const records = recordsOf(25);
    bus.fail({ kind: 'pass' }, { kind: 'refuse', entries: [5, 3], code: 'ThrottlingException' });
    expect(await publisher()(records, 20_000)).toEqual({
      batchItemFailures: [{ itemIdentifier: records[13]?.dynamodb?.SequenceNumber }],
    });
    expect(bus.requests).toHaveLength(2);
    expect(logged()).toMatchObject([{ level: 'WARN', code: 'bus_refused', reason: 'ThrottlingException', left: 12 }]);

    expect(await publisher()(records.slice(13), 20_000)).toEqual({ batchItemFailures: [] });
    expect(new Set(ordersOnBus())).toEqual(new Set(upTo(25)));
  });

  it.each([
    ['throttles', { kind: 'throttled' }, 'ThrottlingException'],
    ['is broken', { kind: 'internal' }, 'InternalException'],
    ['does not let us', { kind: 'denied' }, 'AccessDeniedException'],
  ] as const)('a batch of stream records is retried from its start when the bus %s', async (_, fault, reason) => {
    const records = recordsOf(2);
    bus.failAlways(fault);
    expect(await publisher()(records, 20_000)).toEqual({
      batchItemFailures: [{ itemIdentifier: records[0]?.dynamodb?.SequenceNumber }],
    });
    expect(logged()).toMatchObject([{ code: 'bus_unavailable', reason, published: {}, left: 2 }]);
  });

  it('a batch of stream records is sent by the second attempt when only the first one failed', async () => {
    bus.fail({ kind: 'down' });
    expect(await publisher()(recordsOf(2), 20_000)).toEqual({ batchItemFailures: [] });
    expect(ordersOnBus()).toEqual([0, 1]);
  });

  it('a batch of stream records does not count as sent when something other than the bus responds', async () => {
    bus.failAlways({ kind: 'status', status: 200, body: '{}' });
    const { batchItemFailures } = await publisher()(recordsOf(1), 20_000);
    expect(batchItemFailures).toHaveLength(1);
    expect(logged()).toMatchObject([{ code: 'bus_refused', reason: 'no count of failed entries' }]);
  });

  it('a batch of stream records is given up in time when the bus hangs', async () => {
    const records = recordsOf(1);
    bus.failAlways({ kind: 'hang' });
    expect(await publisher()(records, 1_050)).toEqual({
      batchItemFailures: [{ itemIdentifier: records[0]?.dynamodb?.SequenceNumber }],
    });
    expect(logged()).toMatchObject([{ code: 'bus_unavailable', reason: 'AbortError' }]);
  });

  it('a batch of stream records is given up at the entry at which the time ends', async () => {
    const records = recordsOf(25);
    const clock = createVirtualClock();
    let requested = 0;
    const ticking = { ...clock, now: () => clock.now() + 100 * requested++ };
    const { batchItemFailures } = await publisher(ticking)(records, 1_250);
    expect(batchItemFailures).toEqual([{ itemIdentifier: records[20]?.dynamodb?.SequenceNumber }]);
    expect(ordersOnBus()).toEqual(upTo(20));
    expect(logged()).toMatchObject([{ code: 'deadline', left: 5 }]);
  });

  const unreadable = streamRecord(undefined, { ...headOf(2), result: { S: 'body' } });

  it('a batch of stream records sends a record that cannot be read to the dead-letter queue, and delays no other record', async () => {
    const records = recordsOf(5).toSpliced(2, 1, {
      ...unreadable,
      dynamodb: { ...unreadable.dynamodb, ApproximateCreationDateTime: 1_767_225_600 },
    });
    expect(await publisher()(records, 20_000)).toEqual({ batchItemFailures: [] });
    expect(ordersOnBus()).toEqual([0, 1, 3, 4]);
    expect(logged()).toMatchObject([
      {
        level: 'ERROR',
        message: 'unreadable',
        code: 'store_corrupt',
        order: 'main#ORDER-2',
        sequence_number: records[2]?.dynamodb?.SequenceNumber,
      },
      { level: 'INFO', published: { OrderStateChanged: 4 } },
    ]);
    const [message, ...others] = queues.messages('dead-letters');
    expect(others).toEqual([]);
    expect(message?.Body).toContain(records[2]?.dynamodb?.SequenceNumber);
    expect(message?.Body).not.toMatch(/ORDER|BTC/);
    // As the redrive command reads what Lambda gave up on.
    expect(lostTransitionsIn({ ...message })).toEqual({
      since: 1_767_225_600_000,
      records: 1,
      reason: 'UnreadableRecord',
    });
  });

  it('a batch of stream records is retried from a record that cannot be read when the queue does not accept it', async () => {
    const records = recordsOf(5).toSpliced(2, 1, unreadable);
    queues.failAlways({ kind: 'denied' });
    expect(await publisher()(records, 20_000)).toEqual({
      batchItemFailures: [{ itemIdentifier: records[2]?.dynamodb?.SequenceNumber }],
    });
    expect(ordersOnBus()).toEqual([0, 1, 3, 4]);
  });

  it('a batch of stream records leaves a record that cannot be read for the next attempt when the bus fails before it', async () => {
    const records = recordsOf(5).toSpliced(3, 1, unreadable);
    bus.fail({ kind: 'refuse', entries: [1] });
    expect(await publisher()(records, 20_000)).toEqual({
      batchItemFailures: [{ itemIdentifier: records[1]?.dynamodb?.SequenceNumber }],
    });
    expect(queues.messages('dead-letters')).toEqual([]);
  });

  it('a batch of stream records counts as failed as a whole when a record has no sequence number', async () => {
    queues.failAlways({ kind: 'denied' });
    expect(await publisher()([{ dynamodb: { NewImage: {} } }], 20_000)).toEqual({
      batchItemFailures: [{ itemIdentifier: '' }],
    });
  });

  it('a batch of stream records leaves no content of an order in the log', async () => {
    bus.failAlways({ kind: 'internal' });
    await publisher()(recordsOf(2), 20_000);
    await publisher()([streamRecord(undefined, { ...headOf(2), result: { S: '"body"' } })], 20_000);
    expect(output.text()).not.toMatch(/body|855|BTC/);
  });
});
