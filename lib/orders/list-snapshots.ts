import { maxAheadMs } from '../exchange/order.ts';
import { changesFrom, type FieldChange } from '../snapshots/changes.ts';
import { type Rank, updatedAtOfRank } from '../snapshots/rank.ts';
import type { AuditEntry, Page, SnapshotReader } from '../snapshots/reader.ts';
import type { OrderKey, Snapshot } from '../snapshots/snapshot.ts';
import { endOfTime } from '../time.ts';
import { type KnownAccounts, refuseUnknownAccount } from './known-accounts.ts';

type ListSnapshotsDeps = {
  readonly accounts: KnownAccounts;
  readonly reader: Pick<SnapshotReader, 'snapshots' | 'auditEntries'>;
};

/** A page of a range, or, with `at` or `believedAt`, one moment. Times are milliseconds since the Unix epoch. */
export type ListSnapshotsRequest = OrderKey & {
  /** Exchange time, inclusive. */
  readonly since?: number | undefined;
  /** Exchange time, inclusive. */
  readonly until?: number | undefined;
  /** The rank of an earlier page's last snapshot. */
  readonly below?: Rank | undefined;
  readonly limit: number;
  /** Exchange time. */
  readonly at?: number | undefined;
  /** Our time. */
  readonly believedAt?: number | undefined;
};

export type HistoryPage = {
  /** By rank, the greatest first; each with what changed since the snapshot before it. */
  readonly snapshots: readonly { readonly snapshot: Snapshot; readonly changes: readonly FieldChange[] }[];
  /** Only with `believedAt`: the latest first. */
  readonly auditEntries?: readonly AuditEntry[];
  /** Where the next page starts; absent after the last one. */
  readonly next?: Rank | undefined;
};

export type ListSnapshots = (request: ListSnapshotsRequest) => Promise<HistoryPage>;

const maxAuditEntries = 100;

/** The history of an order, a page at a time, or as of one moment. Throws `Failure`. */
export function createListSnapshots({ accounts, reader }: ListSnapshotsDeps): ListSnapshots {
  return async (request) => {
    refuseUnknownAccount(accounts, request.account);
    const isPage = request.at === undefined && request.believedAt === undefined;
    return isPage ? page(request) : asOf(request);
  };

  async function page(request: ListSnapshotsRequest): Promise<HistoryPage> {
    const { since = 0, until: upTo = endOfTime, below, limit } = request;
    const found = await reader.snapshots(request, { upTo, below, limit });
    // Only now: the oldest snapshot of the range is compared with the one before it, which need not be in the range.
    const snapshots = withChanges(found).filter(({ snapshot }) => updatedAtOfRank(snapshot.rank) >= since);
    const goesOn = found.next !== undefined && updatedAtOfRank(found.next.rank) >= since;
    return { snapshots, next: goesOn ? snapshots.at(-1)?.snapshot.rank : undefined };
  }

  /**
   * The snapshot that was current at an exchange time. With a time of ours, only snapshots first observed by then
   * count, also as the one to compare with. None of those is dated much later than it was observed.
   */
  async function asOf(request: ListSnapshotsRequest): Promise<HistoryPage> {
    const { at = endOfTime, believedAt } = request;
    if (believedAt === undefined) {
      return { snapshots: withChanges(await reader.snapshots(request, { upTo: at, limit: 1 })) };
    }
    const upTo = Math.min(at, believedAt + maxAheadMs);
    const [found, auditEntries] = await Promise.all([
      reader.snapshots(request, { upTo, observedUntil: believedAt, limit: 1 }),
      reader.auditEntries(request, believedAt, maxAuditEntries),
    ]);
    return { snapshots: withChanges(found), auditEntries };
  }
}

function withChanges({ rows, next }: Page<Snapshot>): HistoryPage['snapshots'] {
  return rows.map((snapshot, i) => {
    const before = rows[i + 1] ?? next;
    return { snapshot, changes: before === undefined ? [] : changesFrom(before, snapshot) };
  });
}
