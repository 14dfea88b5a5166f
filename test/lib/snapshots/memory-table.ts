import type { CheckPolicy } from '../../../lib/snapshots/due.ts';
import { watchItem } from '../../../lib/snapshots/items.ts';
import { readIndexedOrder } from '../../../lib/snapshots/read-items.ts';
import { isEarlier, type OrderKey, type Snapshot } from '../../../lib/snapshots/snapshot.ts';
import type {
  HistoryLookup,
  NotFoundReply,
  SnapshotTable,
  StoredWatch,
  WatchCommand,
  WatchCommandTable,
} from '../../../lib/snapshots/table.ts';

/** All that is kept of one order. */
export type StoredOrder = {
  readonly snapshots: ReadonlyMap<string, Snapshot>;
  readonly head: Snapshot | undefined;
  readonly stored: StoredWatch | undefined;
  readonly notFoundReplies: ReadonlyMap<string, NotFoundReply>;
  readonly lookups: ReadonlyMap<string, HistoryLookup>;
  readonly commands: ReadonlyMap<string, WatchCommand>;
};

export type MemoryTable = SnapshotTable &
  WatchCommandTable & {
    /** What there is of an order, seen from outside. */
    readonly inspect: (key: OrderKey) => StoredOrder;
  };

type Row = {
  readonly key: OrderKey;
  readonly snapshots: Map<string, Snapshot>;
  readonly notFoundReplies: Map<string, NotFoundReply>;
  readonly lookups: Map<string, HistoryLookup>;
  readonly commands: Map<string, WatchCommand>;
  head: Snapshot | undefined;
  stored: StoredWatch | undefined;
};

/** The snapshot table without DynamoDB, held to the engines by the contract suite. */
export function createMemoryTable(policyOf: (account: string) => CheckPolicy): MemoryTable {
  const rows = new Map<string, Row>();

  return {
    readCurrent: async (key) => {
      const { head, stored } = rowOf(key);
      return { head, stored };
    },
    newestSnapshot: async (key) => {
      const { snapshots } = rowOf(key);
      const [newest] = [...snapshots.keys()].sort().reverse();
      return newest === undefined ? undefined : snapshots.get(newest);
    },
    putSnapshot: async (snapshot) => {
      const { snapshots } = rowOf(snapshot);
      const there = snapshots.get(snapshot.rank);
      if (there !== undefined && !isEarlier(snapshot.provenance, there.provenance)) return false;
      snapshots.set(snapshot.rank, snapshot);
      return true;
    },
    // Its history is kept for ever.
    supersedeBefore: async () => {},
    putHead: async (snapshot) => {
      const row = rowOf(snapshot);
      const { head } = row;
      const rises = head === undefined || snapshot.rank > head.rank;
      if (!rises && !(snapshot.rank === head.rank && isEarlier(snapshot.provenance, head.provenance))) return false;
      row.head = snapshot;
      return true;
    },
    putWatch: async (key, watch, after) => {
      const row = rowOf(key);
      if ((row.stored?.revision ?? 0) !== after) return false;
      row.stored = { watch, revision: after + 1 };
      return true;
    },
    putNotFound: async (notFound) => {
      rowOf(notFound).notFoundReplies.set(`${notFound.requestedAt}#${notFound.requestId}`, notFound);
    },
    putHistoryLookup: async (lookup) => {
      rowOf(lookup).lookups.set(`${lookup.at}#${lookup.requestId}`, lookup);
    },
    putWatchCommand: async (command) => {
      rowOf(command).commands.set(`${command.at}#${command.requestId}`, command);
    },
    claimWatch: async (key) => {
      const row = rowOf(key);
      row.stored = row.stored && { ...row.stored, revision: row.stored.revision + 1 };
      return row.stored;
    },
    list: async (account, list, until, limit) =>
      [...rows.values()]
        .flatMap(({ key, stored }) => (stored === undefined ? [] : [watchItem(key, stored, policyOf(key.account))]))
        .filter((item) => item['list']?.S === `${account}#${list}`)
        .map(readIndexedOrder)
        .filter(({ at }) => at <= until)
        .sort((a, b) => a.at - b.at)
        .slice(0, limit),
    inspect: rowOf,
  };

  function rowOf({ account, orderId }: OrderKey): Row {
    const id = `${account}#${orderId}`;
    const row = rows.get(id) ?? {
      key: { account, orderId },
      snapshots: new Map(),
      notFoundReplies: new Map(),
      lookups: new Map(),
      commands: new Map(),
      head: undefined,
      stored: undefined,
    };
    rows.set(id, row);
    return row;
  }
}
