import { asFailure, Failure } from '../errors.ts';
import type { Dialect } from '../exchange/dialects/index.ts';
import { driftOf } from '../exchange/drift.ts';
import type { OpenOrders } from '../exchange/open-orders.ts';
import { type Order, phaseOf } from '../exchange/order.ts';
import type { OrderRow } from '../exchange/rows.ts';
import { type Rank, rankOf, rankWithoutDigest } from '../snapshots/rank.ts';
import type { SnapshotStore } from '../snapshots/store.ts';
import { isLastRequested, isOpen, mayHaveBeenUnindexed, statusOf, type Watch } from '../snapshots/watch.ts';
import type { Checks } from './checks.ts';
import type { KnownRow, KnownRows } from './known-rows.ts';
import type { LiveOrder, LiveOrders } from './live-orders.ts';
import { inParallel } from './parallel.ts';

export type ListedRowsDeps = {
  readonly dialect: Dialect;
  readonly store: Pick<SnapshotStore, 'read' | 'record' | 'confirm' | 'markUnlisted'>;
  readonly orders: LiveOrders;
  /** What earlier sweeps of this process knew; added to. */
  readonly knownRows: KnownRows;
  readonly checks: Pick<Checks, 'check' | 'count'>;
  readonly account: string;
  readonly requestId: string;
  /** Orders in the list that the table does not know are watched from then on. */
  readonly discover: boolean;
  readonly goesOn: () => boolean;
  readonly onDrift: (account: string, drift: readonly string[]) => void;
};

/** A list that shows an order this long after its end is no longer just late; milliseconds. */
const lateMs = 60_000;

type Recorded = {
  /** Rows that were recorded as states of orders; of these, orders that nobody watched before. */
  readonly recorded: number;
  readonly discovered: number;
  /** The table was not available for all of them, or the time was over. */
  readonly unfinished: boolean;
};

type RowOutcome = 'recorded' | 'discovered' | 'nothing';

/** The rows of an account's lists: which of them are known, and what becomes of the others. */
export function createListedRows(deps: ListedRowsDeps) {
  const { orders, knownRows, checks, goesOn } = deps;
  // Orders that are not open here may have become late by now, or have been put on watch.
  knownRows.retain(({ rank }) => rank !== undefined);
  const { act, leaveToCheck } = createRowActions(deps);

  const actOn = async (row: OrderRow, list: OpenOrders): Promise<RowOutcome> => {
    try {
      return await act(row, list);
    } catch (thrown) {
      const failure = asFailure(thrown);
      if (isOfTheTable(failure)) throw failure;
      // Too large to store, or stored unreadably: no reason to doubt the other rows.
      checks.count(failure);
      await leaveToCheck(row.orderId, list.requestedAt);
      return 'nothing';
    }
  };

  /** The order is not open here, or the table has exactly the row's state and knows that lists cover the order. */
  const isSettled = ({ orderId, rank }: KnownRow): boolean => {
    const live = orders.get(orderId);
    if (live === undefined) return rank === undefined;
    return live.covered && isAt(live.stored.watch, rank) && !mayHaveBeenUnindexed(live.stored.watch, orders.readAt());
  };

  return {
    /** Begins to go through a list: rows with which there is nothing to do are known. */
    followEarlier: () => knownRows.follow(isSettled),

    record: async (list: OpenOrders): Promise<Recorded> => {
      knownRows.retain(({ orderId }) => list.ids.has(orderId));
      const counts = { recorded: 0, discovered: 0, nothing: 0 };
      let failures = 0;
      await inParallel(list.changed, goesOn, async (row) => {
        try {
          counts[await actOn(row, list)]++;
        } catch {
          failures++;
        }
      });
      const { recorded, discovered } = counts;
      return { recorded: recorded + discovered, discovered, unfinished: failures > 0 || !goesOn() };
    },
  };
}

/** Records the state that a row shows. */
function createRecordRow(deps: ListedRowsDeps) {
  const { dialect, store, orders, knownRows, account, requestId, onDrift } = deps;
  return async (row: OrderRow, order: Order, list: OpenOrders): Promise<void> => {
    onDrift(account, driftOf(order, dialect));
    const { orderId, text, exchangeTime } = row;
    const { requestedAt, receivedAt: firstObservedAt, keyVersion } = list;
    const provenance = { requestedAt, firstObservedAt, requestId, observedBy: 'list', keyVersion };
    const observation = {
      account,
      orderId,
      dialect,
      order,
      result: text,
      exchangeTime,
      provenance,
      listedAt: requestedAt,
    };
    const known = orders.get(orderId)?.stored;
    const { stored, isCurrent } = await (known === undefined
      ? store.record(observation)
      : store.confirm(observation, known));
    orders.set(orderId, stored);
    if (isCurrent) knownRows.set({ orderId, text, rank: rankOf(order, dialect.volatile) });
  };
}

/** What one row of a list leads to. */
function createRowActions(deps: ListedRowsDeps) {
  const { dialect, store, orders, knownRows, checks, account, discover } = deps;
  const recordRow = createRecordRow(deps);
  const triedAt = new Map<string, number>();

  const unlisted = async ({ orderId, stored }: LiveOrder, at: number): Promise<void> => {
    const marked = await store.markUnlisted({ account, orderId }, at, stored);
    if (marked !== undefined) orders.set(orderId, marked);
  };

  /** Rarely: each list shows the row again, and while its check fails, nothing backs it off. */
  const checkUnknown = async (orderId: string, at: number): Promise<void> => {
    if (at < (triedAt.get(orderId) ?? 0) + lateMs) return;
    triedAt.set(orderId, at);
    await checks.check(orderId);
  };

  /** The list says nothing of this order. */
  const leaveToCheck = async (orderId: string, at: number): Promise<void> => {
    const live = orders.get(orderId);
    if (live?.covered) await unlisted(live, at);
    else if (live === undefined && discover) await checkUnknown(orderId, at);
  };

  const actOnUnknown = async (row: OrderRow, order: Order, list: OpenOrders): Promise<RowOutcome> => {
    const { orderId, text } = row;
    const { stored, head } = await store.read({ account, orderId });
    const status = stored && statusOf(stored.watch);
    if (status === undefined ? discover : isOpen(status)) {
      await recordRow(row, order, list);
      return status === undefined ? 'discovered' : 'recorded';
    }
    // Closed here, whose end a late list does not know yet; or of no interest.
    const isLate = head !== undefined && list.requestedAt > head.provenance.firstObservedAt + lateMs;
    if (status === 'final' && isLate) await checks.check(orderId);
    knownRows.set({ orderId, text, rank: undefined });
    return 'nothing';
  };

  const act = async (row: OrderRow, list: OpenOrders): Promise<RowOutcome> => {
    const { orderId, text } = row;
    const live = orders.get(orderId);
    const order = row.read();
    if (order instanceof Failure || phaseOf(order) === 'final') {
      // A list proves no end, and a row that cannot be read proves nothing: the order's own reply has to.
      await leaveToCheck(orderId, list.requestedAt);
      return 'nothing';
    }
    if (live === undefined) return actOnUnknown(row, order, list);

    const rank = rankOf(order, dialect.volatile);
    const { watch } = live.stored;
    const { applied } = watch;
    if (live.covered && isAt(watch, rank) && !mayHaveBeenUnindexed(watch, orders.readAt())) {
      knownRows.set({ orderId, text, rank });
      return 'nothing';
    }
    if (applied !== undefined && rankWithoutDigest(rank) < rankWithoutDigest(applied.rank)) {
      // Older than what is known: the list is late for this order, and confirms nothing of it.
      if (live.covered) await unlisted(live, list.requestedAt);
      return 'nothing';
    }
    await recordRow(row, order, list);
    return 'recorded';
  };
  return { act, leaveToCheck };
}

/**
 * This state is current, and no other is on its way: the head has reached it, or a state that only the digests order,
 * and it is the one that was requested last.
 */
function isAt(watch: Watch, rank: Rank | undefined): boolean {
  const { applied, announcedRank, observations } = watch;
  if (applied === undefined || rank === undefined || announcedRank !== applied.rank) return false;
  if (applied.rank === rank) return isLastRequested(watch, rank);
  return observations[0]?.rank === rank && rankWithoutDigest(rank) === rankWithoutDigest(applied.rank);
}

/** The next list tries again. */
function isOfTheTable({ code }: Failure): boolean {
  return code === 'store_unavailable' || code === 'store_conflict';
}
