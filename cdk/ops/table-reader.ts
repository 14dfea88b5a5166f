import {
  DescribeTableCommand,
  paginateQuery,
  paginateScan,
  type QueryCommandInput,
  type ScanCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { Clock } from '../../lib/clock.ts';
import type { Item } from '../../lib/dynamo.ts';
import type { Table } from './stack.ts';

/** Read capacity units a second that a command may use: the checks need the rest. */
export const readUnitsPerSecond = 100;

export type TableReader = {
  /** The whole table, page after page; `scanned` counts the items read for the page. */
  readonly scan: (
    request?: Omit<ScanCommandInput, 'TableName'>,
  ) => AsyncGenerator<{ readonly items: readonly Item[]; readonly scanned: number }>;
  readonly query: (request: Omit<QueryCommandInput, 'TableName'>) => Promise<readonly Item[]>;
};

/** Reads at `readUnitsPerSecond`: before each further page it waits for what was used so far, queries included. */
export function createTableReader({ client, tableName }: Table, clock: Clock): TableReader {
  const shared = { TableName: tableName, ReturnConsumedCapacity: 'TOTAL' } as const;
  let acquired = 0;
  return {
    scan: async function* (request = {}) {
      const pages = paginateScan({ client }, { ...request, ...shared });
      for await (const { Items = [], ScannedCount = 0, ConsumedCapacity, LastEvaluatedKey } of pages) {
        acquired += ConsumedCapacity?.CapacityUnits ?? 0;
        yield { items: Items, scanned: ScannedCount };
        if (LastEvaluatedKey !== undefined) await clock.sleep((acquired / readUnitsPerSecond) * 1000);
        acquired = 0;
      }
    },
    query: async (request) => {
      const items: Item[] = [];
      for await (const { Items = [], ConsumedCapacity } of paginateQuery({ client }, { ...request, ...shared })) {
        items.push(...Items);
        acquired += ConsumedCapacity?.CapacityUnits ?? 0;
      }
      return items;
    },
  };
}

/** How many items the table has, as DynamoDB counts them every six hours; for progress only. */
export async function itemCount({ client, tableName }: Table): Promise<number> {
  const { Table: description } = await client.send(new DescribeTableCommand({ TableName: tableName }));
  return description?.ItemCount ?? 0;
}
