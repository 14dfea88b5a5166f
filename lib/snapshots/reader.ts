import type { Rank } from './rank.ts';
import type { OrderKey, Snapshot } from './snapshot.ts';
import type { List, Listed } from './table.ts';

/** Rows in their order, and the one that follows them, if there is one. A page may be short; then `next` is there. */
export type Page<Row> = { readonly rows: readonly Row[]; readonly next?: Row };

/** Which snapshots of an order: those of the exchange's time `upTo` or earlier. Times are milliseconds since the epoch. */
export type SnapshotRange = {
  readonly upTo: number;
  /** Only those of lesser rank than this, which is of that range. */
  readonly below?: Rank | undefined;
  /** Only those first observed at this time of ours or earlier. */
  readonly observedUntil?: number | undefined;
  readonly limit: number;
};

/** An order in a list of the index, with the times that people ask for; milliseconds since the Unix epoch. */
export type ListEntry = Omit<Listed, 'seenAt' | 'failing'> & {
  /** When it became known here. */
  readonly openedAt: number;
  /** When the exchange last confirmed it, if it ever did. */
  readonly checkedAt?: number;
};

/** Where a list goes on: after this entry, which may have left the list since. */
export type ListPosition = Pick<ListEntry, 'at' | 'orderId'>;

export const auditKinds = ['not_found', 'watch_started', 'watch_stopped'] as const;

/** What was noted of an order besides its states: a miss, by the door that asked, or the word of a person. */
export type AuditEntry = {
  readonly kind: (typeof auditKinds)[number];
  /** Milliseconds since the Unix epoch, by our clock. */
  readonly at: number;
  readonly requestId: string;
  readonly observedBy?: string;
  readonly by?: string;
};

/** The snapshot table for those who only look. All throw `store_unavailable` when the table cannot be reached. */
export type SnapshotReader = {
  /** By rank, the greatest first; sees every write that was answered before. One request, but for `observedUntil`. */
  readonly snapshots: (key: OrderKey, range: SnapshotRange) => Promise<Page<Snapshot>>;
  /** Up to a time of ours, the latest first; sees every write that was answered before. */
  readonly auditEntries: (key: OrderKey, upTo: number, limit: number) => Promise<readonly AuditEntry[]>;
  /** The next due first, of final orders the last closed; may lag behind the latest writes. */
  readonly list: (account: string, list: List, page: ListPage) => Promise<Page<ListEntry>>;
};

export type ListPage = { readonly after?: ListPosition | undefined; readonly limit: number };
