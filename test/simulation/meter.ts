import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { AccountTable } from '../../lib/accounts/table.ts';
import type { Item } from '../../lib/dynamo.ts';
import type { CheckPolicy } from '../../lib/snapshots/due.ts';
import { headItem, historyLookupItem, notFoundItem, snapshotItem, watchItem } from '../../lib/snapshots/items.ts';
import type { SnapshotTable } from '../../lib/snapshots/table.ts';

/** What is paid for, counted the way DynamoDB and Lambda count it. */
export type Meter = {
  /** Write request units of the table, and of its index. */
  writes: number;
  indexWrites: number;
  /** Read request units. */
  reads: number;
  /** The durations of the sweeps, in the order in which they ended. */
  readonly invocationsMs: number[];
  readonly snapshots: (table: SnapshotTable, policy: CheckPolicy) => SnapshotTable;
  readonly accounts: (table: AccountTable) => AccountTable;
};

const writeUnit = 1_024;
const readUnit = 4_096;

export function createMeter(): Meter {
  const meter: Meter = {
    writes: 0,
    indexWrites: 0,
    reads: 0,
    invocationsMs: [],
    snapshots: (table, policy) => meteredSnapshots(table, policy, meter, index),
    accounts: (table) => meteredAccounts(table, meter),
  };
  const index = createIndexMeter(meter);
  return meter;
}

/** Counts the requests to a table of snapshots. */
function meteredSnapshots(table: SnapshotTable, policy: CheckPolicy, meter: Meter, index: IndexMeter): SnapshotTable {
  return {
    readCurrent: async (key) => {
      const { head, stored } = await table.readCurrent(key);
      meterRead(meter, [...(head ? [headItem(head)] : []), ...(stored ? [watchItem(key, stored, policy)] : [])]);
      return { head, stored };
    },
    newestSnapshot: async (key) => {
      const newest = await table.newestSnapshot(key);
      meterRead(meter, newest ? [snapshotItem(newest)] : []);
      return newest;
    },
    putSnapshot: (snapshot) => {
      meterWrite(meter, snapshotItem(snapshot));
      return table.putSnapshot(snapshot);
    },
    supersedeBefore: table.supersedeBefore,
    putHead: (snapshot) => {
      meterWrite(meter, headItem(snapshot));
      return table.putHead(snapshot);
    },
    putWatch: async (key, watch, after) => {
      const item = watchItem(key, { watch, revision: after + 1 }, policy);
      meterWrite(meter, item);
      const written = await table.putWatch(key, watch, after);
      if (written) index.written(`${key.account}#${key.orderId}`, item);
      return written;
    },
    putNotFound: (miss) => {
      meterWrite(meter, notFoundItem(miss));
      return table.putNotFound(miss);
    },
    putHistoryLookup: (lookup) => {
      meterWrite(meter, historyLookupItem(lookup));
      return table.putHistoryLookup(lookup);
    },
    list: async (...requested) => {
      const found = await table.list(...requested);
      // Everything of a watch is in the index; half a unit, as it is read as it may be.
      meter.reads += 0.5 * Math.max(1, Math.ceil((found.length * typicalWatchBytes) / readUnit));
      return found;
    },
  };
}

/** Counts the requests to a table of accounts. */
function meteredAccounts(table: AccountTable, meter: Meter): AccountTable {
  return {
    readAccount: (account) => {
      meter.reads++;
      return table.readAccount(account);
    },
    advanceTat: metered(table.advanceTat),
    raiseTat: metered(table.raiseTat),
    takeLease: metered(table.takeLease),
    renewLease: metered(table.renewLease),
    requestHandover: metered(table.requestHandover),
    releaseLease: metered(table.releaseLease),
    setPause: metered(table.setPause),
  };

  function metered<Args extends readonly unknown[], Result>(
    request: (...args: Args) => Promise<Result>,
  ): (...args: Args) => Promise<Result> {
    return (...args) => {
      meter.writes++;
      return request(...args);
    };
  }
}

function meterWrite(meter: Meter, item: Item): void {
  meter.writes += Math.ceil(bytesOf(item) / writeUnit);
}

/** A consistent read of items that are requested together. */
function meterRead(meter: Meter, items: readonly Item[]): void {
  const bytes = items.reduce((sum, item) => sum + bytesOf(item), 0);
  meter.reads += Math.max(1, Math.ceil(bytes / readUnit));
}

type IndexMeter = { readonly written: (id: string, item: Item) => void };

/** Remembers where each item is in the index: an entry whose key changes is deleted and written anew. */
function createIndexMeter(meter: Meter): IndexMeter {
  const listed = new Map<string, string>();
  return {
    written: (id, item) => {
      const place = item['list'] && `${item['list'].S} ${item['list_at']?.N}`;
      const before = listed.get(id);
      if (place === undefined) listed.delete(id);
      else listed.set(id, place);
      const changes = [before, place].filter((there) => there !== undefined).length;
      meter.indexWrites += (before === place ? Math.min(1, changes) : changes) * Math.ceil(bytesOf(item) / writeUnit);
    },
  };
}

const typicalWatchBytes = 700;

/** The size of an item as DynamoDB counts it, near enough. */
function bytesOf(item: Item): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + name.length + valueBytes(value), 0);
}

function valueBytes(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return Math.ceil(value.N.length / 2) + 1;
  if (value.L !== undefined) return 3 + value.L.reduce((sum, each) => sum + 1 + valueBytes(each), 0);
  if (value.M !== undefined) return 3 + bytesOf(value.M);
  return 1;
}
