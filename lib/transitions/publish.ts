import type { Logger } from '@aws-lambda-powertools/logger';
import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { DynamoDBBatchResponse, DynamoDBRecord } from 'aws-lambda';
import type { Clock } from '../clock.ts';
import { asFailure } from '../errors.ts';
import { describeFailure } from '../log.ts';
import type { Bus } from './bus.ts';
import { entryOf } from './entry.ts';
import { type TransitionEvent, transitionOf } from './events.ts';
import { imagesOf } from './stream.ts';

type PublisherDeps = {
  readonly bus: Bus;
  readonly busName: string;
  readonly clock: Clock;
  readonly logger: Logger;
};

/** Publishes the events of stream records within the Lambda's `remainingMs`; returns where to resume. */
export type Publisher = (records: readonly DynamoDBRecord[], remainingMs: number) => Promise<DynamoDBBatchResponse>;

/** Reserved from the Lambda's time for the response and the log. */
const answeringMs = 1_000;

type Prepared = { readonly record: DynamoDBRecord; readonly entry: PutEventsRequestEntry };

/**
 * Records become entries in the stream's order. When the bus fails, sending stops, so that no order's events overtake
 * each other, and the first unsent record is returned: Lambda retries from there. An unreadable record does not block
 * the others: they are sent, it is returned, and Lambda retries until it moves the record to its on-failure queue.
 * Either way, records after the returned one may be sent again, with the same ids.
 */
export function createPublisher({ bus, busName, clock, logger }: PublisherDeps): Publisher {
  return async (records, remainingMs) => {
    const startedAt = clock.now();
    const prepared: Prepared[] = [];
    const delays: number[] = [];
    const failed = new Set<DynamoDBRecord>();
    for (const record of records) {
      try {
        const event = transitionOf(imagesOf(record));
        if (event === undefined) continue;
        prepared.push({ record, entry: entryOf(event, busName) });
        delays.push(...delayOf(event));
      } catch (thrown) {
        failed.add(record);
        unreadable(record, thrown);
      }
    }
    const entries = prepared.map(({ entry }) => entry);
    const { accepted, stop } = await bus(entries, startedAt + remainingMs - answeringMs);
    const unsent = prepared[accepted]?.record;
    if (unsent !== undefined) failed.add(unsent);

    logger[stop === undefined ? 'info' : 'warn']('published', {
      code: stop?.code ?? 'ok',
      reason: stop?.reason,
      records: records.length,
      published: Object.fromEntries(countsOf(entries.slice(0, accepted))),
      left: entries.length - accepted,
      ...(delays.length > 0 && { slowest_ms: Math.max(...delays) }),
      duration_ms: clock.now() - startedAt,
    });
    const first = records.find((record) => failed.has(record));
    return { batchItemFailures: first === undefined ? [] : [{ itemIdentifier: sequenceNumberOf(first) }] };
  };

  function unreadable(record: DynamoDBRecord, thrown: unknown): void {
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
export function countsOf(entries: readonly PutEventsRequestEntry[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { DetailType = '' } of entries) counts.set(DetailType, (counts.get(DetailType) ?? 0) + 1);
  return counts;
}

/** Without one the id is empty, which Lambda treats as a failure of the whole batch. */
function sequenceNumberOf({ dynamodb }: DynamoDBRecord): string {
  return dynamodb?.SequenceNumber ?? '';
}
