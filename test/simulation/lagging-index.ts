import type { CheckPolicy } from '../../lib/snapshots/due.ts';
import { watchItem } from '../../lib/snapshots/items.ts';
import { readIndexedOrder } from '../../lib/snapshots/read-items.ts';
import type { OrderKey } from '../../lib/snapshots/snapshot.ts';
import type { IndexedOrder, SnapshotTable, StoredWatch } from '../../lib/snapshots/table.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

/** The index of the table: every write of a watch shows in it, some time later. */
export type LaggingIndex = {
  readonly note: (key: OrderKey, stored: StoredWatch) => void;
  readonly list: SnapshotTable['list'];
  /** The list that the table holds an order to be on, lag or not. */
  readonly listOf: (orderId: string) => string | undefined;
};

type Entry = {
  readonly revision: number;
  readonly list: string | undefined;
  readonly listed: IndexedOrder | undefined;
};

export function createLaggingIndex(deps: {
  readonly policy: CheckPolicy;
  readonly scheduler: Scheduler;
  readonly random: Random;
}): LaggingIndex {
  const { policy, scheduler, random } = deps;
  const entries = new Map<string, Entry>();
  const lists = new Map<string, Map<string, IndexedOrder>>();
  const latest = new Map<string, string | undefined>();

  const apply = (id: string, entry: Entry): void => {
    const there = entries.get(id);
    // Changes of one item never overtake each other on their way into an index.
    if (there !== undefined && there.revision > entry.revision) return;
    if (there?.list !== undefined) lists.get(there.list)?.delete(id);
    entries.set(id, entry);
    if (entry.list === undefined || entry.listed === undefined) return;
    const list = lists.get(entry.list) ?? new Map<string, IndexedOrder>();
    lists.set(entry.list, list.set(id, entry.listed));
  };

  return {
    note: (key, stored) => {
      const item = watchItem(key, stored, policy);
      const list = item['list']?.S;
      const listed = list === undefined ? undefined : readIndexedOrder(item);
      const lagMs = random.chance(0.002) ? random.whole(1_000, 30_000) : random.whole(5, 400);
      const id = `${key.account}#${key.orderId}`;
      latest.set(key.orderId, list?.slice(key.account.length + 1));
      scheduler.after(lagMs, () => apply(id, { revision: stored.revision, list, listed }));
    },
    listOf: (orderId) => latest.get(orderId),
    list: async (account, list, until, limit) =>
      [...(lists.get(`${account}#${list}`)?.values() ?? [])]
        .filter(({ at }) => at <= until)
        .sort((a, b) => a.at - b.at)
        .slice(0, limit),
  };
}
