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
  const listed = new Map<string, string>();
  const meter: Meter = {
    writes: 0,
    indexWrites: 0,
    reads: 0,
    invocationsMs: [],

    snapshots: (table, policy) => ({
      readCurrent: async (key) => {
        const { head, stored } = await table.readCurrent(key);
        read([...(head ? [headItem(head)] : []), ...(stored ? [watchItem(key, stored, policy)] : [])], 1);
        return { head, stored };
      },
      newestSnapshot: async (key) => {
        const newest = await table.newestSnapshot(key);
        read(newest ? [snapshotItem(newest)] : [], 1);
        return newest;
      },
      putSnapshot: (snapshot) => {
        write(snapshotItem(snapshot));
        return table.putSnapshot(snapshot);
      },
      supersedeBefore: table.supersedeBefore,
      putHead: (snapshot) => {
        write(headItem(snapshot));
        return table.putHead(snapshot);
      },
      putWatch: async (key, watch, after) => {
        const item = watchItem(key, { watch, revision: after + 1 }, policy);
        write(item);
        const written = await table.putWatch(key, watch, after);
        if (written) index(`${key.account}#${key.orderId}`, item);
        return written;
      },
      putNotFound: (miss) => {
        write(notFoundItem(miss));
        return table.putNotFound(miss);
      },
      putHistoryLookup: (lookup) => {
        write(historyLookupItem(lookup));
        return table.putHistoryLookup(lookup);
      },
      list: async (...requested) => {
        const found = await table.list(...requested);
        // Everything of a watch is in the index; half a unit, as it is read as it may be.
        meter.reads += 0.5 * Math.max(1, Math.ceil((found.length * typicalWatchBytes) / readUnit));
        return found;
      },
    }),

    accounts: (table) => ({
      readAccount: (account) => {
        meter.reads++;
        return table.readAccount(account);
      },
      advanceTat: written(table.advanceTat),
      raiseTat: written(table.raiseTat),
      takeLease: written(table.takeLease),
      renewLease: written(table.renewLease),
      requestHandover: written(table.requestHandover),
      releaseLease: written(table.releaseLease),
      setPause: written(table.setPause),
    }),
  };
  return meter;

  function write(item: Item): void {
    meter.writes += Math.ceil(bytesOf(item) / writeUnit);
  }

  function read(items: readonly Item[], perUnit: number): void {
    const bytes = items.reduce((sum, item) => sum + bytesOf(item), 0);
    meter.reads += perUnit * Math.max(1, Math.ceil(bytes / readUnit));
  }

  /** An entry whose key changes is deleted and written anew. */
  function index(id: string, item: Item): void {
    const place = item['list'] && `${item['list'].S} ${item['list_at']?.N}`;
    const before = listed.get(id);
    if (place === undefined) listed.delete(id);
    else listed.set(id, place);
    const changes = [before, place].filter((there) => there !== undefined).length;
    meter.indexWrites += (before === place ? Math.min(1, changes) : changes) * Math.ceil(bytesOf(item) / writeUnit);
  }

  function written<Args extends readonly unknown[], Result>(
    request: (...args: Args) => Promise<Result>,
  ): (...args: Args) => Promise<Result> {
    return (...args) => {
      meter.writes++;
      return request(...args);
    };
  }
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
