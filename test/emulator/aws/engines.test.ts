import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { expect, it } from 'vitest';
import { access, createTables, startDynamo } from './engines.ts';

const region = 'eu-central-1';

// A write that came too late would otherwise end the process with an exception that nobody can catch.
it('a DynamoDB engine that stops during writes closes their connections, and does not crash the process', async () => {
  const engine = await startDynamo(undefined);
  await createTables(engine.url, region, [
    {
      TableName: 'orders',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    },
  ]);
  const client = new DynamoDBClient({ ...access, endpoint: engine.url, region });
  const write = async (pk: string) => client.send(new PutItemCommand({ TableName: 'orders', Item: { pk: { S: pk } } }));
  const writes = Array.from({ length: 40 }, (_, n) => write(String(n)));
  await Promise.race(writes);
  await engine.stop();
  const results = await Promise.allSettled(writes);
  expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['fulfilled', 'rejected']));
  client.destroy();
});
