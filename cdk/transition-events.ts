import { Duration } from 'aws-cdk-lib';
import {
  EventSourceMapping,
  FilterCriteria,
  FilterRule,
  type IFunction,
  StartingPosition,
} from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { headKey, watchKey } from '../lib/snapshots/items.ts';
import type { WatchStatus } from '../lib/snapshots/watch.ts';
import type { DeadLetterQueue } from './dead-letter-queue.ts';

export type TransitionEventsProps = {
  /** Of the snapshot table's stream. */
  readonly streamArn: string;
  readonly publishTransitions: IFunction;
  readonly deadLetters: DeadLetterQueue;
};

/** What changes in the table, handed to the function that tells others: in order for each order of an account. */
export class TransitionEvents extends Construct {
  constructor(scope: Construct, id: string, props: TransitionEventsProps) {
    super(scope, id);
    // Not the L2's event source: it grants ListStreams on every stream of the AWS account.
    new EventSourceMapping(this, 'Stream', {
      target: props.publishTransitions,
      eventSourceArn: props.streamArn,
      filters,
      // From the stream's oldest record: one written between the deployment of the table and of this must not be missed,
      // and one read twice, after this was made anew, gives an event with the id that it had before.
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      maxBatchingWindow: Duration.seconds(1),
      // Changes are few once touches are filtered out: one invocation at a time and shard keeps up.
      parallelizationFactor: 1,
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      retryAttempts: 10,
      // The stream drops a record at 24 hours without a word. Given up at 12, it leaves a dead letter, and whoever reads
      // that has another 12 hours in which the record itself is there.
      maxRecordAge: Duration.hours(12),
      // A dead letter says where in the stream the records were, not what they said: the events are made again from the
      // table, by the redrive command.
      onFailure: { bind: () => ({ destination: props.deadLetters.queue.queueArn }) },
    });
  }
}

const coolDown: WatchStatus = 'watched';

/**
 * A record passes that matches one of these: heads, and watches that come from or go to a status worth telling. A watch
 * that was and stays `watched` was only touched, which is what nearly every check does, and costs no invocation.
 */
const filters = [
  FilterCriteria.filter({ dynamodb: { Keys: { sk: { S: FilterRule.isEqual(headKey) } } } }),
  ...['NewImage', 'OldImage'].map((image) =>
    FilterCriteria.filter({
      dynamodb: {
        Keys: { sk: { S: FilterRule.isEqual(watchKey) } },
        [image]: { status: { S: FilterRule.notEquals(coolDown) } },
      },
    }),
  ),
];
