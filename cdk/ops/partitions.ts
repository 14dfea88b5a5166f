import type { Item } from '../../lib/dynamo.ts';
import type { TableReader } from './table-reader.ts';

/** The items of one partition key after another: a scan returns them together. */
export async function* partitions(reader: TableReader): AsyncGenerator<readonly [pk: string, items: readonly Item[]]> {
  let pk: string | undefined;
  let items: Item[] = [];
  for await (const page of reader.scan()) {
    for (const item of page.items) {
      const key = item['pk']?.S ?? '';
      if (pk !== undefined && key !== pk) {
        yield [pk, items];
        items = [];
      }
      pk = key;
      items.push(item);
    }
  }
  if (pk !== undefined) yield [pk, items];
}

/** The items of one partition key as of now: what was written in part during a scan is complete. */
export function readPartition(reader: TableReader, pk: string): Promise<readonly Item[]> {
  return reader.query({
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': { S: pk } },
    ConsistentRead: true,
  });
}
