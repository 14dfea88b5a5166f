import type { OrderKey, Snapshot } from './snapshot.ts';
import type { listNames } from './statuses.ts';
import type { Watch, WatchStatus } from './watch.ts';

/** The lists of the index: what the schedule asks for, what a person should look at, what is over. */
export type List = (typeof listNames)[number];

export type NotFoundAnswer = OrderKey & {
  readonly requestedAt: number;
  readonly requestId: string;
  readonly observedBy: string;
};

/** What a person said of the watching of an order. `by` is who, as the gateway knows them. */
export type WatchCommand = OrderKey & {
  readonly at: number;
  readonly by: string;
  readonly stopped: boolean;
  readonly requestId: string;
};

/** A watch as stored: `revision` counts its writes, so that a writer knows whether it saw the latest. */
export type StoredWatch = { readonly watch: Watch; readonly revision: number };

/** What the table holds of one order as of now. */
export type Current = { readonly head?: Snapshot; readonly stored?: StoredWatch };

/** An order in a list of the index; times are milliseconds since the Unix epoch. */
export type Listed = OrderKey & {
  readonly status: WatchStatus;
  /** When it is due, or in the list of final orders: when it closed. */
  readonly at: number;
  /** When the exchange last confirmed it, or when it became known here. */
  readonly seenAt: number;
  /** Its latest check failed. */
  readonly failing: boolean;
};

/** A check without an answer. */
export type FailedCheck = OrderKey & {
  readonly requestedAt: number;
  /** The reason lies in this order alone: others were answered meanwhile, or the exchange refuses just this one. */
  readonly own: boolean;
};

/**
 * The snapshot table as the store needs it: each operation is one request, atomic on one item, safe to send twice.
 * All throw `store_unavailable` when the table cannot be reached, in which case the write may have happened.
 */
export type SnapshotTable = {
  /** Head and watch; sees every write that was answered before. */
  readonly readCurrent: (key: OrderKey) => Promise<Current>;
  /** The snapshot of greatest rank; sees every write that was answered before. */
  readonly newestSnapshot: (key: OrderKey) => Promise<Snapshot | undefined>;
  /** Writes the snapshot unless one of its rank is there with evidence as early; answers whether it wrote. */
  readonly putSnapshot: (snapshot: Snapshot) => Promise<boolean>;
  /**
   * Since this snapshot was first observed, those of lesser rank are no longer the newest: they go once their account's
   * time to keep history is over. Where history is kept for ever, nothing is asked and nothing written.
   */
  readonly supersedeBefore: (newest: Snapshot) => Promise<void>;
  /** Writes the head unless one of greater rank is there, or one of its rank with evidence as early. */
  readonly putHead: (snapshot: Snapshot) => Promise<boolean>;
  /** Writes the watch as revision `after + 1`, if the stored one is revision `after` (0: there is none). */
  readonly putWatch: (key: OrderKey, watch: StoredWatch['watch'], after: number) => Promise<boolean>;
  readonly putNotFound: (notFound: NotFoundAnswer) => Promise<void>;
  /** Orders of one list of an account, by ascending time up to `until`; may lag behind the latest writes. */
  readonly list: (account: string, list: List, until: number, limit: number) => Promise<readonly Listed[]>;
};

/**
 * The table as a person's word needs it: writes, and what they answer. As above, each is atomic and safe to send twice,
 * and throws `store_unavailable`.
 */
export type WatchCommandTable = Pick<SnapshotTable, 'putWatch'> & {
  readonly putWatchCommand: (command: WatchCommand) => Promise<void>;
  /**
   * Takes the next revision of the watch, so that whoever read an earlier one has to look again, and answers the watch,
   * which it leaves as it is; `undefined` when there is none.
   */
  readonly claimWatch: (key: OrderKey) => Promise<StoredWatch | undefined>;
};
