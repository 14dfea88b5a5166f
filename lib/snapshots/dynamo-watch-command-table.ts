import { createPut, createUpdate, number } from '../dynamo.ts';
import { createPutWatch, type WatchWriterDeps } from './dynamo-put-watch.ts';
import { partitionKey, watchCommandItem, watchKey } from './items.ts';
import { readWatch } from './read-items.ts';
import type { WatchCommandTable } from './table.ts';

/** What a watch command needs of the table in DynamoDB: a separate module, so that its function has no queries. */
export function createDynamoWatchCommandTable(deps: WatchWriterDeps): WatchCommandTable {
  const put = createPut(deps);
  const update = createUpdate(deps);
  return {
    putWatchCommand: async (command) => {
      await put({ Item: watchCommandItem(command) });
    },

    claimWatch: async (key) => {
      const item = await update({
        Key: { pk: { S: partitionKey(key) }, sk: { S: watchKey } },
        UpdateExpression: 'SET revision = revision + :one',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':one': number(1) },
      });
      return item && readWatch(item);
    },

    putWatch: createPutWatch(deps),
  };
}
