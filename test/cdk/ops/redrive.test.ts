import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { ListQueuesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { headItem, snapshotItem } from '../../../lib/snapshots/items.ts';
import { snapshotOf } from '../../../lib/snapshots/snapshot.ts';
import { start } from '../../lib/snapshots/observations.ts';
import { names, type OpsTestBed, seenOf, startOpsTestBed } from './ops-test-bed.ts';

let ops: OpsTestBed;
beforeEach(async () => {
  ops = await startOpsTestBed();
  await ops.observe('BEFORE', { requestedAfter: 0 });
  await ops.observe('LOST', { requestedAfter: hour + 1_000 });
  await ops.observe('LATER', { requestedAfter: 2 * hour });
});
afterEach(() => ops.stop());

const hour = 3_600_000;
const redrive = (...args: readonly string[]) => ops.run(['redrive', '--stage', 'dev', ...args]);
const iso = (after: number) => new Date(start + after).toISOString();

/** As Lambda reports a stream's records that it gave up on. */
function transitionDeadLetter(firstRecordAfter: number): string {
  return JSON.stringify({
    requestContext: {
      requestId: 'c9b8fa9f-5a7f-xmpl-af9c-0c604cde93a5',
      functionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:publish-transitions',
      condition: 'RetryAttemptsExhausted',
      approximateInvokeCount: 11,
    },
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    version: '1.0',
    timestamp: iso(firstRecordAfter + 60_000),
    DDBStreamBatchInfo: {
      shardId: 'shardId-00000001573689847184-864758bb',
      startSequenceNumber: '800000000003126276362',
      endSequenceNumber: '800000000003126276362',
      approximateArrivalOfFirstRecord: iso(firstRecordAfter).replace(/\.000Z$/, 'Z'),
      approximateArrivalOfLastRecord: iso(firstRecordAfter).replace(/\.000Z$/, 'Z'),
      batchSize: 1,
      streamArn: 'arn:aws:dynamodb:eu-central-1:123456789012:table/t/stream/2026-01-01T00:00:00.000',
    },
  });
}

/** How many messages others, and the alarm, can see. */
async function visible(prefix: string): Promise<number> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new SQSClient({ endpoint: ops.queues.url, region: 'eu-central-1', credentials });
  const { QueueUrls: [QueueUrl] = [] } = await client.send(new ListQueuesCommand({ QueueNamePrefix: prefix }));
  const limits = { MaxNumberOfMessages: 10, VisibilityTimeout: 0 };
  const { Messages = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl, ...limits }));
  return Messages.length;
}

describe('transitions', () => {
  beforeEach(() => {
    ops.queues.send(names.transitions, transitionDeadLetter(2 * hour));
    ops.queues.send(names.transitions, transitionDeadLetter(hour));
  });

  it('ops redrive of the transition dead-letter queue only shows the messages without --yes, and makes them visible again', async () => {
    const { code, out } = await redrive();
    expect(code).toBe(0);
    expect(out).toBe(
      'Transition dead-letter queue: 2 messages.\n' +
        `${iso(2 * hour)}  records: 1  RetryAttemptsExhausted\n` +
        `${iso(hour)}  records: 1  RetryAttemptsExhausted\n` +
        `Would send 2 OrderStateChanged of 2 orders since ${iso(hour - 15 * 60_000)} to ${names.bus}.\n` +
        'Sweep dead-letter queue: 0 messages.\n' +
        'Nothing was sent or deleted: add --yes to send and delete.\n',
    );
    expect(ops.bus.requests).toHaveLength(0);
    expect(await visible(names.transitions)).toBe(2);
  });

  it('ops redrive of the transition dead-letter queue clears the queue with --yes after sending again all events since just before its first message', async () => {
    const { code, out } = await redrive('--yes');
    expect(code).toBe(0);
    expect(out).toContain(`Sent 2 OrderStateChanged of 2 orders since ${iso(hour - 15 * 60_000)} to ${names.bus}.\n`);
    const sent = ops.bus.events.map(({ detail }) => JSON.parse(detail).order_id);
    expect(sent.toSorted()).toEqual(['LATER', 'LOST']);
    expect(ops.queues.messages(names.transitions)).toEqual([]);
  });

  it('ops redrive of the transition dead-letter queue keeps the messages when the bus keeps refusing events', async () => {
    ops.bus.failAlways({ kind: 'refuse', entries: [0] });
    const { code, stderr } = await redrive('--yes');
    expect(code).toBe(1);
    expect(stderr).toContain('stopped accepting events');
    expect(await visible(names.transitions)).toBe(2);
  });

  it('ops redrive of the transition dead-letter queue keeps the messages when an order cannot be read, and names the order', async () => {
    const broken = snapshotOf(seenOf('BROKEN', { requestedAfter: hour }));
    for (const item of [headItem(broken), { ...snapshotItem(broken), result: { S: 'no order' } }])
      await ops.engine.client.send(new PutItemCommand({ TableName: names.table, Item: item }));
    const { code, stderr } = await redrive('--yes');
    expect(code).toBe(1);
    expect(stderr).toContain('main#BROKEN: ');
    expect(stderr).toContain('No transition message was deleted, because orders cannot be read: 1.\n');
    expect(await visible(names.transitions)).toBe(2);
  });

  it('ops redrive of the transition dead-letter queue keeps messages that Lambda did not send, and fails', async () => {
    ops.queues.send(names.transitions, 'hello');
    const { code, stderr } = await redrive('--yes');
    expect(code).toBe(1);
    expect(stderr).toContain('Left in the queue, not messages from Lambda: 1.\n');
    expect(ops.queues.messages(names.transitions).map(({ Body }) => Body)).toEqual(['hello']);
  });

  it('ops redrive of the transition dead-letter queue reports messages that the queue refuses to delete', async () => {
    ops.queues.fail({ kind: 'pass' }, { kind: 'pass' }, { kind: 'pass' }, { kind: 'refuse', entries: [0] });
    const { code, stderr } = await redrive('--yes');
    expect([code, stderr.split('\n').at(-2)]).toEqual([1, '1 of 2 messages could not be deleted: run this again']);
    expect(await visible(names.transitions)).toBe(1);
  });
});

describe('sweeps', () => {
  beforeEach(() => {
    const error = { ERROR_CODE: 'ThrottlingException', ERROR_MESSAGE: 'Rate exceeded' };
    ops.queues.send(names.sweeps, '{"accounts":["main","hedge"]}', error);
    const failed = {
      version: '1.0',
      timestamp: iso(0),
      requestContext: { requestId: 'r', condition: 'RetriesExhausted', approximateInvokeCount: 1 },
      requestPayload: { accounts: ['other'] },
      responseContext: { statusCode: 200, functionError: 'Unhandled' },
      responsePayload: { errorType: 'Sandbox.Timedout', errorMessage: 'Task timed out after 150.00 seconds' },
    };
    ops.queues.send(names.sweeps, JSON.stringify(failed));
  });

  it('ops redrive of the sweep dead-letter queue shows the accounts of each lost sweep and its error, and never redrives a sweep', async () => {
    const { code, out } = await redrive();
    expect(code).toBe(0);
    expect(out).toMatch(/^Sweep dead-letter queue: 2 messages, which only need to be deleted\.$/m);
    expect(out).toMatch(/ main hedge +ThrottlingException: Rate exceeded\n/);
    expect(out).toMatch(/ other +Task timed out after 150\.00 seconds\n/);
    expect(await visible(names.sweeps)).toBe(2);
    expect(ops.bus.requests).toHaveLength(0);
  });

  it('ops redrive of the sweep dead-letter queue clears the queue with --yes', async () => {
    const { out } = await redrive('--yes', '--json');
    expect(JSON.parse(out)).toMatchObject({
      done: true,
      transitions: { messages: 0 },
      sweeps: [{ accounts: ['main', 'hedge'] }, { accounts: ['other'] }],
    });
    expect(ops.queues.messages(names.sweeps)).toEqual([]);
  });
});

it('ops redrive processes more messages than one request returns', async () => {
  for (let each = 0; each < 23; each++) ops.queues.send(names.sweeps, '{"accounts":["main","hedge"]}');
  expect((await redrive('--yes')).out).toContain('Sweep dead-letter queue: 23 messages');
  expect(ops.queues.messages(names.sweeps)).toEqual([]);
});
