import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { type TableDeps, tableFailure } from '../dynamo.ts';
import { accountKey, readAccountItem } from './items.ts';
import type { AccountTable } from './table.ts';

/**
 * The accounts' items in DynamoDB, read only: a separate module, so that functions that only read contain no writes.
 */
export function createDynamoAccountReader({ client, tableName }: TableDeps): Pick<AccountTable, 'readAccount'> {
  return {
    readAccount: async (account) => {
      const get = new GetItemCommand({ TableName: tableName, Key: accountKey(account), ConsistentRead: true });
      const { Item } = await client.send(get).catch((cause: unknown) => {
        throw tableFailure(cause);
      });
      return readAccountItem(Item);
    },
  };
}
