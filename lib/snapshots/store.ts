import { linkedOrderIds } from '../exchange/order.ts';
import { advanceWatch } from './advance-watch.ts';
import { type Rank, rankWithoutDigest } from './rank.ts';
import { isEarlier, type Observation, type OrderKey, type Snapshot, snapshotOf } from './snapshot.ts';
import { orderSummaryOf } from './summary.ts';
import type { CurrentItems, FailedCheck, HistoryLookup, NotFoundReply, SnapshotTable, StoredWatch } from './table.ts';
import { checkedAt, isOpen, join, statusOf, type Watch, type WatchDelta } from './watch.ts';

/** The result of a check, as stored. */
type RecordResult = {
  /**
   * The current state: the head, or this reply if only the digest puts it below the head and no later request has a
   * reply.
   */
  readonly head: Snapshot;
  readonly stored: StoredWatch;
  /** This check found a new state. */
  readonly changed: boolean;
  /** It is the reply to this check; `false` when a late reply ranks below it. */
  readonly isCurrent: boolean;
};

export type SnapshotStore = {
  /** What the table currently holds of an order. */
  readonly read: (key: OrderKey) => Promise<CurrentItems>;
  /** Stores a reply. Safe to repeat, in any order, with concurrent writers. `known` saves a read. */
  readonly record: (observation: Observation, known?: CurrentItems) => Promise<RecordResult>;
  /**
   * The same for an order whose watch is known, as it was at any time. What is known is only believed once a write under
   * its revision has shown that nobody has written since: a reply that says nothing new takes one such write, and one
   * that shows a new state four writes, with no read.
   */
  readonly confirm: (observation: Observation, known: StoredWatch) => Promise<RecordResult>;
  /**
   * Stores a not-found reply. It counts only for a watched order whose head is not final, and only when requested
   * after the last observation. It never changes a head.
   */
  readonly recordNotFound: (notFound: NotFoundReply, known?: CurrentItems) => Promise<CurrentItems>;
  /**
   * Stores a search of the exchange's histories, and that there was one. A row that it found is recorded separately,
   * before this. Safe to repeat.
   */
  readonly recordLookup: (lookup: HistoryLookup) => Promise<StoredWatch | undefined>;
  /**
   * Stores that a list, requested at `at`, lacked an order that it should have held. It never changes a head, and closes
   * nothing. Safe to repeat. `known` saves a read.
   */
  readonly markUnlisted: (key: OrderKey, at: number, known?: StoredWatch) => Promise<StoredWatch | undefined>;
  /** Applies backoff to a known order after a check without a reply. Safe to repeat. `known` saves a read. */
  readonly recordFailedCheck: (failed: FailedCheck, known?: StoredWatch) => Promise<StoredWatch | undefined>;
};

/**
 * The one place that knows the order of writes. An observation is announced in the watch before its snapshot is
 * written, and the snapshot is written before the head. The watch closes only after the head has reached the greatest
 * announced rank and that rank is final. So whatever a crash leaves unfinished belongs to an order that is still
 * watched, and its next check finishes it. And the writer of an older, final reply cannot close the watch while a
 * newer, live reply is being written.
 */
export function createSnapshotStore(table: SnapshotTable): SnapshotStore {
  const advance = createAdvance(table);
  return {
    read: table.readCurrent,
    ...createObservationWrites(table, advance),
    ...createWatchWrites(table, advance),
  };
}

/** A reply that shows the order: watch, snapshot and head. */
function createObservationWrites(
  table: SnapshotTable,
  advance: AdvanceWatch,
): Pick<SnapshotStore, 'record' | 'confirm'> {
  return { record, confirm };

  async function record(observation: Observation, known?: CurrentItems): Promise<RecordResult> {
    const snapshot = snapshotOf(observation);
    const { rank, provenance } = snapshot;
    const { head, stored } = known ?? (await table.readCurrent(snapshot));
    const { opening, observed } = deltasOf(observation, rank);

    if (head?.rank === rank && !isEarlier(provenance, head.provenance)) {
      const now = await advance(snapshot, stored, { ...observed, applied: appliedBy(head) });
      // No other state is on its way, and none has come since the head was read.
      if (now.watch.announcedRank === rank) return { head, stored: now, changed: false, isCurrent: true };
    }

    for (const orderId of linkedOrderIds(snapshot.order)) await open({ account: snapshot.account, orderId }, opening);
    const announced = isAnnounced(stored, rank) ? stored : await advance(snapshot, stored, opening);
    const written = await table.putSnapshot(snapshot);
    // If refused, the snapshot exists: a crashed writer left it, or the reply is late. Then the newest is the head.
    const newest = written ? snapshot : ((await table.newestSnapshot(snapshot)) ?? snapshot);
    const raised = await table.putHead(newest);
    const settled = await advance(snapshot, announced, { ...observed, applied: appliedBy(newest) });
    const now = raised ? newest : ((await table.readCurrent(snapshot)).head ?? newest);
    // Last, and only for snapshots that are not the newest: whatever happens, an order's last snapshot stays.
    if (written) await table.supersedeBefore(now);
    if (isLastOfEquals(settled, now, rank))
      return { head: snapshot, stored: settled, changed: written, isCurrent: true };
    return { head: now, stored: settled, changed: raised && head?.rank !== newest.rank, isCurrent: now.rank === rank };
  }

  async function confirm(observation: Observation, known: StoredWatch): Promise<RecordResult> {
    const snapshot = snapshotOf(observation);
    const { rank, provenance } = snapshot;
    const { applied } = known.watch;
    const { opening, observed } = deltasOf(observation, rank);
    if (!isAnnounced(known, rank)) return record(observation, await announceNew(table, snapshot, known, opening));
    // The head has reached this state, and this reply is not the first to show it.
    if (applied?.rank === rank && provenance.firstObservedAt > applied.at) {
      const stored = await advance(snapshot, known, observed);
      const head = { ...snapshot, provenance: { ...provenance, firstObservedAt: applied.at } };
      // Written or read just now, and as above.
      if (stored !== known && stored.watch.announcedRank === rank)
        return { head, stored, changed: false, isCurrent: true };
    }
    return record(observation);
  }

  /** Starts watching an order that another one announced, unless it is known already. */
  async function open(key: OrderKey, { openedAt, startedBy }: WatchDelta): Promise<void> {
    const { stored } = await table.readCurrent(key);
    if (stored === undefined) await advance(key, stored, { openedAt, startedBy });
  }
}

/** What shows no state of the order: its watch, its audit entries, and a head that a crash left behind. */
function createWatchWrites(
  table: SnapshotTable,
  advance: AdvanceWatch,
): Pick<SnapshotStore, 'recordNotFound' | 'recordLookup' | 'markUnlisted' | 'recordFailedCheck'> {
  return { recordNotFound, recordLookup, markUnlisted, recordFailedCheck };

  async function recordNotFound(notFound: NotFoundReply, known?: CurrentItems): Promise<CurrentItems> {
    const { stored } = known ?? (await table.readCurrent(notFound));
    if (stored === undefined) return {};
    const head = await healedHead(table, notFound);
    const healed: WatchDelta = { openedAt: stored.watch.openedAt, applied: head && appliedBy(head) };
    const settled = join(stored.watch, healed);
    const counts = isOpen(statusOf(settled)) && notFound.requestedAt > (checkedAt(settled) ?? 0);
    if (counts) await table.putNotFound(notFound);
    const notFoundAt = await advance(notFound, stored, { ...healed, notFoundAt: [notFound.requestedAt] });
    return { head, stored: notFoundAt };
  }

  async function recordLookup(lookup: HistoryLookup): Promise<StoredWatch | undefined> {
    await table.putHistoryLookup(lookup);
    return advanceKnown(lookup, { lookedUpAt: [lookup.at] });
  }

  function markUnlisted(key: OrderKey, at: number, known?: StoredWatch): Promise<StoredWatch | undefined> {
    return advanceKnown(key, { listed: { at, present: false } }, known);
  }

  function recordFailedCheck(failed: FailedCheck, known?: StoredWatch): Promise<StoredWatch | undefined> {
    const { requestedAt, own, ...key } = failed;
    return advanceKnown(key, own ? { failedAt: [requestedAt] } : { attemptedAt: requestedAt }, known);
  }

  /** Adds to the watch of a known order; `undefined` when there is none. */
  async function advanceKnown(
    key: OrderKey,
    delta: Omit<WatchDelta, 'openedAt'>,
    known?: StoredWatch,
  ): Promise<StoredWatch | undefined> {
    const stored = known ?? (await table.readCurrent(key)).stored;
    return stored && advance(key, stored, { ...delta, openedAt: stored.watch.openedAt });
  }
}

/** Adds to a watch as it was last read, and to what others have made of it since. */
type AdvanceWatch = (key: OrderKey, stored: StoredWatch | undefined, delta: WatchDelta) => Promise<StoredWatch>;

function createAdvance({ readCurrent, putWatch }: SnapshotTable): AdvanceWatch {
  return (key, stored, delta) => {
    const reread = async () => (await readCurrent(key)).stored;
    return advanceWatch({ key, stored, delta, putWatch, reread });
  };
}

/** What a reply adds to the watch: before its snapshot is written, and after the head has reached it. */
function deltasOf({ provenance, listedAt }: Observation, rank: Rank) {
  const startedBy = listedAt === undefined ? 'request' : 'list';
  const opening: WatchDelta = { openedAt: provenance.firstObservedAt, startedBy, announcedRank: rank };
  const observed: WatchDelta = {
    ...opening,
    observations: [{ requestedAt: provenance.requestedAt, rank }],
    listed: listedAt === undefined ? undefined : { at: listedAt, present: true },
  };
  return { opening, observed };
}

/**
 * Announces a state that the watch does not know, and returns what is then known of the order: nobody has written since,
 * so the head is below this state. `undefined` when somebody has.
 */
async function announceNew(
  table: SnapshotTable,
  key: OrderKey,
  known: StoredWatch,
  opening: WatchDelta,
): Promise<CurrentItems | undefined> {
  const watch = join(known.watch, opening);
  const isNew = await table.putWatch(key, watch, known.revision);
  return isNew ? { stored: { watch, revision: known.revision + 1 } } : undefined;
}

/** The head, raised first to the newest snapshot if a crash prevented that. */
async function healedHead(table: SnapshotTable, key: OrderKey): Promise<Snapshot | undefined> {
  const newest = await table.newestSnapshot(key);
  if (newest !== undefined) await table.putHead(newest);
  return newest;
}

/** The watch knows that this rank, or a greater one, is about to reach the head; until then it cannot close. */
function isAnnounced(stored: StoredWatch | undefined, rank: Rank): boolean {
  return stored?.watch.announcedRank !== undefined && stored.watch.announcedRank >= rank;
}

/** Only the digest puts the reply of this rank below the head, and it is the one that was requested last. */
function isLastOfEquals({ watch }: StoredWatch, head: Snapshot, rank: Rank): boolean {
  return (
    head.rank !== rank &&
    rankWithoutDigest(head.rank) === rankWithoutDigest(rank) &&
    watch.observations[0]?.rank === rank
  );
}

function appliedBy({ rank, provenance, order }: Snapshot): NonNullable<Watch['applied']> {
  return { rank, at: provenance.firstObservedAt, summary: orderSummaryOf(order) };
}
