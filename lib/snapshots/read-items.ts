/** The table's items as they are read back. `items.ts` says what each is and how it is queried. */
import { type Attributes, attributesOf, BOOL, enumOf, type Item, L, M, N, S, schemaOf } from '../dynamo.ts';
import { Failure } from '../errors.ts';
import { type Dialect, dialectNames, dialects } from '../exchange/dialects/index.ts';
import { historyOutcomes } from '../exchange/history-outcomes.ts';
import type { Order } from '../exchange/order.ts';
import { partitionKey, snapshotSchema } from './items.ts';
import type { AuditEntry } from './reader.ts';
import { orderIn, type Snapshot } from './snapshot.ts';
import { auditKinds, statuses, watchOrigins } from './statuses.ts';
import type { CompleteOrderSummary } from './summary.ts';
import type { IndexedOrder, StoredWatch } from './table.ts';

const ofSchema = schemaOf(snapshotSchema);
const dialectName = enumOf(dialectNames);

/** Reads a snapshot or head item. Throws `store_corrupt`. */
export function readSnapshot(item: Item): Snapshot {
  const { get, find } = attributesOf(item);
  get('schema', ofSchema);
  const dialect = get('dialect', dialectName);
  const result = get('result', S);
  return {
    account: get('account', S),
    orderId: get('order_id', S),
    rank: get('rank', S),
    dialect,
    result,
    order: storedOrder(result, dialects[dialect]),
    exchangeTime: find('exchange_time', N),
    provenance: {
      requestedAt: get('requested_at', N),
      firstObservedAt: get('first_observed_at', N),
      requestId: get('request_id', S),
      observedBy: get('observed_by', S),
      keyVersion: get('key_version', S),
    },
  };
}

function storedOrder(result: string, dialect: Dialect): Order {
  try {
    return orderIn(result, dialect);
  } catch (cause) {
    throw new Failure('store_corrupt', 'A snapshot in the table has a result that is not an order.', { cause });
  }
}

const watchOrigin = enumOf(watchOrigins);
const times = L(N);
const observations = L(M(({ get }) => ({ requestedAt: get('requested_at', N), rank: get('rank', S) })));
const listing = M(({ get }) => ({ at: get('at', N), present: get('present', BOOL) }));
const operator = M(({ get }) => ({ at: get('at', N), by: get('by', S), stopped: get('stopped', BOOL) }));

/** Reads a watch item. Throws `store_corrupt`. */
export function readWatch(item: Item): StoredWatch {
  return watchIn(attributesOf(item));
}

function watchIn(members: Attributes): StoredWatch {
  const { get, find } = members;
  get('schema', ofSchema);
  const rank = find('applied_rank', S);
  const at = find('applied_at', N);
  const summary = summaryIn(members);
  return {
    revision: get('revision', N),
    watch: {
      openedAt: get('opened_at', N),
      startedBy: find('started_by', watchOrigin),
      announcedRank: find('announced_rank', S),
      applied: rank === undefined || at === undefined ? undefined : { rank, at, summary },
      observations: get('observations', observations),
      notFoundAt: get('not_found_at', times),
      failedAt: find('failed_at', times),
      attemptedAt: find('attempted_at', N),
      listed: find('listed', listing),
      lookedUpAt: find('looked_up_at', times),
      operator: find('operator', operator),
    },
  };
}

/** The order's summary on its watch; `order_state` and `last_update_timestamp` are there once the order was seen. */
function summaryIn({ find }: Attributes): CompleteOrderSummary | undefined {
  const order_state = find('order_state', S);
  const last_update_timestamp = find('last_update_timestamp', N);
  const others = {
    instrument_name: find('instrument_name', S),
    direction: find('direction', S),
    order_type: find('order_type', S),
    price: find('price', S),
    amount: find('amount', S),
    filled_amount: find('filled_amount', S),
    average_price: find('average_price', S),
  };
  if (order_state === undefined || last_update_timestamp === undefined) return undefined;
  return { order_state, ...others, last_update_timestamp };
}

const watchStatus = enumOf(statuses);

/** Reads a watch as the index has it. Throws `store_corrupt`. */
export function readIndexedOrder(item: Item): IndexedOrder {
  const members = attributesOf(item);
  const { get, find } = members;
  const stored = watchIn(members);
  return {
    account: get('account', S),
    orderId: get('order_id', S),
    status: get('status', watchStatus),
    at: get('list_at', N),
    seenAt: find('checked_at', N) ?? stored.watch.openedAt,
    failing: 'failed_at' in item || 'attempted_at' in item,
    stored,
  };
}

const auditKind = enumOf(auditKinds);
const historyOutcome = enumOf(historyOutcomes);
const attempts = L(
  M(({ get, find }) => ({
    source: get('source', S),
    outcome: get('outcome', historyOutcome),
    rows: get('rows', N),
    code: find('code', S),
  })),
);

/** Reads an audit entry of any kind. Throws `store_corrupt`. */
export function readAuditEntry(item: Item): AuditEntry {
  const { get, find } = attributesOf(item);
  get('schema', ofSchema);
  return {
    kind: get('kind', auditKind),
    at: get('at', N),
    requestId: get('request_id', S),
    observedBy: find('observed_by', S),
    by: find('by', S),
    attempts: find('attempts', attempts),
  };
}

/** The sort key of an item, which says what it is. Throws `store_corrupt`. */
export function sortKeyOf(item: Item): string {
  return attributesOf(item).get('sk', S);
}

/** The order of an item of this account, by its key, whatever else the item holds. */
export function orderIdOf(item: Item, account: string): string {
  return attributesOf(item)
    .get('pk', S)
    .slice(partitionKey({ account, orderId: '' }).length);
}

/** When a snapshot that is no longer the newest expires, milliseconds since the Unix epoch; `Infinity` for never. */
export function expiresAtOf(item: Item): number {
  const seconds = attributesOf(item).find('expires_at', N);
  return seconds === undefined ? Infinity : seconds * 1000;
}
