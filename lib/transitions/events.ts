import { isLosslessNumber, isSafeNumber } from 'lossless-json';
import type { Item } from '../dynamo.ts';
import { Failure } from '../errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../exchange/json.ts';
import { type Order, phaseOf } from '../exchange/order.ts';
import { headKey, watchKey } from '../snapshots/items.ts';
import { phaseOfRank } from '../snapshots/rank.ts';
import { readSnapshot, readWatch, sortKeyOf } from '../snapshots/read-items.ts';
import type { OrderKey, Snapshot } from '../snapshots/snapshot.ts';
import type { StoredWatch } from '../snapshots/table.ts';
import { checkedAt, statusOf, type Watch, type WatchStatus } from '../snapshots/watch.ts';
import { iso, isoOrAbsent } from '../time.ts';
import { eventSchema, type OrderStateChanged, type WatchChanged, type WatchEventName } from './schemas.ts';

/** One item before and after a write; `before` is absent when the write created it, `after` when it removed it. */
export type Images = { readonly before?: Item | undefined; readonly after?: Item | undefined };

/** One transition to publish. `at` is when it happened, milliseconds since the Unix epoch. */
export type TransitionEvent =
  | { readonly name: 'OrderStateChanged'; readonly at: number; readonly detail: OrderStateChanged }
  | { readonly name: WatchEventName; readonly at: number; readonly detail: WatchChanged };

/**
 * The event of a write, if it has one: the head's rank rose, or the watch's status changed. Depends on the two images
 * only, so the same write always gives the same event. Throws `store_corrupt`.
 */
export function transitionOf({ before, after }: Images): TransitionEvent | undefined {
  if (after === undefined) return undefined;
  const kind = sortKeyOf(after);
  if (kind === headKey) return stateChange(before && readSnapshot(before), readSnapshot(after));
  if (kind !== watchKey) return undefined;
  return watchChange(orderKeyOf(after), before && readWatch(before), readWatch(after));
}

/** The event of a head that rose from one snapshot to another; none when only its provenance became earlier. */
export function stateChange(before: Snapshot | undefined, after: Snapshot): TransitionEvent | undefined {
  if (before !== undefined && before.rank >= after.rank) return undefined;
  const { account, orderId, rank, order, provenance, exchangeTime } = after;
  const detail: OrderStateChanged = {
    schema: eventSchema,
    id: [account, orderId, rank].join('#'),
    account,
    order_id: orderId,
    rank,
    from: before === undefined ? null : { rank: before.rank, ...withoutDetails(before.order) },
    to: { ...order, details: exactForAll(order.details) },
    final: phaseOf(order) === 'final',
    successor_unknown: order.order_state === 'triggered' ? true : undefined,
    first_observed_at: iso(provenance.firstObservedAt),
    exchange_time: isoOrAbsent(exchangeTime),
  };
  return { name: 'OrderStateChanged', at: provenance.firstObservedAt, detail };
}

/** The event of a watch whose status changed, if that has a name. */
function watchChange(
  { account, orderId }: OrderKey,
  before: StoredWatch | undefined,
  { watch, revision }: StoredWatch,
): TransitionEvent | undefined {
  const from = before && statusOf(before.watch);
  const to = statusOf(watch);
  const name = from === to ? undefined : nameOf(from, to, watch);
  if (name === undefined) return undefined;
  const at = latestFactAt(watch);
  const startedBy = from === 'stopped' ? 'person' : watch.startedBy;
  const { operator } = watch;
  const detail: WatchChanged = {
    schema: eventSchema,
    id: [account, orderId, 'watch', `${from ?? 'none'}>${to}`, revision].join('#'),
    account,
    order_id: orderId,
    revision,
    from: from ?? null,
    to,
    changed_at: iso(at),
    checked_at: isoOrAbsent(checkedAt(watch)),
    rank: watch.applied?.rank,
    started_by: name === 'WatchStarted' ? startedBy : undefined,
    operator: operator && { by: operator.by, at: iso(operator.at) },
  };
  return { name, at, detail };
}

/**
 * The event's name for a change of status. Each alarming status has a name for its start and one for its end. A closed
 * order has none here, not even when it is first seen: `OrderStateChanged` reports it, with `final: true`.
 */
function nameOf(from: WatchStatus | undefined, to: WatchStatus, watch: Watch): WatchEventName | undefined {
  if (to === 'stopped') return 'WatchStopped';
  if (to === 'missing') return 'OrderMissing';
  if (from === 'missing') return 'OrderFound';
  if (to === 'inconsistent') return 'OrderInconsistent';
  if (to === 'unknown') return 'OrderStateUnknown';
  if (from === 'inconsistent') return 'OrderConsistent';
  return from === 'stopped' || to === 'unconfirmed' || (from === undefined && isAlive(watch))
    ? 'WatchStarted'
    : undefined;
}

/** A final reply is announced before its snapshot is written: until then its watch is not final, yet it is over. */
function isAlive({ announcedRank }: Watch): boolean {
  return announcedRank !== undefined && phaseOfRank(announcedRank) !== 'final';
}

/** The time of the latest fact in the watch. */
function latestFactAt({ openedAt, observations, notFoundAt, operator }: Watch): number {
  return Math.max(openedAt, observations[0]?.requestedAt ?? 0, notFoundAt[0] ?? 0, operator?.at ?? 0);
}

function orderKeyOf(item: Item): OrderKey {
  const [account, orderId] = [item['account']?.S, item['order_id']?.S];
  if (account !== undefined && orderId !== undefined) return { account, orderId };
  throw new Failure('store_corrupt', 'An item of the snapshot table does not name its order.');
}

function withoutDetails({ details: _, ...fields }: Order): Omit<Order, 'details'> {
  return fields;
}

/**
 * The same details for every reader: targets read JSON's numbers as doubles, and EventBridge refuses integers of more
 * than 64 bits, so a number that a double does not hold exactly is written as a string.
 */
function exactForAll(details: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(details).map(([key, value]) => [key, exact(value)]));
}

function exact(value: Json): Json {
  if (isLosslessNumber(value)) return isSafeNumber(value.value) ? value : value.value;
  if (Array.isArray(value)) return value.map(exact);
  return isJsonObject(value) ? exactForAll(value) : value;
}
