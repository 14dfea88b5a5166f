import { linkedOrderIds } from '../exchange/order.ts';
import { advanceWatch } from './advance-watch.ts';
import type { Rank } from './rank.ts';
import { isEarlier, type Observation, type OrderKey, type Snapshot, snapshotOf } from './snapshot.ts';
import type { Current, FailedCheck, NotFoundAnswer, SnapshotTable, StoredWatch } from './table.ts';
import { checkedAt, isOpen, join, statusOf, type Watch, type WatchDelta } from './watch.ts';

/** What a check left in the table. */
export type RecordResult = {
  readonly head: Snapshot;
  readonly watch: Watch;
  /** This check raised the head to a state that was not there before. */
  readonly changed: boolean;
  /** The head is what this check was answered; not so when the answer was late. */
  readonly inForce: boolean;
};

export type SnapshotStore = {
  /** What the table holds of an order as of now. */
  readonly read: (key: OrderKey) => Promise<Current>;
  /** Keeps an answer. Safe to repeat, in any order and beside any other writer. `known` spares a read. */
  readonly record: (observation: Observation, known?: Current) => Promise<RecordResult>;
  /**
   * Keeps a not-found answer. It counts only for an order on watch whose head is not final, and only when asked after
   * the last sighting; it never changes a head.
   */
  readonly recordNotFound: (notFound: NotFoundAnswer, known?: Current) => Promise<Current>;
  /** Backs a known order off after a check without an answer. Safe to repeat. */
  readonly recordFailedCheck: (failed: FailedCheck) => Promise<void>;
};

/**
 * The one place that knows in which order things are written: what was sighted is announced in the watch before its
 * snapshot is written, the snapshot is written before the head, and the watch closes only once the head has reached the
 * greatest rank announced, and that is final. So whatever a crash leaves unfinished belongs to an order that is still
 * watched, and its next check finishes it; and a writer of an older, final answer cannot close the watch of a newer,
 * live one that is just being written.
 */
export function createSnapshotStore(table: SnapshotTable): SnapshotStore {
  return { read: table.readCurrent, record, recordNotFound, recordFailedCheck };

  async function record(observation: Observation, known?: Current): Promise<RecordResult> {
    const snapshot = snapshotOf(observation);
    const { rank, provenance } = snapshot;
    const { head, stored } = known ?? (await table.readCurrent(snapshot));
    const opening: WatchDelta = { openedAt: provenance.firstObservedAt, announcedRank: rank };
    const observed: WatchDelta = { ...opening, observations: [{ requestedAt: provenance.requestedAt, rank }] };

    if (head?.rank === rank && !isEarlier(provenance, head.provenance)) {
      const { watch } = await advance(snapshot, stored, { ...observed, applied: appliedBy(head) });
      return { head, watch, changed: false, inForce: true };
    }

    for (const orderId of linkedOrderIds(snapshot.order)) await open({ account: snapshot.account, orderId }, opening);
    const announced = isAnnounced(stored, rank) ? stored : await advance(snapshot, stored, opening);
    const written = await table.putSnapshot(snapshot);
    // Refused, it is there already: what a crashed writer left, or a late answer. Then the newest one is the head.
    const newest = written ? snapshot : ((await table.newestSnapshot(snapshot)) ?? snapshot);
    const raised = await table.putHead(newest);
    const { watch } = await advance(snapshot, announced, { ...observed, applied: appliedBy(newest) });
    const now = raised ? newest : ((await table.readCurrent(snapshot)).head ?? newest);
    // Last of all, and only of what is not the newest: whatever happens, an order's last snapshot stays.
    if (written) await table.supersedeBefore(now);
    return { head: now, watch, changed: raised && head?.rank !== newest.rank, inForce: now.rank === rank };
  }

  async function recordNotFound(notFound: NotFoundAnswer, known?: Current): Promise<Current> {
    const { stored } = known ?? (await table.readCurrent(notFound));
    if (stored === undefined) return {};
    const head = await healedHead(notFound);
    const healed: WatchDelta = {
      openedAt: stored.watch.openedAt,
      ...(head !== undefined && { applied: appliedBy(head) }),
    };
    const settled = join(stored.watch, healed);
    const counts = isOpen(statusOf(settled)) && notFound.requestedAt > (checkedAt(settled) ?? 0);
    if (counts) await table.putNotFound(notFound);
    const notFoundAt = await advance(notFound, stored, { ...healed, notFoundAt: [notFound.requestedAt] });
    return { ...(head !== undefined && { head }), stored: notFoundAt };
  }

  async function recordFailedCheck({ requestedAt, own, ...key }: FailedCheck): Promise<void> {
    const { stored } = await table.readCurrent(key);
    if (stored === undefined) return;
    const { openedAt } = stored.watch;
    await advance(key, stored, own ? { openedAt, failedAt: [requestedAt] } : { openedAt, attemptedAt: requestedAt });
  }

  /** Puts an order on watch that another one announced, unless it is known already. */
  async function open(key: OrderKey, { openedAt }: WatchDelta): Promise<void> {
    const { stored } = await table.readCurrent(key);
    if (stored === undefined) await advance(key, stored, { openedAt });
  }

  /** The head, raised first to the newest snapshot if a crash kept it from being. */
  async function healedHead(key: OrderKey): Promise<Snapshot | undefined> {
    const newest = await table.newestSnapshot(key);
    if (newest !== undefined) await table.putHead(newest);
    return newest;
  }

  async function advance(key: OrderKey, stored: StoredWatch | undefined, delta: WatchDelta): Promise<StoredWatch> {
    const reread = async () => (await table.readCurrent(key)).stored;
    return advanceWatch({ key, stored, delta, putWatch: table.putWatch, reread });
  }
}

/** The watch knows that this rank, or a greater one, is on its way into the head; until it is there, it cannot close. */
function isAnnounced(stored: StoredWatch | undefined, rank: Rank): boolean {
  return stored?.watch.announcedRank !== undefined && stored.watch.announcedRank >= rank;
}

function appliedBy({ rank, provenance }: Snapshot): { rank: Rank; at: number } {
  return { rank, at: provenance.firstObservedAt };
}
