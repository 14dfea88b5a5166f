import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import type { Item } from '../../../lib/dynamo.ts';
import type { Engine } from '../../engines.ts';

/** As many as one request may write. */
const atOnce = 25;

/** Puts items into the table as they are, past the store. */
export async function writeItems(
  { client, tableName }: Pick<Engine, 'client' | 'tableName'>,
  items: readonly Item[],
): Promise<void> {
  for (let i = 0; i < items.length; i += atOnce) {
    const requests = items.slice(i, i + atOnce).map((item) => ({ PutRequest: { Item: { ...item } } }));
    const { UnprocessedItems = {} } = await client.send(
      new BatchWriteItemCommand({ RequestItems: { [tableName]: requests } }),
    );
    if (Object.keys(UnprocessedItems).length > 0) throw new Error('the engine left items unwritten');
  }
}
