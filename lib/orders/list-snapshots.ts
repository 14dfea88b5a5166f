import * as z from 'zod/mini';
import { badRequest } from '../api/bad-request.ts';
import { type CursorScope, readCursor, writeCursor } from '../api/cursor.ts';
import { defaultRows } from '../api/parameters.ts';
import { snapshotRow } from '../api/presenters.ts';
import type { AuditEntry as AuditEntryRow, History, SnapshotRow } from '../api/responses.ts';
import type { routes } from '../api/routes.ts';
import { maxAheadMs } from '../exchange/order.ts';
import { changesBetween } from '../snapshots/changes.ts';
import { rankPattern, updatedAtOfRank } from '../snapshots/rank.ts';
import type { AuditEntry, Page, SnapshotReader } from '../snapshots/reader.ts';
import type { OrderKey, Snapshot } from '../snapshots/snapshot.ts';
import { endOfTime, iso } from '../time.ts';
import { type KnownAccounts, refuseUnknown } from './known-accounts.ts';

export type ListSnapshotsDeps = {
  readonly accounts: KnownAccounts;
  readonly reader: Pick<SnapshotReader, 'snapshots' | 'auditEntries'>;
};

export type ListSnapshotsRequest = z.output<typeof routes.listSnapshots.parameters>;
export type ListSnapshots = (request: ListSnapshotsRequest) => Promise<History>;

const maxAuditEntries = 100;

/** What a request finds of an order's history. */
type HistoryPage = Omit<History, 'account' | 'order_id'>;

/** The history of an order, a page at a time, or as of one moment. Throws `Failure`. */
export function createListSnapshots({ accounts, reader }: ListSnapshotsDeps): ListSnapshots {
  return async (request) => {
    const { account, order_id: orderId, at, believed_at: believedAt } = request;
    refuseUnknown(accounts, account);
    refuseContradictions(request);
    const key = { account, orderId };
    const isPage = at === undefined && believedAt === undefined;
    const found = isPage ? await page(key, request) : await asOf(key, timeOf(at), timeOf(believedAt));
    return { account, order_id: orderId, ...found };
  };

  async function page(key: OrderKey, request: ListSnapshotsRequest): Promise<HistoryPage> {
    const { limit = defaultRows, cursor } = request;
    const since = timeOf(request.since) ?? 0;
    const upTo = timeOf(request.until) ?? endOfTime;
    const scope: CursorScope = ['listSnapshots', key.account, key.orderId, since, upTo];
    const below = cursor === undefined ? undefined : readCursor(scope, positionIn(since, upTo), cursor);
    const found = await reader.snapshots(key, { upTo, below, limit });
    // Only now: the oldest row in the range is told against the snapshot before it, which need not be in it.
    const snapshots = rowsOf(found).filter(({ rank }) => updatedAtOfRank(rank) >= since);
    const goesOn = found.next !== undefined && updatedAtOfRank(found.next.rank) >= since;
    const last = snapshots.at(-1);
    return { snapshots, ...(goesOn && last !== undefined && { cursor: writeCursor(scope, last.rank) }) };
  }

  /**
   * The snapshot in force at a time of the exchange; at a time of ours, among those first observed by then, and so is
   * the one that its changes are told against. None of those is dated much later than it was observed.
   */
  async function asOf(key: OrderKey, at = endOfTime, believedAt?: number): Promise<HistoryPage> {
    if (believedAt === undefined) return { snapshots: rowsOf(await reader.snapshots(key, { upTo: at, limit: 1 })) };
    const upTo = Math.min(at, believedAt + maxAheadMs);
    const [found, auditEntries] = await Promise.all([
      reader.snapshots(key, { upTo, observedUntil: believedAt, limit: 1 }),
      reader.auditEntries(key, believedAt, maxAuditEntries),
    ]);
    return { snapshots: rowsOf(found), audit_entries: auditEntries.map(auditEntryRow) };
  }
}

/** A page ends with a snapshot of its range. */
function positionIn(since: number, upTo: number) {
  const isInRange = (rank: string) => updatedAtOfRank(rank) >= since && updatedAtOfRank(rank) <= upTo;
  return z.string().check(z.regex(rankPattern), z.refine(isInRange));
}

/** Throws `bad_request` for parameters that are well each by itself and not together. */
function refuseContradictions(request: ListSnapshotsRequest): void {
  const moments = (['at', 'believed_at'] as const).filter((name) => request[name] !== undefined);
  const others = (['since', 'until', 'limit', 'cursor'] as const).filter((name) => request[name] !== undefined);
  if (moments.length > 0 && others.length > 0) {
    const message = `does not go with ${moments.join(' and ')}: leave it out`;
    throw badRequest(others.map((name) => ({ name, message })));
  }
  const { since, until } = request;
  if (since !== undefined && until !== undefined && Date.parse(since) > Date.parse(until)) {
    throw badRequest([{ name: 'since', message: 'must not be later than until' }]);
  }
}

function timeOf(moment: string | undefined): number | undefined {
  return moment === undefined ? undefined : Date.parse(moment);
}

function rowsOf({ rows, next }: Page<Snapshot>): SnapshotRow[] {
  return rows.map((snapshot, i) => {
    const before = rows[i + 1] ?? next;
    const changes = before === undefined ? [] : changesBetween(before.order, snapshot.order);
    return { ...snapshotRow(snapshot), changes };
  });
}

function auditEntryRow({ requestId, at, observedBy, ...entry }: AuditEntry): AuditEntryRow {
  return {
    ...entry,
    at: iso(at),
    request_id: requestId,
    ...(observedBy !== undefined && { observed_by: observedBy }),
  };
}
