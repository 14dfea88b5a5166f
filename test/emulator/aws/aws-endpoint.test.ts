import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startAwsEndpoint } from './aws-endpoint.ts';
import { access, createTables, type Engine, startDynamo } from './engines.ts';
import { type EventBus, startEventBus } from './event-bus/server.ts';

let dynamo: Engine;
let bus: EventBus;
let aws: Engine;
const region = 'eu-central-1';

beforeAll(async () => {
  [dynamo, bus] = await Promise.all([startDynamo(undefined), startEventBus()]);
  await createTables(dynamo.url, region, [
    {
      TableName: 'orders',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    },
  ]);
  aws = await startAwsEndpoint({ DynamoDB_20120810: dynamo.url, AWSEvents: bus.url });
});
afterAll(() => Promise.all([aws.stop(), dynamo.stop(), bus.stop()]));

const entry = { EventBusName: 'any', Source: 'tests', DetailType: 'Tested', Detail: '{"n":1}' };

it('the emulated AWS endpoint routes each call to its service, and passes refusals on', async () => {
  const { TableNames } = await new DynamoDBClient({ ...access, endpoint: aws.url, region }).send(
    new ListTablesCommand({}),
  );
  expect(TableNames).toEqual(['orders']);
  const events = new EventBridgeClient({ ...access, endpoint: aws.url, region });
  await events.send(new PutEventsCommand({ Entries: [entry] }));
  expect(bus.events).toMatchObject([{ detail: '{"n":1}' }]);
  bus.fail({ kind: 'denied' });
  const denied = events.send(new PutEventsCommand({ Entries: [entry] }));
  await expect(denied).rejects.toMatchObject({ name: 'AccessDeniedException', $metadata: { httpStatusCode: 400 } });
});

it('the emulated AWS endpoint refuses a request for a service that does not run', async () => {
  for (const headers of [
    {},
    { 'x-amz-target': 'secretsmanager.GetSecretValue' },
    { 'x-amz-target': 'constructor.x' },
  ]) {
    const response = await fetch(aws.url, { method: 'POST', headers, body: '{}' });
    expect([response.status, await response.text()]).toEqual([
      400,
      expect.stringContaining('UnknownOperationException'),
    ]);
  }
});

it('the emulated AWS endpoint refuses in XML a request for a service whose protocol is XML', async () => {
  const stacks = new CloudFormationClient({ ...access, endpoint: aws.url, region }).send(new DescribeStacksCommand({}));
  await expect(stacks).rejects.toMatchObject({
    name: 'UnknownOperationException',
    message: expect.stringContaining('No service'),
  });
});

it('the emulated AWS endpoint resets the connection when the service behind it is gone', async () => {
  const gone = await startEventBus();
  await gone.stop();
  const endpoint = await startAwsEndpoint({ AWSEvents: gone.url });
  const headers = { 'x-amz-target': 'AWSEvents.PutEvents' };
  await expect(fetch(endpoint.url, { method: 'POST', headers, body: '{}' })).rejects.toThrow('fetch failed');
  await endpoint.stop();
});
