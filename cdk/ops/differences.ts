import { isDeepStrictEqual } from 'node:util';
import { readAccountItem } from '../../lib/accounts/items.ts';
import type { Item } from '../../lib/dynamo.ts';
import { Failure } from '../../lib/errors.ts';
import { dialects } from '../../lib/exchange/dialects/index.ts';
import {
  auditKey,
  auditPrefix,
  headItem,
  headKey,
  snapshotItem,
  snapshotKey,
  snapshotPrefix,
  watchItem,
  watchKey,
} from '../../lib/snapshots/items.ts';
import { rankOf } from '../../lib/snapshots/rank.ts';
import { expiresAtOf, readAuditEntry, readSnapshot, readWatch } from '../../lib/snapshots/read-items.ts';
import type { Snapshot } from '../../lib/snapshots/snapshot.ts';
import type { StoredWatch } from '../../lib/snapshots/table.ts';

/** An item that is not what it must be, and how it differs, without any value of it. */
export type Difference = {
  readonly pk: string;
  readonly sk: string;
  readonly how: string;
  /** What a check that was cut short leaves, and the next one repairs. */
  readonly cutShort?: true;
};

/** An item's attributes, and what it should have been. */
type ReadItem = { readonly item: Item; readonly sk: string };

/**
 * Compares all items of one partition key: every snapshot with its own `result`, the head with the newest snapshot, the
 * watch with the head. What an item should be is computed again by the functions that wrote it.
 */
export function differencesOf(pk: string, items: readonly Item[]): readonly Difference[] {
  const { found, isReadable, ...order } = checkItems(pk, items);
  // An item that cannot be read explains what follows from it.
  return isReadable ? [...found, ...[...disagreements(items, order)].map((each) => ({ pk, ...each }))] : found;
}

/** The same without comparisons between items: for a backup, whose items may be some moments apart. */
export function itemDifferencesOf(pk: string, items: readonly Item[]): readonly Difference[] {
  return checkItems(pk, items).found;
}

type OrderItems = {
  readonly snapshots: readonly Snapshot[];
  readonly head: Snapshot | undefined;
  readonly stored: StoredWatch | undefined;
};
type CheckedItems = OrderItems & { readonly found: readonly Difference[]; readonly isReadable: boolean };

function checkItems(pk: string, items: readonly Item[]): CheckedItems {
  const found: Difference[] = [];
  const differs = (sk: string, how: string) => found.push({ pk, sk, how });
  const snapshots: Snapshot[] = [];
  let head: Snapshot | undefined;
  let stored: StoredWatch | undefined;
  let isReadable = true;

  for (const item of items) {
    const sk = item['sk']?.S ?? '';
    try {
      // Throws for one that is not a time.
      expiresAtOf(item);
      if (sk !== 'ACCOUNT' && `${item['account']?.S}#${item['order_id']?.S}` !== pk)
        differs(sk, 'its account and order_id are not those of its key');
      if (sk.startsWith(snapshotPrefix)) snapshots.push(checkedSnapshot({ item, sk }, differs));
      else if (sk === headKey) head = checkedSnapshot({ item, sk }, differs);
      else if (sk === watchKey) stored = checkedWatch({ item, sk }, differs);
      else if (sk.startsWith(auditPrefix)) checkAuditEntry({ item, sk }, differs);
      else if (sk === 'ACCOUNT') readAccountItem(item);
      else differs(sk, 'its kind is unknown to this version');
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      isReadable = false;
      differs(sk, `it cannot be read: ${error.message}`);
    }
  }
  return { found, isReadable, snapshots, head, stored };
}

type Differs = (sk: string, how: string) => void;

function checkedSnapshot({ item, sk }: ReadItem, differs: Differs): Snapshot {
  const snapshot = readSnapshot(item);
  const { rank, order, orderId, dialect } = snapshot;
  const due = rankOf(order, dialects[dialect].volatile);
  if (rank !== due) differs(sk, `its rank is not that of its result: ${partsThatDiffer(rank, due)}`);
  if (order.order_id !== orderId) differs(sk, 'its result is about another order');
  const others = otherAttributes(item, sk === headKey ? headItem(snapshot) : snapshotItem(snapshot)).filter(
    (name) => name !== 'expires_at',
  );
  if (others.length > 0) differs(sk, `not what its result and key imply: ${others.join(', ')}`);
  return snapshot;
}

function checkedWatch({ item, sk }: ReadItem, differs: Differs): StoredWatch {
  const stored = readWatch(item);
  const key = { account: item['account']?.S ?? '', orderId: item['order_id']?.S ?? '' };
  // When an open order is due depends on its stage: only its presence in the index can be checked here.
  const due = watchItem(key, stored, { minMs: 0, maxMs: 0 });
  const isTimed = due['status']?.S === 'final';
  const others = otherAttributes(item, due).filter((name) => isTimed || name !== 'list_at');
  if (!isTimed && (item['list_at'] === undefined) !== (due['list_at'] === undefined)) others.push('list_at');
  if (others.length > 0) differs(sk, `not what the rest of the watch implies: ${others.join(', ')}`);
  return stored;
}

function checkAuditEntry({ item, sk }: ReadItem, differs: Differs): void {
  if (sk !== auditKey(readAuditEntry(item))) differs(sk, 'its time and request_id are not those of its key');
}

/** How the items of an order contradict each other. */
function* disagreements(
  items: readonly Item[],
  { snapshots, head, stored }: OrderItems,
): Generator<Omit<Difference, 'pk'>> {
  const newest = snapshots.reduce<Snapshot | undefined>(
    (best, snapshot) => (best === undefined || snapshot.rank > best.rank ? snapshot : best),
    undefined,
  );
  const last = newest && snapshotKey(newest).sk.S;
  if (last !== undefined && items.some(({ sk, expires_at: end }) => sk?.S === last && end !== undefined))
    yield { sk: last, how: 'it is the newest snapshot, and expires' };
  const cutShort = (how: string) => ({
    how: `${how}: a check was cut short${stored?.watch.operator?.stopped ? '' : '; the next check of the order repairs it'}`,
    cutShort: true as const,
  });
  if (newest !== undefined && head === undefined)
    yield { sk: headKey, ...cutShort('it is missing, though there are snapshots') };
  if (head !== undefined && newest === undefined) yield { sk: headKey, how: 'it has no snapshot' };
  if (head !== undefined && newest !== undefined) {
    if (head.rank < newest.rank) yield { sk: headKey, ...cutShort('it is behind the newest snapshot') };
    else if (head.rank > newest.rank) yield { sk: headKey, how: 'it has no snapshot' };
    else {
      const item = items.find(({ sk }) => sk?.S === headKey);
      const others = otherAttributes(item ?? {}, headItem(newest));
      if (others.length > 0) yield { sk: headKey, how: `not what the newest snapshot implies: ${others.join(', ')}` };
    }
  }
  if (newest !== undefined && stored === undefined)
    yield { sk: watchKey, how: 'it is missing, though there are snapshots' };
  if (stored === undefined) return;
  const { announcedRank, applied } = stored.watch;
  if (applied?.rank !== head?.rank) yield { sk: watchKey, ...cutShort('its applied_rank is not the rank of the head') };
  else if (announcedRank !== applied?.rank)
    yield { sk: watchKey, ...cutShort('its announced_rank is ahead of the head') };
}

function otherAttributes(item: Item, due: Item): string[] {
  return [...new Set([...Object.keys(item), ...Object.keys(due)])].filter(
    (name) => !isDeepStrictEqual(item[name], due[name]),
  );
}

const rankParts = ['last_update_timestamp', 'version', 'phase', 'filled_amount', 'filled_amount', 'digest'];

function partsThatDiffer(rank: string, due: string): string {
  const [has, should] = [rank.split('.'), due.split('.')];
  return [...new Set(rankParts.filter((_, index) => has[index] !== should[index]))].join(', ') || 'its length';
}
