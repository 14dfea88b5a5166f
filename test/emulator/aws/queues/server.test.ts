import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Queues, startQueues } from './server.ts';

let queues: Queues;
let client: SQSClient;
let now = 0;

beforeEach(async () => {
  queues = await startQueues({ queues: ['stack-Sweeps-1', 'stack-Others-2'], now: () => now });
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  client = new SQSClient({ endpoint: queues.url, region: 'eu-central-1', credentials, maxAttempts: 1 });
});
afterEach(async () => {
  client.destroy();
  await queues.stop();
});

async function urlOf(prefix: string): Promise<string> {
  const { QueueUrls = [] } = await client.send(new ListQueuesCommand({ QueueNamePrefix: prefix }));
  return String(QueueUrls);
}

const receive = async (QueueUrl: string, VisibilityTimeout = 60) =>
  (await client.send(new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout, MaxNumberOfMessages: 10 }))).Messages;

it('the emulated SQS finds queues by the prefix of their name', async () => {
  expect(await urlOf('stack-S')).toMatch(/\/stack-Sweeps-1$/);
  expect(await urlOf('stack-')).toMatch(/stack-Sweeps-1,.*stack-Others-2$/);
  expect(await urlOf('other')).toBe('');
});

it('the emulated SQS hides a received message until its visibility timeout ends or it is made visible again', async () => {
  const QueueUrl = await urlOf('stack-S');
  queues.send('stack-Sweeps-1', 'hello', { ERROR_CODE: 'x' });
  const [message] = (await receive(QueueUrl)) ?? [];
  expect(message).toMatchObject({ Body: 'hello', MessageAttributes: { ERROR_CODE: { StringValue: 'x' } } });
  expect(await receive(QueueUrl)).toBeUndefined();
  now += 60_000;
  const [again] = (await receive(QueueUrl)) ?? [];
  expect(again?.MessageId).toBe(message?.MessageId);
  const Entries = [{ Id: '0', ReceiptHandle: again?.ReceiptHandle, VisibilityTimeout: 0 }];
  await client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }));
  expect(await receive(QueueUrl)).toHaveLength(1);
});

it('the emulated SQS deletes by the latest receipt only, and reports what it did not delete', async () => {
  const QueueUrl = await urlOf('stack-S');
  queues.send('stack-Sweeps-1', 'one');
  queues.send('stack-Sweeps-1', 'two');
  const received = (await receive(QueueUrl)) ?? [];
  const Entries = [...received.map(({ ReceiptHandle }) => ReceiptHandle), 'old'].map((ReceiptHandle, index) => ({
    Id: String(index),
    ReceiptHandle,
  }));
  queues.fail({ kind: 'refuse', entries: [0], code: 'InternalError' });
  const { Successful, Failed } = await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  expect(Successful?.map(({ Id }) => Id)).toEqual(['1']);
  expect(Failed?.map(({ Id }) => Id)).toEqual(['0', '2']);
  expect(queues.messages('stack-Sweeps-1').map(({ Body }) => Body)).toEqual(['one']);
});

it('the emulated SQS refuses a queue that does not exist, and a receive of more than ten messages', async () => {
  const gone = client.send(new ReceiveMessageCommand({ QueueUrl: 'http://127.0.0.1/1/gone' }));
  await expect(gone).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
  const QueueUrl = await urlOf('stack-S');
  const eleven = client.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 11 }));
  await expect(eleven).rejects.toMatchObject({ name: 'InvalidParameterValue' });
});
