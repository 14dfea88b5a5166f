import type { Failure } from '../errors.ts';
import type { HistoryOutcome } from '../exchange/history-outcomes.ts';
import type { OrderKey, Snapshot } from './snapshot.ts';
import type { listNames } from './statuses.ts';
import type { Watch, WatchStatus } from './watch.ts';

/** The lists of the index: orders that the schedule checks, orders that need attention, closed orders. */
export type ListName = (typeof listNames)[number];

export type NotFoundReply = OrderKey & {
  readonly requestedAt: number;
  readonly requestId: string;
  readonly observedBy: string;
};

/** One search of the exchange's histories for an order that `get_order_state` no longer finds. `at`: when it began. */
export type HistoryLookup = OrderKey & {
  readonly at: number;
  readonly requestId: string;
  readonly observedBy: string;
  readonly attempts: readonly HistoryAttempt[];
};

/** One place of the exchange that was searched: its name, what came of it, the rows read, and the code of a failure. */
export type HistoryAttempt = {
  readonly source: string;
  readonly outcome: HistoryOutcome;
  readonly rows: number;
  readonly code?: string | undefined;
};

/** An operator's command about an order's watch. `by` is the caller's identity according to the gateway. */
export type WatchCommand = OrderKey & {
  readonly at: number;
  readonly by: string;
  readonly stopped: boolean;
  readonly requestId: string;
};

/** A watch as stored: `revision` counts its writes, so that a writer can tell whether it read the latest. */
export type StoredWatch = { readonly watch: Watch; readonly revision: number };

/** What the table currently holds of one order. */
export type CurrentItems = { readonly head?: Snapshot | undefined; readonly stored?: StoredWatch | undefined };

/** An order in a list of the index; times are milliseconds since the Unix epoch. */
export type IndexedOrder = OrderKey & {
  readonly status: WatchStatus;
  /** When it is due; in the list of final orders, when it closed. */
  readonly at: number;
  /** When the exchange last confirmed it, or when we first knew of it. */
  readonly seenAt: number;
  /** Its latest check failed. */
  readonly failing: boolean;
  /** The watch as the index has it, which may lag: a write under its revision fails if it does. */
  readonly stored: StoredWatch;
};

/** A check without a reply. */
export type FailedCheck = OrderKey & {
  readonly requestedAt: number;
  /** The cause is this order alone: other checks succeeded meanwhile, or the exchange refuses only this one. */
  readonly own: boolean;
};

/**
 * The snapshot table as the store needs it. Each operation is one request, atomic on one item, and safe to repeat.
 * All throw `store_unavailable` when the table is unreachable; the write may then have happened.
 */
export type SnapshotTable = {
  /** Head and watch; strongly consistent. */
  readonly readCurrent: (key: OrderKey) => Promise<CurrentItems>;
  /** The snapshot of greatest rank; strongly consistent. */
  readonly newestSnapshot: (key: OrderKey) => Promise<Snapshot | undefined>;
  /** Writes the snapshot unless one of its rank exists with provenance as early; returns whether it wrote. */
  readonly putSnapshot: (snapshot: Snapshot) => Promise<boolean>;
  /**
   * Lets snapshots of lower rank expire: since this one was first observed, they are no longer the newest. They are
   * deleted after the account's history retention. Where history is kept forever, this reads and writes nothing.
   */
  readonly supersedeBefore: (newest: Snapshot) => Promise<void>;
  /** Writes the head unless one of greater rank exists, or one of its rank with provenance as early. */
  readonly putHead: (snapshot: Snapshot) => Promise<boolean>;
  /** Writes the watch as revision `after + 1`, if the stored one is revision `after` (0: none is stored). */
  readonly putWatch: (key: OrderKey, watch: StoredWatch['watch'], after: number) => Promise<boolean>;
  readonly putNotFound: (notFound: NotFoundReply) => Promise<void>;
  readonly putHistoryLookup: (lookup: HistoryLookup) => Promise<void>;
  /**
   * Orders of one list of an account, by ascending time up to `until`; eventually consistent. One request for each
   * megabyte of watches, which is some 1 000 orders. Leaves out orders whose item cannot be read, and names them.
   */
  readonly list: (
    account: string,
    list: ListName,
    until: number,
    limit: number,
    onUnreadable?: (orderId: string, failure: Failure) => void,
  ) => Promise<readonly IndexedOrder[]>;
};

/**
 * The table as a watch command needs it. As above, each operation is atomic and safe to repeat, and throws
 * `store_unavailable`.
 */
export type WatchCommandTable = Pick<SnapshotTable, 'putWatch'> & {
  readonly putWatchCommand: (command: WatchCommand) => Promise<void>;
  /**
   * Takes the next revision of the watch, so that writers that read an earlier one have to read again, and returns the
   * watch, otherwise unchanged; `undefined` when there is none.
   */
  readonly claimWatch: (key: OrderKey) => Promise<StoredWatch | undefined>;
};
