import type { DynamoDBRecord } from 'aws-lambda';
import type { Item } from '../../../lib/dynamo.ts';
import { headItem, watchItem } from '../../../lib/snapshots/items.ts';
import type { OrderKey } from '../../../lib/snapshots/snapshot.ts';
import type { SnapshotTable, WatchCommandTable } from '../../../lib/snapshots/table.ts';
import type { Watch } from '../../../lib/snapshots/watch.ts';
import type { MemoryTable } from '../snapshots/memory-table.ts';
import { policy } from '../snapshots/table-contract.ts';

let sequence = 0;

/** A record as a DynamoDB stream with both images hands it to Lambda. */
export function streamRecord(before: Item | undefined, after: Item | undefined): DynamoDBRecord {
  const { pk, sk } = after ?? before ?? {};
  const eventName = before === undefined ? 'INSERT' : after === undefined ? 'REMOVE' : 'MODIFY';
  const dynamodb = {
    Keys: { pk, sk },
    ...(before !== undefined && { OldImage: before }),
    ...(after !== undefined && { NewImage: after }),
    SequenceNumber: String(++sequence).padStart(21, '1'),
    StreamViewType: 'NEW_AND_OLD_IMAGES',
  };
  // Lambda gets JSON.
  return JSON.parse(JSON.stringify({ eventName, eventSource: 'aws:dynamodb', dynamodb }));
}

/** The record of a watch that was written as the revision after the one before. */
export function watchRecord(key: OrderKey, before: Watch | undefined, after: Watch, revision = 7): DynamoDBRecord {
  return streamRecord(
    before && watchItem(key, { watch: before, revision: revision - 1 }, policy),
    watchItem(key, { watch: after, revision }, policy),
  );
}

/** The table with a stream: a record for each write of a head or a watch that was applied, as the table's filter lets through. */
export function withStream(table: MemoryTable): {
  readonly table: SnapshotTable & WatchCommandTable;
  readonly records: DynamoDBRecord[];
} {
  const records: DynamoDBRecord[] = [];
  return {
    records,
    table: {
      ...table,
      putHead: async (snapshot) => {
        const { head } = table.inspect(snapshot);
        const written = await table.putHead(snapshot);
        if (written) records.push(streamRecord(head && headItem(head), headItem(snapshot)));
        return written;
      },
      putWatch: async (key, watch, after) => {
        const { stored } = table.inspect(key);
        const written = await table.putWatch(key, watch, after);
        if (written) records.push(watchRecord(key, stored?.watch, watch, after + 1));
        return written;
      },
      claimWatch: async (key) => {
        const claimed = await table.claimWatch(key);
        if (claimed !== undefined) records.push(watchRecord(key, claimed.watch, claimed.watch, claimed.revision));
        return claimed;
      },
    },
  };
}
