import { CreateTableCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import type { Item } from '../../../lib/dynamo.ts';
import { createDynamoTable } from '../../../lib/snapshots/dynamo-table.ts';
import { createSnapshotStore, type SnapshotStore } from '../../../lib/snapshots/store.ts';
import { snapshotTable } from '../../engines.ts';
import { policy } from '../../lib/snapshots/table-contract.ts';
import { names, type OpsTestBed, startOpsTestBed } from './ops-test-bed.ts';

/** The name of the restored table. */
export const from = 'restored';

export const key = (orderId: string) => ({ account: 'main', orderId });

export const filled = { state: 'filled', filled: '1', updatedAfter: 5, requestedAfter: 9_000 } as const;

/** A stack whose table is empty, and a restored table. */
export type RestoreTestBed = OpsTestBed & {
  /** Records in the restored table. */
  readonly before: SnapshotStore;
  readonly createTable: (name: string) => Promise<void>;
  readonly storeOf: (table: string) => SnapshotStore;
  /** An order's items by their sort keys. */
  readonly itemsOf: (table: string, orderId: string) => Promise<ReadonlyMap<string, Item>>;
  /** All of them but the watch: what an order's observations alone decide. */
  readonly recordOf: (table: string, orderId: string) => Promise<Readonly<Record<string, Item>>>;
  readonly verify: (table?: string) => ReturnType<OpsTestBed['run']>;
};

export async function startRestoreTestBed(): Promise<RestoreTestBed> {
  const ops = await startOpsTestBed();
  const { client } = ops.engine;
  const createTable = async (TableName: string) => {
    await client.send(new CreateTableCommand({ TableName, ...snapshotTable }));
  };
  await createTable(from);
  const storeOf = (tableName: string) =>
    createSnapshotStore(createDynamoTable({ client, tableName, policyOf: () => policy }));
  const itemsOf = async (TableName: string, orderId: string) => {
    const ofOrder = {
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: `main#${orderId}` } },
    };
    const { Items = [] } = await client.send(new QueryCommand({ TableName, ...ofOrder, ConsistentRead: true }));
    return new Map(Items.map((item) => [item['sk']?.S ?? '', item]));
  };
  return {
    ...ops,
    before: storeOf(from),
    createTable,
    storeOf,
    itemsOf,
    recordOf: async (table, orderId) => {
      const { 'NOW#WATCH': _, ...items } = Object.fromEntries(await itemsOf(table, orderId));
      return items;
    },
    verify: (table = names.table) => ops.run(['verify', '--table', table]),
  };
}
