import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { accountKey } from '../../lib/accounts/items.ts';
import { UsageError } from './command-line.ts';
import type { Table } from './stack.ts';

/** Throws `UsageError` when the table has no item of the account: whatever a command said of a misspelled name would be wrong. */
export async function requireAccount({ client, tableName }: Table, account: string): Promise<void> {
  const { Item } = await client.send(new GetItemCommand({ TableName: tableName, Key: accountKey(account) }));
  if (Item === undefined)
    throw new UsageError(`The table has no account ${account}. Check the name; a new account appears within a minute`);
}
