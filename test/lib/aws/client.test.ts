import {
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createDynamoClient,
  createEventBridgeClient,
  createQueueClient,
  createSecretsManagerClient,
} from '../../../lib/aws/clients.ts';
import { type LocalAws, startLocalAws } from '../../local-aws.ts';
import { type Recorder, startRecorder } from './recorder.ts';

const region = 'eu-central-1';
const env = { AWS_REGION: region, AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'example' };
const sdk = { region, credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' } };

let aws: LocalAws;
let table: Recorder;
let secrets: Recorder;
let queues: Recorder;
let bus: Recorder;
beforeAll(async () => {
  aws = await startLocalAws({ tableName: 'snapshots', queues: ['dead-messages'], buses: ['transitions'] });
  aws.secrets.create('key', 'value');
  table = await startRecorder(aws.engine.url);
  secrets = await startRecorder(aws.secrets.url);
  queues = await startRecorder(aws.queues.url);
  bus = await startRecorder(aws.bus.url);
});
afterAll(async () => {
  for (const { stop } of [table, secrets, queues, bus]) await stop();
  await aws.stop();
});

/** What is on the wire and what comes of it, but for what is new each time. */
async function exchangeOf(recorder: Recorder, request: Promise<object>): Promise<unknown> {
  const outcome = await request.catch((error: Error) => ({
    ...error,
    name: error.name,
    message: error.message,
    kinds: kindsOf(error),
  }));
  const text = JSON.stringify({ outcome, requests: recorder.take() });
  return JSON.parse(text.replace(/"([Rr]equestId|MessageId|EventId|totalRetryDelay)":("[^"]*"|\d+)/g, '"$1":"new"'));
}

/** The names of an error's classes, its own first. */
function kindsOf(error: object): readonly string[] {
  const kind = Object.getPrototypeOf(error);
  return kind === Object.prototype ? [] : [String(kind.constructor.name), ...kindsOf(kind)];
}

const TableName = 'snapshots';
const Key = { pk: { S: 'main#1' }, sk: { S: 'NOW#WATCH' } };
const Item = {
  ...Key,
  n: { N: '0.10' },
  text: { S: 'ü "\\\u2028 \u{1f600}' },
  flag: { BOOL: false },
  none: { L: [] },
  nested: { L: [{ M: { at: { N: '1' }, rank: { S: '' } } }] },
};
const query = { KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': Key.pk } };
const update = { Key, UpdateExpression: 'SET n = :n', ExpressionAttributeValues: { ':n': { N: '1e2' } } };

describe("requests, responses and errors are those of the SDK's own client", () => {
  it.each<[string, (client: Pick<DynamoDBClient, 'send'>) => Promise<object>]>([
    ['a put', (client) => client.send(new PutItemCommand({ TableName, Item }))],
    [
      'a refused put',
      (client) => client.send(new PutItemCommand({ TableName, Item, ConditionExpression: 'attribute_not_exists(pk)' })),
    ],
    [
      'an invalid put',
      (client) => client.send(new PutItemCommand({ TableName, Item, ConditionExpression: 'nonsense' })),
    ],
    ['a put without a table', (client) => client.send(new PutItemCommand({ TableName: 'nowhere', Item }))],
    ['an update', (client) => client.send(new UpdateItemCommand({ TableName, ...update, ReturnValues: 'ALL_NEW' }))],
    ['a query', (client) => client.send(new QueryCommand({ TableName, ...query, ConsistentRead: true, Limit: 2 }))],
    ['a get', (client) => client.send(new GetItemCommand({ TableName, Key }))],
    [
      'a get of nothing',
      (client) => client.send(new GetItemCommand({ TableName, Key: { ...Key, pk: { S: 'other' } } })),
    ],
  ])('%s', async (_, send) => {
    const ours = createDynamoClient({ ...env, AWS_ENDPOINT_URL_DYNAMODB: table.url });
    const theirs = new DynamoDBClient({ ...sdk, endpoint: table.url });
    const exchange = await exchangeOf(table, send(ours));
    expect(exchange).toEqual(await exchangeOf(table, send(theirs)));
  });

  it.each(['key', 'nothing', ''])('the secret named "%s"', async (SecretId) => {
    const command = new GetSecretValueCommand({ SecretId });
    const ours = createSecretsManagerClient({ ...env, AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url });
    const theirs = new SecretsManagerClient({ ...sdk, endpoint: secrets.url });
    const exchange = await exchangeOf(secrets, ours.send(command));
    expect(exchange).toEqual(await exchangeOf(secrets, theirs.send(command)));
  });

  it.each(['transitions', 'nowhere'])('events to %s', async (EventBusName) => {
    const entry = { EventBusName, Source: 's', DetailType: 't', Detail: '{"digits":0.10}', Time: new Date(1e12) };
    const command = new PutEventsCommand({ Entries: [entry] });
    const ours = createEventBridgeClient({ ...env, AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url });
    const theirs = new EventBridgeClient({ ...sdk, endpoint: bus.url });
    const exchange = await exchangeOf(bus, ours.send(command));
    expect(exchange).toEqual(await exchangeOf(bus, theirs.send(command)));
  });

  it.each(['dead-messages', 'nowhere'])('a message to %s', async (name) => {
    const command = new SendMessageCommand({ QueueUrl: `${queues.url}/123456789012/${name}`, MessageBody: '{}' });
    const ours = createQueueClient({ ...env, AWS_ENDPOINT_URL_SQS: queues.url });
    const theirs = new SQSClient({ ...sdk, endpoint: queues.url });
    const exchange = await exchangeOf(queues, ours.send(command));
    expect(exchange).toEqual(await exchangeOf(queues, theirs.send(command)));
  });
});

it.each(['eu-central-1', 'us-gov-west-1', 'cn-north-1'])('in %s, endpoints are those of the SDK', (Region) => {
  const there = { ...env, AWS_REGION: Region };
  const parameters = { Region, UseFIPS: false, UseDualStack: false };
  const pairs = [
    [createDynamoClient(there), new DynamoDBClient({ ...sdk, region: Region })],
    [createSecretsManagerClient(there), new SecretsManagerClient({ ...sdk, region: Region })],
    [createEventBridgeClient(there), new EventBridgeClient({ ...sdk, region: Region })],
    [createQueueClient(there), new SQSClient({ ...sdk, region: Region })],
  ] as const;
  for (const [ours, theirs] of pairs) {
    expect(ours.config.endpointProvider().url).toEqual(theirs.config.endpointProvider(parameters).url);
  }
});
