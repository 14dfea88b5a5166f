import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle } from '../../../cdk/bundle.ts';
import { listen, unlisten } from '../../emulator/listen.ts';
import { type LocalAws, startLocalAws } from '../../local-aws.ts';
import { clientParts as source } from './parts.ts';
import { type Recorder, startRecorder } from './recorder.ts';

const region = 'eu-central-1';
const env = { AWS_REGION: region, AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'example' };
const sdk = { region, credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' } };

type Parts = typeof source;

/** As in a function's bundle, with what that replaces. */
const folder = mkdtempSync(join(tmpdir(), 'clients-'));
const outfile = join(folder, 'parts.mjs');
for (const contents of bundle(['test/lib/aws/parts.ts']).values()) writeFileSync(outfile, contents);
const { clientParts: bundled }: { readonly clientParts: Parts } = await import(pathToFileURL(outfile).href);

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
  rmSync(folder, { recursive: true });
  for (const { stop } of [table, secrets, queues, bus]) await stop();
  await aws.stop();
});

/** What is on the wire and what it results in, except for what is new each time. */
async function exchangeOf(recorder: Recorder, request: Promise<object>, parts: Parts = source): Promise<unknown> {
  const outcome = await request.catch((error: Error) => ({
    ...error,
    name: error.name,
    message: error.message,
    isRefusal: error instanceof parts.ConditionalCheckFailedException,
  }));
  const text = JSON.stringify({ outcome, requests: recorder.take() });
  return JSON.parse(text.replace(/"([Rr]equestId|MessageId|EventId|totalRetryDelay)":("[^"]*"|\d+)/g, '"$1":"new"'));
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

describe.each([
  ['in source', source],
  ['in a bundle', bundled],
])('%s', (_where, parts) => {
  it.each<[string, (client: Pick<DynamoDBClient, 'send'>, from: Parts) => Promise<object>]>([
    ['a put', (client, from) => client.send(new from.PutItemCommand({ TableName, Item }))],
    [
      'a refused put',
      (client, from) =>
        client.send(new from.PutItemCommand({ TableName, Item, ConditionExpression: 'attribute_not_exists(pk)' })),
    ],
    [
      'an invalid put',
      (client, from) => client.send(new from.PutItemCommand({ TableName, Item, ConditionExpression: 'nonsense' })),
    ],
    ['a put without a table', (client, from) => client.send(new from.PutItemCommand({ TableName: 'nowhere', Item }))],
    [
      'an update',
      (client, from) => client.send(new from.UpdateItemCommand({ TableName, ...update, ReturnValues: 'ALL_NEW' })),
    ],
    [
      'a query',
      (client, from) => client.send(new from.QueryCommand({ TableName, ...query, ConsistentRead: true, Limit: 2 })),
    ],
    [
      'a page and where the next one starts',
      (client, from) => client.send(new from.QueryCommand({ TableName, ...query, Limit: 1 })),
    ],
    ['a page of nothing', (client, from) => client.send(new from.QueryCommand({ TableName, ...query, Limit: 0 }))],
    ['a get', (client, from) => client.send(new from.GetItemCommand({ TableName, Key }))],
    [
      'a get of nothing',
      (client, from) => client.send(new from.GetItemCommand({ TableName, Key: { ...Key, pk: { S: 'other' } } })),
    ],
  ])("our AWS clients send and return the same as the SDK's own for %s", async (_, send) => {
    const ours = parts.createDynamoClient({ ...env, AWS_ENDPOINT_URL_DYNAMODB: table.url });
    const theirs = new DynamoDBClient({ ...sdk, endpoint: table.url });
    const exchange = await exchangeOf(table, send(ours, parts), parts);
    expect(exchange).toEqual(await exchangeOf(table, send(theirs, source)));
  });

  it.each([
    ['ConditionalCheckFailedException', 400],
    ['ItemCollectionSizeLimitExceededException', 400],
    ['ProvisionedThroughputExceededException', 400],
    ['ThrottlingException', 400],
    ['AccessDeniedException', 400],
    ['InternalServerError', 500],
  ])(
    "our AWS clients send and return the same as the SDK's own for the error %s, known by its class or not, and its number of attempts",
    async (code, status) => {
      const body = JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${code}`, message: 'for the test' });
      const server = createServer((_, response) => response.writeHead(status).end(body));
      const { port } = await listen(server, 0);
      const failing = await startRecorder(`http://127.0.0.1:${port}`);
      const put = (from: Parts) => new from.PutItemCommand({ TableName, Item });
      const ours = parts.createDynamoClient({ ...env, AWS_ENDPOINT_URL_DYNAMODB: failing.url });
      const theirs = new DynamoDBClient({ ...sdk, endpoint: failing.url, maxAttempts: 3 });
      const exchange = await exchangeOf(failing, ours.send(put(parts)), parts);
      expect(exchange).toEqual(await exchangeOf(failing, theirs.send(put(source))));
      await failing.stop();
      await unlisten(server);
    },
  );

  it.each(['key', 'nothing', ''])(
    `our AWS clients send and return the same as the SDK's own for the secret named "%s"`,
    async (SecretId) => {
      const commandOf = (from: Parts) => new from.GetSecretValueCommand({ SecretId });
      const ours = parts.createSecretsManagerClient({ ...env, AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url });
      const theirs = new SecretsManagerClient({ ...sdk, endpoint: secrets.url });
      const exchange = await exchangeOf(secrets, ours.send(commandOf(parts)), parts);
      expect(exchange).toEqual(await exchangeOf(secrets, theirs.send(commandOf(source))));
    },
  );

  it.each(['transitions', 'nowhere'])(
    "our AWS clients send and return the same as the SDK's own for events to %s",
    async (EventBusName) => {
      const entry = { EventBusName, Source: 's', DetailType: 't', Detail: '{"digits":0.10}', Time: new Date(1e12) };
      const commandOf = (from: Parts) => new from.PutEventsCommand({ Entries: [entry] });
      const ours = parts.createEventBridgeClient({ ...env, AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url });
      const theirs = new EventBridgeClient({ ...sdk, endpoint: bus.url });
      const exchange = await exchangeOf(bus, ours.send(commandOf(parts)), parts);
      expect(exchange).toEqual(await exchangeOf(bus, theirs.send(commandOf(source))));
    },
  );

  it.each(['dead-messages', 'nowhere'])(
    "our AWS clients send and return the same as the SDK's own for a message to %s",
    async (name) => {
      const commandOf = (from: Parts) =>
        new from.SendMessageCommand({ QueueUrl: `${queues.url}/123456789012/${name}`, MessageBody: '{}' });
      const ours = parts.createQueueClient({ ...env, AWS_ENDPOINT_URL_SQS: queues.url });
      const theirs = new SQSClient({ ...sdk, endpoint: queues.url });
      const exchange = await exchangeOf(queues, ours.send(commandOf(parts)), parts);
      expect(exchange).toEqual(await exchangeOf(queues, theirs.send(commandOf(source))));
    },
  );
});

it.each(['eu-central-1', 'us-gov-west-1', 'cn-north-1'])(
  'the endpoints of our AWS clients in the region %s are those of the SDK',
  (Region) => {
    const there = { ...env, AWS_REGION: Region };
    const parameters = { Region, UseFIPS: false, UseDualStack: false };
    const pairs = [
      [source.createDynamoClient(there), new DynamoDBClient({ ...sdk, region: Region })],
      [source.createSecretsManagerClient(there), new SecretsManagerClient({ ...sdk, region: Region })],
      [source.createEventBridgeClient(there), new EventBridgeClient({ ...sdk, region: Region })],
      [source.createQueueClient(there), new SQSClient({ ...sdk, region: Region })],
    ] as const;
    for (const [ours, theirs] of pairs) {
      expect(ours.config.endpointProvider().url).toEqual(theirs.config.endpointProvider(parameters).url);
    }
  },
);
