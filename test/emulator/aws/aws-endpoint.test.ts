import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDynamoClient, createEventBridgeClient } from '../../../lib/aws.ts';
import { startDynalite, type Engine as Table } from '../../engines.ts';
import { startAwsEndpoint } from './aws-endpoint.ts';
import type { Engine } from './engines.ts';
import { type EventBus, startEventBus } from './event-bus/server.ts';

let table: Table;
let bus: EventBus;
let aws: Engine;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  [table, bus] = await Promise.all([startDynalite(), startEventBus()]);
  const dynamo = await table.client.config.endpoint?.();
  aws = await startAwsEndpoint({ DynamoDB_20120810: `http://127.0.0.1:${dynamo?.port}`, AWSEvents: bus.url });
  env = {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_DYNAMODB: aws.url,
    AWS_ENDPOINT_URL_EVENTBRIDGE: aws.url,
  };
});
afterAll(() => Promise.all([aws.stop(), table.stop(), bus.stop()]));

const entry = { EventBusName: 'any', Source: 'tests', DetailType: 'Tested', Detail: '{"n":1}' };

it('hands each call to the service that it is for, refusals and all', async () => {
  const { TableNames } = await createDynamoClient(env).send(new ListTablesCommand({}));
  expect(TableNames).toEqual([table.tableName]);
  const events = createEventBridgeClient(env);
  await events.send(new PutEventsCommand({ Entries: [entry] }));
  expect(bus.events).toMatchObject([{ detail: '{"n":1}' }]);
  bus.fail({ kind: 'denied' });
  const denied = events.send(new PutEventsCommand({ Entries: [entry] }));
  await expect(denied).rejects.toMatchObject({ name: 'AccessDeniedException', $metadata: { httpStatusCode: 400 } });
});

it('refuses what is for a service that does not run', async () => {
  for (const headers of [
    {},
    { 'x-amz-target': 'secretsmanager.GetSecretValue' },
    { 'x-amz-target': 'constructor.x' },
  ]) {
    const answer = await fetch(aws.url, { method: 'POST', headers, body: '{}' });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('UnknownOperationException')]);
  }
});

it('resets the connection when the service behind it is gone, as it would be without it', async () => {
  const gone = await startEventBus();
  await gone.stop();
  const endpoint = await startAwsEndpoint({ AWSEvents: gone.url });
  const headers = { 'x-amz-target': 'AWSEvents.PutEvents' };
  await expect(fetch(endpoint.url, { method: 'POST', headers, body: '{}' })).rejects.toThrow('fetch failed');
  await endpoint.stop();
});
