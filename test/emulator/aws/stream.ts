import { createHash } from 'node:crypto';
import type { Change } from './table-proxy.ts';
import type { LocalStream } from './triggers.ts';

/** One record as a DynamoDB stream with both images hands it to Lambda. */
export type StreamRecord = {
  readonly eventID: string;
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly eventVersion: '1.1';
  readonly eventSource: 'aws:dynamodb';
  readonly awsRegion: string;
  readonly eventSourceARN: string;
  readonly dynamodb: {
    /** Whole seconds, as the stream gives them. */
    readonly ApproximateCreationDateTime: number;
    readonly Keys: Change['keys'];
    readonly OldImage?: Change['before'];
    readonly NewImage?: Change['after'];
    readonly SequenceNumber: string;
    readonly SizeBytes: number;
    readonly StreamViewType: 'NEW_AND_OLD_IMAGES';
  };
};

/** Makes the records of one stream, of a single shard: their sequence numbers rise as its changes arrive. */
export function createStream({ arn }: LocalStream, region: string): (change: Change) => StreamRecord {
  let sequence = 0n;
  return ({ keys, before, after, at }) => {
    sequence += 1n;
    const SequenceNumber = String(100_000_000_000_000_000_000n + sequence);
    return {
      eventID: createHash('md5').update(arn).update(SequenceNumber).digest('hex'),
      eventName: before === undefined ? 'INSERT' : after === undefined ? 'REMOVE' : 'MODIFY',
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: region,
      eventSourceARN: arn,
      dynamodb: {
        ApproximateCreationDateTime: Math.floor(at / 1000),
        Keys: keys,
        ...(before !== undefined && { OldImage: before }),
        ...(after !== undefined && { NewImage: after }),
        SequenceNumber,
        SizeBytes: Buffer.byteLength(JSON.stringify([keys, before, after])),
        StreamViewType: 'NEW_AND_OLD_IMAGES',
      },
    };
  };
}
