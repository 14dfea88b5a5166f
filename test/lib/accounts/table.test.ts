import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDynamoAccountTable } from '../../../lib/accounts/dynamo-table.ts';
import { createDynamoWatchRequests } from '../../../lib/accounts/dynamo-watch-requests.ts';
import { type Engine, engines } from '../../engines.ts';
import { createMemoryAccountTable } from './memory-table.ts';
import { testAccountTableContract } from './table-contract.ts';

describe('the account table in memory:', () => {
  const table = createMemoryAccountTable();
  testAccountTableContract(() => table);
});

describe.each(engines)('the account table on $name:', ({ start, present }) => {
  describe.runIf(present)('(available)', () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await start();
    });
    afterAll(() => engine.stop());
    testAccountTableContract(() => ({ ...createDynamoAccountTable(engine), ...createDynamoWatchRequests(engine) }));

    it('a watch request is stored with its time', async () => {
      const requests = createDynamoWatchRequests(engine);
      await requests.recordWatchRequest('requested', 1);
      await requests.recordWatchRequest('requested', 2);
      const Key = { pk: { S: 'requested' }, sk: { S: 'ACCOUNT' } };
      const { Item } = await engine.client.send(new GetItemCommand({ TableName: engine.tableName, Key }));
      expect(Item).toEqual({ ...Key, schema: { N: '1' }, watch_requested_at: { N: '2' } });
    });

    it('an account item of an unknown schema is refused', async () => {
      const Item = { pk: { S: 'odd' }, sk: { S: 'ACCOUNT' }, schema: { N: '1' }, tat: { S: 'soon' } };
      await engine.client.send(new PutItemCommand({ TableName: engine.tableName, Item }));
      const table = createDynamoAccountTable(engine);
      await expect(table.readAccount('odd')).rejects.toMatchObject({ code: 'store_corrupt' });
      const lease = { owner: 'a', now: 0, until: 1 };
      await expect(table.takeLease('odd', lease)).rejects.toMatchObject({ code: 'store_corrupt' });
    });
  });
});

it('a request to an account table that does not respond fails with store_unavailable', async () => {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const endpoint = 'http://127.0.0.1:1';
  const client = new DynamoDBClient({ endpoint, region: 'eu-central-1', credentials, maxAttempts: 1 });
  const table = createDynamoAccountTable({ client, tableName: 'snapshots' });
  const unavailable = { code: 'store_unavailable' };
  await expect(table.readAccount('main')).rejects.toMatchObject(unavailable);
  await expect(table.raiseTat('main', { below: 1, to: 1 })).rejects.toMatchObject(unavailable);
  const requests = createDynamoWatchRequests({ client, tableName: 'snapshots' });
  await expect(requests.recordWatchRequest('main', 1)).rejects.toMatchObject(unavailable);
});
