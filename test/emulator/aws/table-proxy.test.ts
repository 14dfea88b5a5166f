import { isDeepStrictEqual } from 'node:util';
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Engine, startDynamo } from './engines.ts';
import { createStream } from './stream.ts';
import { type Change, startTableProxy } from './table-proxy.ts';

const TableName = 'orders';
const stream = {
  arn: 'arn:aws:dynamodb:eu-west-1:1:table/orders/stream/local',
  tableName: TableName,
  keyNames: ['pk', 'sk'],
};
const changes: Change[] = [];
let dynamo: Engine;
let proxy: Engine;
let client: DynamoDBClient;

beforeAll(async () => {
  dynamo = await startDynamo(undefined);
  proxy = await startTableProxy({ url: dynamo.url, streams: [stream], onChange: (change) => changes.push(change) });
  client = new DynamoDBClient({
    endpoint: proxy.url,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
  });
  for (const name of [TableName, 'other']) await client.send(createTable(name));
});
afterAll(async () => {
  client.destroy();
  await proxy.stop();
  await dynamo.stop();
});

function createTable(name: string): CreateTableCommand {
  return new CreateTableCommand({
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
  });
}

const key = (pk: string) => ({ pk: { S: pk }, sk: { S: 'HEAD' } });
const put = (pk: string, n: number, table = TableName) =>
  client.send(new PutItemCommand({ TableName: table, Item: { ...key(pk), n: { N: String(n) } } }));

/** The changes of one order, once there are so many: a write returns before its change is reported. */
async function changesOf(pk: string, count: number): Promise<readonly Change[]> {
  const reported = () => changes.filter(({ keys }) => isDeepStrictEqual(keys, key(pk)));
  await vi.waitFor(() => expect(reported()).toHaveLength(count), { timeout: 30_000, interval: 1 });
  return reported();
}
const numbers = (reported: readonly Change[]) => reported.map(({ before, after }) => [before?.['n'], after?.['n']]);

test('the table proxy reports the item before and after each write, with its digits as stored', async () => {
  await put('a', 1);
  await put('a', 2);
  const { Attributes } = await client.send(
    new UpdateItemCommand({
      TableName,
      Key: key('a'),
      UpdateExpression: 'SET n = n + :by, price = :price',
      ExpressionAttributeValues: { ':by': { N: '5' }, ':price': { S: '0.000000010' } },
      ReturnValues: 'ALL_NEW',
    }),
  );
  await client.send(new DeleteItemCommand({ TableName, Key: key('a') }));
  const last = { ...key('a'), n: { N: '7' }, price: { S: '0.000000010' } };
  expect(Attributes).toEqual(last);
  expect(await changesOf('a', 4)).toEqual(
    [
      [undefined, { ...key('a'), n: { N: '1' } }],
      [
        { ...key('a'), n: { N: '1' } },
        { ...key('a'), n: { N: '2' } },
      ],
      [{ ...key('a'), n: { N: '2' } }, last],
      [last, undefined],
    ].map(([before, after]) => ({ tableName: TableName, keys: key('a'), before, after, at: expect.any(Number) })),
  );
});

test('the table proxy reports no refused writes, no writes that change nothing, no reads, and no other tables', async () => {
  await put('b', 1);
  await put('b', 1);
  await put('b', 1, 'other');
  const absent = { ConditionExpression: 'attribute_not_exists(pk)' };
  await expect(client.send(new PutItemCommand({ TableName, Item: key('b'), ...absent }))).rejects.toMatchObject({
    name: 'ConditionalCheckFailedException',
  });
  await client.send(new DeleteItemCommand({ TableName, Key: key('nobody') }));
  await expect(client.send(new PutItemCommand({ TableName, Item: { pk: { S: 'b' } } }))).rejects.toMatchObject({
    name: 'ValidationException',
  });
  const { Item } = await client.send(new GetItemCommand({ TableName, Key: key('b') }));
  expect(Item).toEqual({ ...key('b'), n: { N: '1' } });
  // Reported in order: after this one, nothing before it is still to come.
  await put('b', 2);
  expect(numbers(await changesOf('b', 2))).toEqual([
    [undefined, { N: '1' }],
    [{ N: '1' }, { N: '2' }],
  ]);
  expect(changes.map(({ tableName }) => tableName)).not.toContain('other');
});

test('the table proxy serializes writes to one order, so that each report starts from the item that the write before left', async () => {
  const add = new UpdateItemCommand({
    TableName,
    Key: key('c'),
    UpdateExpression: 'ADD n :one',
    ExpressionAttributeValues: { ':one': { N: '1' } },
  });
  await Promise.all(Array.from({ length: 20 }, () => client.send(add)));
  const expected = Array.from({ length: 20 }, (_, n) => [n === 0 ? undefined : { N: String(n) }, { N: String(n + 1) }]);
  expect(numbers(await changesOf('c', 20))).toEqual(expected);
});

test('the table proxy refuses writes that it could not report, and resets the connection when the engine is gone', async () => {
  const batch = new BatchWriteItemCommand({ RequestItems: { [TableName]: [{ PutRequest: { Item: key('d') } }] } });
  await expect(client.send(batch)).rejects.toMatchObject({
    name: 'UnknownOperationException',
    message: expect.stringContaining('BatchWriteItem cannot run here'),
  });
  const orphan = await startTableProxy({ url: 'http://127.0.0.1:1', streams: [stream], onChange: () => undefined });
  await expect(fetch(orphan.url, { method: 'POST', body: '{}' })).rejects.toThrow();
  await orphan.stop();
});

test('the table proxy makes stream records as Lambda gets them from DynamoDB', () => {
  const recordOf = createStream(stream, 'eu-west-1');
  const [before, after] = [1, 2].map((n) => ({ ...key('a'), n: { N: String(n) } }));
  const change = { tableName: TableName, keys: key('a'), at: 1_700_000_000_999 };
  const records = [
    recordOf({ ...change, before: undefined, after }),
    recordOf({ ...change, before, after }),
    recordOf({ ...change, before, after: undefined }),
  ];
  expect(records.map(({ eventName }) => eventName)).toEqual(['INSERT', 'MODIFY', 'REMOVE']);
  expect(records[1]).toEqual({
    eventID: expect.stringMatching(/^[0-9a-f]{32}$/),
    eventName: 'MODIFY',
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: 'eu-west-1',
    eventSourceARN: stream.arn,
    dynamodb: {
      ApproximateCreationDateTime: 1_700_000_000,
      Keys: key('a'),
      OldImage: before,
      NewImage: after,
      SequenceNumber: '100000000000000000002',
      SizeBytes: expect.any(Number),
      StreamViewType: 'NEW_AND_OLD_IMAGES',
    },
  });
  expect(records[0]?.dynamodb).not.toHaveProperty('OldImage');
  expect(records[2]?.dynamodb).not.toHaveProperty('NewImage');
});
