/** The table's items as they are read back. `items.ts` says what each is and how it is queried. */
import * as z from 'zod/mini';
import { BOOL, type Item, N, readItem, S } from '../dynamo.ts';
import { Failure } from '../errors.ts';
import { type Dialect, dialectNames, dialects } from '../exchange/dialects/index.ts';
import type { Order } from '../exchange/order.ts';
import { schema } from './items.ts';
import type { AuditEntry } from './reader.ts';
import { orderIn, type Snapshot } from './snapshot.ts';
import { auditKinds, lookupOutcomes, starters, statuses } from './statuses.ts';
import { type OrderSummary, summaryOf } from './summary.ts';
import type { Listed, StoredWatch } from './table.ts';

const ofSchema = z.object({ N: z.literal(schema) });

const SnapshotItem = z.object({
  schema: ofSchema,
  account: S,
  order_id: S,
  rank: S,
  dialect: z.pipe(S, z.enum(dialectNames)),
  result: S,
  exchange_time: z.optional(N),
  requested_at: N,
  first_observed_at: N,
  request_id: S,
  observed_by: S,
  key_version: S,
});

const WatchItem = z.object({
  schema: ofSchema,
  revision: N,
  opened_at: N,
  announced_rank: z.optional(S),
  applied_rank: z.optional(S),
  applied_at: z.optional(N),
  observations: z.object({ L: z.array(z.object({ M: z.object({ requested_at: N, rank: S }) })) }),
  not_found_at: z.object({ L: z.array(N) }),
  failed_at: z.optional(z.object({ L: z.array(N) })),
  attempted_at: z.optional(N),
  started_by: z.optional(z.pipe(S, z.enum(starters))),
  listed: z.optional(z.object({ M: z.object({ at: N, present: BOOL }) })),
  looked_up_at: z.optional(z.object({ L: z.array(N) })),
  operator: z.optional(z.object({ M: z.object({ at: N, by: S, stopped: BOOL }) })),
});

/** The order's summary on its watch; `order_state` and `last_update_timestamp` are there once the order was seen. */
const SummaryItem = z.object({
  order_state: z.optional(S),
  instrument_name: z.optional(S),
  direction: z.optional(S),
  order_type: z.optional(S),
  price: z.optional(S),
  amount: z.optional(S),
  filled_amount: z.optional(S),
  average_price: z.optional(S),
  last_update_timestamp: z.optional(N),
});

function readSummary(item: Item): OrderSummary | undefined {
  const { order_state, last_update_timestamp, ...others } = readItem(SummaryItem, item);
  if (order_state === undefined || last_update_timestamp === undefined) return undefined;
  return summaryOf({ order_state, last_update_timestamp, ...others });
}

/** Reads a snapshot or head item. Throws `store_corrupt`. */
export function readSnapshot(item: Item): Snapshot {
  const stored = readItem(SnapshotItem, item);
  return {
    account: stored.account,
    orderId: stored.order_id,
    rank: stored.rank,
    dialect: stored.dialect,
    result: stored.result,
    order: storedOrder(stored.result, dialects[stored.dialect]),
    exchangeTime: stored.exchange_time,
    provenance: {
      requestedAt: stored.requested_at,
      firstObservedAt: stored.first_observed_at,
      requestId: stored.request_id,
      observedBy: stored.observed_by,
      keyVersion: stored.key_version,
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

/** Reads a watch item. Throws `store_corrupt`. */
export function readWatch(item: Item): StoredWatch {
  const stored = readItem(WatchItem, item);
  const { revision, opened_at, announced_rank, applied_rank, applied_at, observations, not_found_at, operator } =
    stored;
  const summary = readSummary(item);
  return {
    revision,
    watch: {
      openedAt: opened_at,
      startedBy: stored.started_by,
      announcedRank: announced_rank,
      applied:
        applied_rank === undefined || applied_at === undefined
          ? undefined
          : { rank: applied_rank, at: applied_at, summary },
      observations: observations.L.map(({ M: { requested_at, rank } }) => ({ requestedAt: requested_at, rank })),
      notFoundAt: not_found_at.L,
      failedAt: stored.failed_at?.L,
      attemptedAt: stored.attempted_at,
      listed: stored.listed?.M,
      lookedUpAt: stored.looked_up_at?.L,
      operator: operator?.M,
    },
  };
}

const ListedItem = z.object({
  schema: ofSchema,
  account: S,
  order_id: S,
  status: z.pipe(S, z.enum(statuses)),
  list_at: N,
  checked_at: z.optional(N),
  opened_at: N,
});

/** Reads a watch as the index has it. Throws `store_corrupt`. */
export function readListed(item: Item): Listed {
  const { account, order_id, status, list_at, checked_at, opened_at } = readItem(ListedItem, item);
  return {
    account,
    orderId: order_id,
    status,
    at: list_at,
    seenAt: checked_at ?? opened_at,
    failing: 'failed_at' in item || 'attempted_at' in item,
    stored: readWatch(item),
  };
}

const AuditItem = z.object({
  schema: ofSchema,
  kind: z.pipe(S, z.enum(auditKinds)),
  at: N,
  request_id: S,
  observed_by: z.optional(S),
  by: z.optional(S),
  attempts: z.optional(
    z.object({
      L: z.array(
        z.object({
          M: z.object({ source: S, outcome: z.pipe(S, z.enum(lookupOutcomes)), rows: N, code: z.optional(S) }),
        }),
      ),
    }),
  ),
});

/** Reads an audit entry of any kind. Throws `store_corrupt`. */
export function readAuditEntry(item: Item): AuditEntry {
  const { kind, at, request_id, observed_by, by, attempts } = readItem(AuditItem, item);
  return {
    kind,
    at,
    requestId: request_id,
    observedBy: observed_by,
    by,
    attempts: attempts?.L.map(({ M }) => M),
  };
}

/** The sort key of an item, which says what it is. Throws `store_corrupt`. */
export function sortKeyOf(item: Item): string {
  return readItem(z.object({ sk: S }), item).sk;
}

/** When a snapshot that is no longer the newest goes, milliseconds since the Unix epoch; never when it says nothing. */
export function expiresAtOf(item: Item): number {
  const { expires_at: seconds } = readItem(z.object({ expires_at: z.optional(N) }), item);
  return seconds === undefined ? Infinity : seconds * 1000;
}
