import { Duration } from 'aws-cdk-lib';
import {
  EventSourceMapping,
  FilterCriteria,
  FilterRule,
  type IFunction,
  MetricType,
  StartingPosition,
} from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { headKey, watchKey } from '../lib/snapshots/items.ts';
import type { WatchStatus } from '../lib/snapshots/watch.ts';
import type { DeadLetterQueue } from './dead-letter-queue.ts';

type TransitionEventsProps = {
  /** Of the snapshot table's stream. */
  readonly streamArn: string;
  readonly publishTransitions: IFunction;
  readonly deadLetters: DeadLetterQueue;
};

/** Invokes publish-transitions with changes of the table, in sequence for each order. */
export class TransitionEvents extends Construct {
  readonly mapping: EventSourceMapping;

  constructor(scope: Construct, id: string, props: TransitionEventsProps) {
    super(scope, id);
    // Not the L2's event source: it grants ListStreams on every stream of the AWS account.
    this.mapping = new EventSourceMapping(this, 'Stream', {
      target: props.publishTransitions,
      eventSourceArn: props.streamArn,
      filters,
      // From the oldest record: one that was written before the mapping existed must not be missed, and one that is read
      // again after the mapping was replaced gives an event with the same id.
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      maxBatchingWindow: Duration.seconds(1),
      // Few records pass the filter: one invocation at a time for each shard keeps up.
      parallelizationFactor: 1,
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      retryAttempts: 10,
      // The stream drops a record after 24 hours. Given up after 12, it leaves a message in the dead-letter queue, and the
      // record itself can be read for another 12 hours.
      maxRecordAge: Duration.hours(12),
      // The message holds the position in the stream, not the records: the redrive command rebuilds the events from the
      // table. Without PolledEventCount, a mapping that is off looks like one without changes.
      metricsConfig: { metrics: [MetricType.EVENT_COUNT] },
      onFailure: { bind: () => ({ destination: props.deadLetters.queue.queueArn }) },
    });
  }
}

const unremarkable: WatchStatus = 'watched';

/**
 * A record passes if it matches one of these: heads, new watches, and those whose status is or was other than `watched`.
 * Nearly every check writes a watch that was `watched` and still is, and that costs no invocation.
 */
const filters = [
  FilterCriteria.filter({ dynamodb: { Keys: { sk: { S: FilterRule.isEqual(headKey) } } } }),
  FilterCriteria.filter({
    eventName: FilterRule.isEqual('INSERT'),
    dynamodb: { Keys: { sk: { S: FilterRule.isEqual(watchKey) } } },
  }),
  ...['NewImage', 'OldImage'].map((image) =>
    FilterCriteria.filter({
      dynamodb: {
        Keys: { sk: { S: FilterRule.isEqual(watchKey) } },
        [image]: { status: { S: FilterRule.notEquals(unremarkable) } },
      },
    }),
  ),
];
