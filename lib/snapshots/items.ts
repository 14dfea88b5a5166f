/**
 * The table, item by item, and every way it is read.
 *
 * | item        | pk              | sk             | changes                                      |
 * |-------------|-----------------|----------------|----------------------------------------------|
 * | snapshot    | account#orderId | S#rank         | never, but for an earlier provenance and,    |
 * |             |                 |                | once it is not the newest, its expiry        |
 * | head        | account#orderId | NOW#HEAD       | only when rank rises, or as its snapshot     |
 * | watch       | account#orderId | NOW#WATCH      | on every check, if its revision is as read   |
 * | audit entry | account#orderId | E#time#request | never                                        |
 *
 * | access pattern                          | request                                                      |
 * |-----------------------------------------|--------------------------------------------------------------|
 * | head and watch of an order              | Query pk, sk begins with NOW#, consistent                    |
 * | newest snapshot of an order             | Query pk, sk begins with S#, descending, limit 1, consistent |
 * | record a snapshot                       | PutItem if absent, or if this one was observed earlier       |
 * | expire snapshots, if history is limited | Query pk, sk from S# to S#rank, descending, limit, filter no |
 * |                                         | expires_at; UpdateItem expires_at (TTL) of each              |
 * | raise the head                          | PutItem if absent, of lesser rank, or observed later         |
 * | open, touch, close a watch              | PutItem if absent, or if its revision is the one read        |
 * | take the next revision of a watch       | UpdateItem revision + 1 if present; returns the item         |
 * | record an audit entry                   | PutItem                                                      |
 * | a page of an order's history            | Query pk, sk from S# to S#time or S#rank, descending, limit, |
 * |                                         | consistent                                                   |
 * | an order as believed at a moment        | the same, filter first_observed_at, until two are found      |
 * | audit entries up to a moment            | Query pk, sk from E# to E#time, descending, limit, consistent|
 * | an account's orders by due or closing   | Query index `lists`: list = account#live, account#attention  |
 * |                                         | or account#final, list_at ascending; a page of final orders  |
 * |                                         | descending                                                   |
 *
 * Head and watch share a prefix so that one request reads both. Only the watch carries the index's keys.
 */
import { type Item, number } from '../dynamo.ts';
import { endOfTime } from '../time.ts';
import { type CheckPolicy, dueAt } from './due.ts';
import { updatedAtOfRank } from './rank.ts';
import type { AuditEntry } from './reader.ts';
import type { OrderKey, Snapshot } from './snapshot.ts';
import type { OrderSummary } from './summary.ts';
import type { HistoryLookup, ListName, NotFoundReply, StoredWatch, WatchCommand } from './table.ts';
import { checkedAt, isUnobserved, statusOf, type Watch, type WatchStatus } from './watch.ts';

/** The shape of the items written now; readers refuse what they do not know. */
export const snapshotSchema = '1';

export const snapshotPrefix = 'S#';
export const auditPrefix = 'E#';
export const currentPrefix = 'NOW#';
export const headKey = `${currentPrefix}HEAD`;
export const watchKey = `${currentPrefix}WATCH`;
export const indexName = 'lists';

export function partitionKey({ account, orderId }: OrderKey): string {
  return `${account}#${orderId}`;
}

/** Sorts after every item of a prefix that is of this time or earlier; milliseconds since the Unix epoch. */
export function sortKeyAfter(prefix: typeof snapshotPrefix | typeof auditPrefix, time: number): string {
  return `${prefix}${timeKey(Math.min(time, endOfTime))}~`;
}

function timeKey(time: number): string {
  return String(time).padStart(13, '0');
}

export function listKey(account: string, list: ListName): string {
  return `${account}#${list}`;
}

const lists: Readonly<Record<WatchStatus, ListName | undefined>> = {
  watched: 'live',
  unconfirmed: 'live',
  missing: 'attention',
  unknown: 'attention',
  inconsistent: 'attention',
  final: 'final',
  stopped: undefined,
};

export function snapshotItem(snapshot: Snapshot): Item {
  return { ...snapshotAttributes(snapshot), ...snapshotKey(snapshot) };
}

export function snapshotKey(snapshot: Snapshot) {
  return { pk: { S: partitionKey(snapshot) }, sk: { S: `${snapshotPrefix}${snapshot.rank}` } };
}

export function headItem(snapshot: Snapshot): Item {
  return { ...snapshotAttributes(snapshot), sk: { S: headKey } };
}

function snapshotAttributes(snapshot: Snapshot): Item {
  const { rank, dialect, result, order, exchangeTime, provenance } = snapshot;
  return {
    ...orderAttributes(snapshot),
    rank: { S: rank },
    order_state: { S: order.order_state },
    ...(order.instrument_name !== undefined && { instrument_name: { S: order.instrument_name } }),
    dialect: { S: dialect },
    result: { S: result },
    ...(exchangeTime !== undefined && { exchange_time: number(exchangeTime) }),
    requested_at: number(provenance.requestedAt),
    first_observed_at: number(provenance.firstObservedAt),
    request_id: { S: provenance.requestId },
    observed_by: { S: provenance.observedBy },
    key_version: { S: provenance.keyVersion },
  };
}

export function watchItem(key: OrderKey, { watch, revision }: StoredWatch, policy: CheckPolicy): Item {
  const status = statusOf(watch);
  const list = isUnobserved(watch) ? 'attention' : lists[status];
  const lastChecked = checkedAt(watch);
  return {
    ...orderAttributes(key),
    sk: { S: watchKey },
    revision: number(revision),
    status: { S: status },
    ...(list !== undefined && {
      list: { S: listKey(key.account, list) },
      list_at: number(status === 'final' ? closedAt(watch) : dueAt(watch, policy)),
    }),
    ...(lastChecked !== undefined && { checked_at: number(lastChecked) }),
    opened_at: number(watch.openedAt),
    ...(watch.announcedRank !== undefined && { announced_rank: { S: watch.announcedRank } }),
    ...(watch.startedBy !== undefined && { started_by: { S: watch.startedBy } }),
    ...(watch.applied !== undefined && {
      ...summaryAttributes(watch.applied.summary),
      applied_rank: { S: watch.applied.rank },
      applied_at: number(watch.applied.at),
    }),
    observations: {
      L: watch.observations.map(({ requestedAt, rank }) => ({
        M: { requested_at: number(requestedAt), rank: { S: rank } },
      })),
    },
    not_found_at: { L: watch.notFoundAt.map(number) },
    ...(watch.failedAt !== undefined && { failed_at: { L: watch.failedAt.map(number) } }),
    ...(watch.attemptedAt !== undefined && { attempted_at: number(watch.attemptedAt) }),
    ...(watch.listed !== undefined && {
      listed: { M: { at: number(watch.listed.at), present: { BOOL: watch.listed.present } } },
    }),
    ...(watch.lookedUpAt !== undefined && { looked_up_at: { L: watch.lookedUpAt.map(number) } }),
    ...(watch.operator !== undefined && {
      operator: {
        M: {
          at: number(watch.operator.at),
          by: { S: watch.operator.by },
          stopped: { BOOL: watch.operator.stopped },
        },
      },
    }),
  };
}

function summaryAttributes(summary: OrderSummary | undefined): Item {
  if (summary === undefined) return {};
  const { last_update_timestamp: updated, ...texts } = summary;
  const written = Object.entries(texts).flatMap(([name, value]) => (value === undefined ? [] : [[name, { S: value }]]));
  return { ...Object.fromEntries(written), last_update_timestamp: number(updated) };
}

export function notFoundItem(notFound: NotFoundReply): Item {
  return { ...auditItem('not_found', notFound, notFound.requestedAt), observed_by: { S: notFound.observedBy } };
}

export function historyLookupItem({ attempts, ...lookup }: HistoryLookup): Item {
  const L = attempts.map(({ source, outcome, rows, code }) => ({
    M: {
      source: { S: source },
      outcome: { S: outcome },
      rows: number(rows),
      ...(code !== undefined && { code: { S: code } }),
    },
  }));
  return {
    ...auditItem('history_lookup', lookup, lookup.at),
    observed_by: { S: lookup.observedBy },
    attempts: { L },
  };
}

export function watchCommandItem(command: WatchCommand): Item {
  return {
    ...auditItem(command.stopped ? 'watch_stopped' : 'watch_started', command, command.at),
    by: { S: command.by },
  };
}

type AuditKind = AuditEntry['kind'];

function auditItem(kind: AuditKind, provenance: OrderKey & { readonly requestId: string }, at: number): Item {
  const { requestId } = provenance;
  return {
    ...orderAttributes(provenance),
    sk: { S: auditKey({ kind, at, requestId }) },
    kind: { S: kind },
    at: number(at),
    request_id: { S: requestId },
  };
}

/** The sort key of an audit entry. One request may leave two at one time: a not-found reply, and a search of histories. */
export function auditKey({ kind, at, requestId }: Pick<AuditEntry, 'kind' | 'at' | 'requestId'>): string {
  return `${auditPrefix}${timeKey(at)}#${requestId}${kind === 'history_lookup' ? '#history' : ''}`;
}

function orderAttributes(key: OrderKey): Item {
  return {
    pk: { S: partitionKey(key) },
    schema: { N: snapshotSchema },
    account: { S: key.account },
    order_id: { S: key.orderId },
  };
}

function closedAt({ announcedRank, openedAt }: Watch): number {
  return announcedRank === undefined ? openedAt : updatedAtOfRank(announcedRank);
}
