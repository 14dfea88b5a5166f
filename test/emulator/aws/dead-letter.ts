import type { StreamRecord } from './stream.ts';
import type { LocalMapping } from './triggers.ts';

/** What Lambda sends to the on-failure queue about stream records that it gave up on: where they were, not what they said. */
export function deadLetterOf(
  { functionName, streamArn }: Pick<LocalMapping, 'functionName' | 'streamArn'>,
  records: readonly StreamRecord[],
  now: number,
): string {
  const [first, last] = [records[0]?.dynamodb, records.at(-1)?.dynamodb];
  return JSON.stringify({
    requestContext: { functionArn: functionName, condition: 'RetryAttemptsExhausted' },
    version: '1.0',
    timestamp: new Date(now).toISOString(),
    DDBStreamBatchInfo: {
      startSequenceNumber: first?.SequenceNumber,
      endSequenceNumber: last?.SequenceNumber,
      approximateArrivalOfFirstRecord: arrivalOf(first),
      approximateArrivalOfLastRecord: arrivalOf(last),
      batchSize: records.length,
      streamArn,
    },
  });
}

function arrivalOf(record: StreamRecord['dynamodb'] | undefined): string {
  return new Date((record?.ApproximateCreationDateTime ?? 0) * 1000).toISOString();
}
