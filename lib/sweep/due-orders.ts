import { asFailure } from '../errors.ts';
import type { Listed, SnapshotTable } from '../snapshots/table.ts';
import { endOfTime } from '../time.ts';
import type { AccountView } from './report.ts';

/** The orders of one account in the index, and what this sweep knows better than an index that lags. */
export type DueOrders = {
  /** Due and not just checked, the longest due first; none while the table is unavailable. */
  readonly ready: (now: number) => Promise<readonly Listed[]>;
  /** Nothing falls due before this time; `false` while the table is unavailable. */
  readonly noneBefore: (time: number) => Promise<boolean>;
  /** Hides an order until then, whatever the index says; `show` takes that back. */
  readonly hide: (orderId: string, until: number) => void;
  readonly show: (orderId: string) => void;
  readonly isHidden: (orderId: string, now: number) => boolean;
  /** Throws `store_unavailable`. */
  readonly view: (now: number, capacity: number) => Promise<AccountView>;
};

const pageSize = 100;
/** What a report counts at most. */
const countLimit = 1_000;

export function createDueOrders(list: SnapshotTable['list'], account: string): DueOrders {
  const hiddenUntil = new Map<string, number>();

  const listDue = async (until: number, limit: number): Promise<readonly Listed[]> => {
    const lists = await Promise.all([list(account, 'live', until, limit), list(account, 'attention', until, limit)]);
    return lists.flat().sort((a, b) => a.at - b.at);
  };

  return {
    ready: async (now) => {
      for (const [orderId, until] of hiddenUntil) if (until <= now) hiddenUntil.delete(orderId);
      const due = (await ifAvailable(listDue(now, pageSize + hiddenUntil.size))) ?? [];
      return due.filter(({ orderId }) => !hiddenUntil.has(orderId));
    },
    noneBefore: async (time) => (await ifAvailable(listDue(time, 1)))?.length === 0,
    hide: (orderId, until) => {
      hiddenUntil.set(orderId, until);
    },
    show: (orderId) => {
      hiddenUntil.delete(orderId);
    },
    isHidden: (orderId, now) => (hiddenUntil.get(orderId) ?? 0) > now,
    view: async (now, capacity) => {
      const [due, attention, watched] = await Promise.all([
        listDue(now, countLimit),
        list(account, 'attention', endOfTime, countLimit),
        list(account, 'live', endOfTime, capacity + 1),
      ]);
      return { due, attention, watched };
    },
  };
}

/** `undefined` while the table is unavailable: that must not end a sweep, whose next look may succeed. */
async function ifAvailable<Result>(request: Promise<Result>): Promise<Result | undefined> {
  try {
    return await request;
  } catch (thrown) {
    const failure = asFailure(thrown);
    if (failure.code !== 'store_unavailable') throw failure;
    return undefined;
  }
}
