import { expect, it } from 'vitest';
import { lostTransitionsIn } from '../../../cdk/ops/dead-letters.ts';
import { deadLetterOf } from '../../emulator/aws/dead-letter.ts';
import { createStream } from '../../emulator/aws/stream.ts';

it('ops redrive can read the message that the local event source leaves in the dead-letter queue', () => {
  const streamArn = 'arn:aws:dynamodb:eu-west-1:1:table/orders/stream/local';
  const recordOf = createStream({ arn: streamArn, tableName: 'orders', keyNames: ['n'] }, 'eu-west-1');
  const records = [1_000, 5_000].map((at) =>
    recordOf({ tableName: 'orders', keys: { n: 1 }, before: undefined, after: { n: 1 }, at }),
  );
  const message = deadLetterOf({ functionName: 'publish', streamArn }, records, 9_000);
  expect(lostTransitionsIn({ Body: message })).toEqual({ since: 1_000, records: 2, reason: 'RetryAttemptsExhausted' });
});
