import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createDynamoAccountTable } from '../../lib/accounts/dynamo-table.ts';
import type { Item } from '../../lib/dynamo.ts';
import { deribit } from '../../lib/exchange/dialects/deribit.ts';
import type { CheckPolicy } from '../../lib/snapshots/due.ts';
import { headItem, snapshotItem, watchItem } from '../../lib/snapshots/items.ts';
import { orderIn } from '../../lib/snapshots/snapshot.ts';
import { createSnapshotStore } from '../../lib/snapshots/store.ts';
import { access } from '../emulator/aws/engines.ts';
import { writeOrder } from '../emulator/exchange/wire.ts';
import { createMemoryTable } from '../lib/snapshots/memory-table.ts';
import { writeItems } from '../lib/snapshots/write-items.ts';
import { account } from './ours.ts';
import { region, type Servers } from './servers.ts';

/** Longer ago than the index takes to show a write. */
const seededBeforeMs = 300_000;

type Seed = { readonly count: number; readonly policy: CheckPolicy; readonly lists: boolean };

/** Places open orders, and fills the table as earlier sweeps would: by lists that end now, or one by one. */
export async function seedOrders(servers: Servers, tableName: string, seed: Seed): Promise<void> {
  const now = Date.now();
  const items = await itemsOf(servers, seed, now - seededBeforeMs);
  const client = new DynamoDBClient({ ...access, endpoint: servers.dynamoUrl, region });
  await writeItems({ client, tableName }, items);
  const accounts = createDynamoAccountTable({ client, tableName });
  if (seed.lists) {
    await accounts.takeLease(account, { owner: 'seed', until: now + 1, now });
    await accounts.releaseLease(account, 'seed', { listed: { at: now, orders: seed.count, ordersReadAt: now } });
  }
  client.destroy();
}

async function itemsOf({ exchange }: Servers, { count, policy, lists }: Seed, requestedAt: number) {
  const table = createMemoryTable(() => policy);
  const store = createSnapshotStore(table);
  const provenance = {
    requestedAt,
    firstObservedAt: requestedAt,
    requestId: 'seed',
    observedBy: 'list',
    keyVersion: '',
  };
  const items: Item[] = [];
  for (let i = 0; i < count; i++) {
    const key = { account, orderId: exchange.place() };
    const result = writeOrder('deribit', exchange.order(key.orderId));
    const order = orderIn(result, deribit);
    const { head, stored } = await store.record({
      ...key,
      dialect: deribit,
      result,
      order,
      listedAt: lists ? requestedAt : undefined,
      provenance,
    });
    items.push(snapshotItem(head), headItem(head), watchItem(key, stored, policy));
  }
  return items;
}
