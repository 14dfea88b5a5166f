import type { Rank } from './rank.ts';
import type { OrderKey, Snapshot } from './snapshot.ts';
import type { auditKinds } from './statuses.ts';
import type { HistoryAttempt, IndexedOrder, ListName } from './table.ts';

/** Rows in order, and where the next page starts, if there is one. A page may be short and still have a `next`. */
export type Page<Row> = { readonly rows: readonly Row[]; readonly next?: Row | undefined };

/** Which snapshots of an order: those of the exchange's time `upTo` or earlier. Times are milliseconds since the epoch. */
type SnapshotRange = {
  readonly upTo: number;
  /** Only those of lower rank than this one, which lies in the range. */
  readonly below?: Rank | undefined;
  /** Only those first observed at this time of ours or earlier. */
  readonly observedUntil?: number | undefined;
  readonly limit: number;
};

/** Where a list continues: after this entry, which may have left the list since. */
export type ListPosition = Pick<IndexedOrder, 'at' | 'orderId'>;

/** What is recorded of an order besides its states: a not-found reply or a lookup with its observer, or a command. */
export type AuditEntry = {
  readonly kind: (typeof auditKinds)[number];
  /** Milliseconds since the Unix epoch, by our clock. */
  readonly at: number;
  readonly requestId: string;
  readonly observedBy?: string | undefined;
  readonly by?: string | undefined;
  /** Of a lookup: the places that were searched, in order. */
  readonly attempts?: readonly HistoryAttempt[] | undefined;
};

/** The snapshot table, read-only. All throw `store_unavailable` when the table is unreachable. */
export type SnapshotReader = {
  /** By descending rank; strongly consistent. One request, unless `observedUntil` is given. */
  readonly snapshots: (key: OrderKey, range: SnapshotRange) => Promise<Page<Snapshot>>;
  /** Up to a time of our clock, latest first; strongly consistent. */
  readonly auditEntries: (key: OrderKey, upTo: number, limit: number) => Promise<readonly AuditEntry[]>;
  /** By due time, earliest first; final orders by closing time, latest first. Eventually consistent. */
  readonly list: (account: string, list: ListName, page: ListPage) => Promise<Page<IndexedOrder>>;
};

type ListPage = {
  readonly after?: ListPosition | undefined;
  readonly limit: number;
  /** Only orders of this instrument. */
  readonly instrumentName?: string | undefined;
};
