import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { DynamoDBBatchResponse, DynamoDBRecord } from 'aws-lambda';
import type { Clock } from '../clock.ts';
import { asFailure } from '../errors.ts';
import { describeFailure, type Logger } from '../log.ts';
import type { Bus } from './bus.ts';
import { entryOf } from './entry.ts';
import { type TransitionEvent, transitionOf } from './events.ts';
import type { SendDeadLetter } from './send-dead-letter.ts';
import { imagesOf } from './stream.ts';

type PublisherDeps = {
  readonly bus: Bus;
  readonly busName: string;
  readonly sendDeadLetter: SendDeadLetter;
  readonly clock: Clock;
  readonly logger: Logger;
};

/** Publishes the events of stream records within the Lambda's `remainingMs`; returns where to resume. */
export type Publisher = (records: readonly DynamoDBRecord[], remainingMs: number) => Promise<DynamoDBBatchResponse>;

/** Reserved from the Lambda's time for the response and the log. */
const responseMs = 1_000;

type Prepared = { readonly record: DynamoDBRecord; readonly entry: PutEventsRequestEntry };

/**
 * Records become entries in the stream's order. When the bus fails, sending stops, so that no order's events overtake
 * each other, and the first unsent record is returned: Lambda retries from there. An unreadable record is put aside in
 * the dead-letter queue at once. Only if that fails is it returned, and holds up its shard until Lambda gives it up.
 * Records after the returned one may be sent again, with the same ids.
 */
export function createPublisher({ bus, busName, sendDeadLetter, clock, logger }: PublisherDeps): Publisher {
  return async (records, remainingMs) => {
    const startedAt = clock.now();
    const prepared: Prepared[] = [];
    const delays: number[] = [];
    const failed = new Set<DynamoDBRecord>();
    const unreadable: DynamoDBRecord[] = [];
    for (const record of records) {
      try {
        const event = transitionOf(imagesOf(record));
        if (event === undefined) continue;
        prepared.push({ record, entry: entryOf(event, busName) });
        delays.push(...delayOf(event));
      } catch (thrown) {
        unreadable.push(record);
        logUnreadable(record, thrown);
      }
    }
    const entries = prepared.map(({ entry }) => entry);
    const deadline = startedAt + remainingMs - responseMs;
    const { accepted, stop } = await bus(entries, deadline);
    const unsent = prepared[accepted]?.record;
    if (unsent !== undefined) failed.add(unsent);
    for (const record of unreadable) {
      // Those after the unsent one come again with it.
      if (unsent !== undefined && records.indexOf(record) > records.indexOf(unsent)) break;
      if (!(await sendDeadLetter(record, deadline))) failed.add(record);
    }

    logger[stop === undefined ? 'info' : 'warn']('published', {
      code: stop?.code ?? 'ok',
      reason: stop?.reason,
      records: records.length,
      published: Object.fromEntries(countByEventName(entries.slice(0, accepted))),
      left: entries.length - accepted,
      slowest_ms: delays.length > 0 ? Math.max(...delays) : undefined,
      duration_ms: clock.now() - startedAt,
    });
    const first = records.find((record) => failed.has(record));
    return { batchItemFailures: first === undefined ? [] : [{ itemIdentifier: sequenceNumberOf(first) }] };
  };

  function logUnreadable(record: DynamoDBRecord, thrown: unknown): void {
    const failure = asFailure(thrown);
    logger.error('unreadable', {
      sequence_number: sequenceNumberOf(record),
      order: record.dynamodb?.Keys?.['pk']?.S,
      ...describeFailure(failure),
    });
  }
}

/**
 * How long after the exchange's time of a transition we observed it, milliseconds. None for an order's first
 * observation, which depends only on when the order was first requested.
 */
function delayOf({ name, at, detail }: TransitionEvent): number[] {
  return name === 'OrderStateChanged' && detail.from !== null ? [at - detail.to.last_update_timestamp] : [];
}

/** The number of entries by event name. */
export function countByEventName(entries: readonly PutEventsRequestEntry[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { DetailType = '' } of entries) counts.set(DetailType, (counts.get(DetailType) ?? 0) + 1);
  return counts;
}

/** Without one the id is empty, which Lambda treats as a failure of the whole batch. */
function sequenceNumberOf({ dynamodb }: DynamoDBRecord): string {
  return dynamodb?.SequenceNumber ?? '';
}
