import { ConditionalCheckFailedException, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Item } from '../dynamo.ts';
import { createPut, createPutWatch, type WatchWriterDeps } from './dynamo-writes.ts';
import { partitionKey, watchCommandItem, watchKey } from './items.ts';
import { readWatch } from './read-items.ts';
import type { OrderKey } from './snapshot.ts';
import type { WatchCommandTable } from './table.ts';
import { unavailable } from './unavailable.ts';

/** What a person's word needs of the table, on DynamoDB: apart from the rest, so that its function holds no read. */
export function createDynamoWatchCommandTable(deps: WatchWriterDeps): WatchCommandTable {
  const { client, tableName } = deps;
  const put = createPut(deps);
  return {
    putWatchCommand: async (command) => {
      await put({ Item: watchCommandItem(command) });
    },

    claimWatch: async (key) => {
      const item = await claim(key);
      return item && readWatch(item);
    },

    putWatch: createPutWatch(deps),
  };

  /** The whole item as it then is; `undefined` when there is none. */
  async function claim(key: OrderKey): Promise<Item | undefined> {
    const command = new UpdateItemCommand({
      TableName: tableName,
      Key: { pk: { S: partitionKey(key) }, sk: { S: watchKey } },
      UpdateExpression: 'SET revision = revision + :one',
      ConditionExpression: 'attribute_exists(pk)',
      ExpressionAttributeValues: { ':one': { N: '1' } },
      ReturnValues: 'ALL_NEW',
    });
    try {
      const { Attributes } = await client.send(command);
      return Attributes;
    } catch (cause) {
      if (cause instanceof ConditionalCheckFailedException) return undefined;
      throw unavailable(cause);
    }
  }
}
