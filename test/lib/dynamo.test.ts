import { createServer, type Server } from 'node:http';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPut, createQuery, createUpdate, number, type TableDeps } from '../../lib/dynamo.ts';
import { type Engine, startDynalite } from '../engines.ts';
import { failureOf } from './thrown.ts';

const Key = { pk: { S: 'main#ORDER' }, sk: { S: 'NOW#WATCH' } };
const queryInput = { KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': Key.pk } };
const updateInput = {
  Key,
  UpdateExpression: 'SET revision = :one',
  ExpressionAttributeValues: { ':one': number(1) },
};

describe('permissions', () => {
  let server: Server;
  let deps: TableDeps;
  beforeAll(async () => {
    server = createServer((_, response) => {
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify({ __type: 'com.amazon.coral.service#AccessDeniedException', message: 'no' }));
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server listens on a port');
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const endpoint = `http://127.0.0.1:${address.port}`;
    deps = { client: new DynamoDBClient({ endpoint, region: 'eu-central-1', credentials }), tableName: 'snapshots' };
  });
  afterAll(() => {
    server.close();
  });

  it.each<[string, (deps: TableDeps) => Promise<unknown>]>([
    ['put', (own) => createPut(own)({ Item: Key })],
    ['update', (own) => createUpdate(own)(updateInput)],
    ['query', (own) => createQuery(own)(queryInput)],
  ])(
    'without the IAM permission, a request to the table for a %s fails as an internal error and names the missing permission',
    async (_, request) => {
      const failure = await failureOf(request(deps));
      expect(failure).toMatchObject({ code: 'internal', cause: { name: 'AccessDeniedException' } });
      expect(failure.message).toBe(
        "DynamoDB denied access to the table. Grant the function's role the missing permission.",
      );
    },
  );
});

describe('writes', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startDynalite();
  });
  afterAll(() => engine.stop());

  it('a write to a table returns false or undefined when its condition does not hold', async () => {
    const condition = { ConditionExpression: 'attribute_exists(pk)' };
    expect(await createPut(engine)({ Item: Key, ...condition })).toBe(false);
    expect(await createUpdate(engine)({ ...updateInput, ...condition })).toBeUndefined();
    expect(await createUpdate(engine)(updateInput)).toEqual({ ...Key, revision: { N: '1' } });
    expect((await createQuery(engine)(queryInput)).items).toEqual([{ ...Key, revision: { N: '1' } }]);
  });

  it('a write to a table above 400 KB is refused before it is sent, with its size', async () => {
    const itemOf = (bytes: number) => ({ ...Key, sk: { S: `S#${bytes}` }, result: { S: 'x'.repeat(bytes) } });
    const failure = await failureOf(createPut(engine)({ Item: itemOf(400 * 1024) }));
    expect(failure.code).toBe('invalid_response');
    expect(failure.message).toBe('The order is too large to store: 401 KB, but an item holds at most 400 KB.');
    expect(await createPut(engine)({ Item: itemOf(399 * 1024) })).toBe(true);
    // Characters of several bytes count as such.
    const wide = { ...Key, result: { S: '€'.repeat(150 * 1024) } };
    expect(await failureOf(createPut(engine)({ Item: wide }))).toMatchObject({ code: 'invalid_response' });
  });
});
