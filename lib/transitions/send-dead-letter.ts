import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBRecord } from 'aws-lambda';
import type { Clock } from '../clock.ts';

/** Puts an unreadable record aside until `deadline`, epoch ms; `false` if the queue did not take it. Never throws. */
export type SendDeadLetter = (record: DynamoDBRecord, deadline: number) => Promise<boolean>;

type SendDeadLetterDeps = {
  readonly client: Pick<SQSClient, 'send'>;
  readonly queueUrl: string;
  readonly clock: Pick<Clock, 'now'>;
};

/**
 * Sends to the dead-letter queue what Lambda would send after its last attempt: where the record is in the stream, and
 * nothing of what it holds. The redrive command reads both alike.
 */
export function createSendDeadLetter({ client, queueUrl, clock }: SendDeadLetterDeps): SendDeadLetter {
  return async ({ dynamodb, eventSourceARN }, deadline) => {
    const now = clock.now();
    const arrived = dynamodb?.ApproximateCreationDateTime;
    const arrivedAt = new Date(arrived === undefined ? now : arrived * 1000).toISOString();
    const MessageBody = JSON.stringify({
      requestContext: { condition: 'UnreadableRecord' },
      version: '1.0',
      timestamp: new Date(now).toISOString(),
      DDBStreamBatchInfo: {
        startSequenceNumber: dynamodb?.SequenceNumber,
        endSequenceNumber: dynamodb?.SequenceNumber,
        approximateArrivalOfFirstRecord: arrivedAt,
        approximateArrivalOfLastRecord: arrivedAt,
        batchSize: 1,
        streamArn: eventSourceARN,
      },
    });
    try {
      const abortSignal = AbortSignal.timeout(Math.max(0, deadline - now));
      await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody }), { abortSignal });
      return true;
    } catch {
      return false;
    }
  };
}
