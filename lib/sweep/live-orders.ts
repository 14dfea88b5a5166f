import { asFailure } from '../errors.ts';
import { type CheckPolicy, dueAt, dueWithoutLists, postponedUntil } from '../snapshots/due.ts';
import { updatedAtOfRank } from '../snapshots/rank.ts';
import type { IndexedOrder, SnapshotTable, StoredWatch } from '../snapshots/table.ts';
import {
  confirmedAt,
  isCovered,
  isOpen,
  isVanished,
  type ListTimes,
  statusOf,
  type WatchStatus,
} from '../snapshots/watch.ts';
import { endOfTime } from '../time.ts';
import { createDueOrders } from './due-orders.ts';

/** An open order of the account, as this sweep knows it. */
export type LiveOrder = {
  readonly orderId: string;
  readonly stored: StoredWatch;
  readonly status: WatchStatus;
  readonly covered: boolean;
  readonly vanished: boolean;
  /** The latest check failed. */
  readonly failing: boolean;
  /** When it is due by its own watch; milliseconds since the Unix epoch. */
  readonly ownDueAt: number;
  /** Until when it waits because checks failed or did not find it. */
  readonly postponedUntil: number;
};

/**
 * The open orders of one account in memory: read from the index once, then kept up to date by this sweep's own writes
 * and by what becomes due in the index, so that neither a list nor a check has to read them again.
 */
export type LiveOrders = {
  /** Reads the whole index. Throws `store_unavailable`. */
  readonly load: (now: number) => Promise<void>;
  /** When that began. */
  readonly readAt: () => number;
  /** Adds what is due in the index: orders that others have put on watch. Nothing while the table is unavailable. */
  readonly refresh: (now: number) => Promise<void>;
  readonly get: (orderId: string) => LiveOrder | undefined;
  readonly all: () => IteratorObject<LiveOrder>;
  /** The order's watch was written: it says when the order is due. An older one than is known has no effect. */
  readonly set: (orderId: string, stored: StoredWatch) => void;
  /** The account's list confirmed the orders that lists cover. */
  readonly confirm: (list: ListTimes) => void;
  /** Due and not set aside: those that vanished from a list first, then the longest due. */
  readonly due: (now: number) => readonly LiveOrder[];
  /** The first of these. */
  readonly nextDue: (now: number) => LiveOrder | undefined;
  readonly noneDueBefore: (time: number) => boolean;
  /** Sets an order aside until then, whatever the index says; `show` takes that back. */
  readonly hide: (orderId: string, until: number) => void;
  readonly show: (orderId: string) => void;
  /** When an order's state was last confirmed, or when the order became known. */
  readonly seenAt: (order: LiveOrder) => number;
};

const pageSize = 100;

type LiveOrdersDeps = {
  readonly list: SnapshotTable['list'];
  readonly account: string;
  readonly policy: CheckPolicy;
  /** After this long without a list, orders that lists cover are checked individually; milliseconds. */
  readonly graceMs: number;
  /** The latest list whose consequences are stored. */
  readonly latestList?: ListTimes | undefined;
};

export function createLiveOrders(deps: LiveOrdersDeps): LiveOrders {
  const { list, account, policy, graceMs } = deps;
  const { orders, set } = createOpenOrders(policy);
  let { latestList } = deps;
  let readAt = 0;

  const dueOf = ({ stored: { watch }, ownDueAt, postponedUntil, covered }: LiveOrder): number => {
    if (!covered) return ownDueAt;
    const withoutLists = dueWithoutLists(watch, confirmedAt(watch, latestList), policy, graceMs);
    return Math.max(postponedUntil, Math.min(ownDueAt, withoutLists));
  };
  const due = createDueOrders(orders, dueOf);

  const merge = (listed: readonly IndexedOrder[]) => {
    for (const { orderId, stored } of listed) set(orderId, stored);
    if (listed.length > 0) due.changed();
  };

  return {
    load: async (now) => {
      readAt = now;
      const live = list(account, 'live', endOfTime, Infinity);
      const whole = await Promise.all([live, list(account, 'attention', endOfTime, Infinity)]);
      merge(whole.flat());
    },
    readAt: () => readAt,
    refresh: async (now) => {
      const limit = pageSize + due.hidden(now);
      const live = ifAvailable(list(account, 'live', now, limit));
      const pages = await Promise.all([live, ifAvailable(list(account, 'attention', now, limit))]);
      merge(pages.flatMap((page) => page ?? []));
    },
    get: (orderId) => orders.get(orderId),
    all: () => orders.values(),
    set: (orderId, stored) => {
      set(orderId, stored);
      due.show(orderId);
    },
    confirm: (list) => {
      latestList = list;
      due.changed();
    },
    due: due.all,
    nextDue: due.first,
    noneDueBefore: (time) => !orders.values().some((order) => dueOf(order) <= time),
    hide: due.hide,
    show: due.show,
    seenAt: ({ stored: { watch } }) => confirmedAt(watch, latestList) ?? watch.openedAt,
  };
}

/** The latest known watch of each open order. */
function createOpenOrders(policy: CheckPolicy) {
  const orders = new Map<string, LiveOrder>();
  /** Revisions of watches that closed in this sweep: a lagging index still shows earlier ones. */
  const closed = new Map<string, number>();

  const set: LiveOrders['set'] = (orderId, stored) => {
    const known = orders.get(orderId)?.stored.revision ?? closed.get(orderId) ?? 0;
    if (stored.revision <= known) return;
    const { watch } = stored;
    const status = statusOf(watch);
    if (!isOpen(status)) {
      orders.delete(orderId);
      closed.set(orderId, stored.revision);
      return;
    }
    closed.delete(orderId);
    orders.set(orderId, {
      orderId,
      stored,
      status,
      covered: isCovered(watch),
      vanished: isVanished(watch),
      failing: watch.failedAt !== undefined || watch.attemptedAt !== undefined,
      ownDueAt: dueAt(watch, policy),
      postponedUntil: postponedUntil(watch, policy),
    });
  };
  return { orders, set };
}

/** When the exchange last changed an order, by its clock; milliseconds since the Unix epoch. */
export function lastChangedAt({ stored: { watch } }: LiveOrder): number {
  return watch.announcedRank === undefined ? watch.openedAt : updatedAtOfRank(watch.announcedRank);
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
