import { type Failure, retryAfterSeconds } from '../errors.ts';
import { phaseOf } from '../exchange/order.ts';
import type { ChangeWatchRequest, WatchChange } from '../orders/change-watch.ts';
import type { OrderOutcome } from '../orders/check-orders.ts';
import type { CheckResult } from '../orders/check-result.ts';
import type { AccountOverview } from '../orders/list-accounts.ts';
import type { ListedOrder, ListOrdersRequest, OrderPage } from '../orders/list-orders.ts';
import type { HistoryPage, ListSnapshotsRequest } from '../orders/list-snapshots.ts';
import { OrderNotFound } from '../orders/order-not-found.ts';
import { digestOfRank } from '../snapshots/rank.ts';
import type { AuditEntry } from '../snapshots/reader.ts';
import type { Snapshot } from '../snapshots/snapshot.ts';
import type { OrderSummary } from '../snapshots/summary.ts';
import { ageSeconds, iso, isoOrAbsent } from '../time.ts';
import type * as accounts from './account-responses.ts';
import { ordersCursor, snapshotsCursor } from './requests.ts';
import type * as responses from './responses.ts';

/*
 * The one place that turns domain values into wire values: snake_case names, ISO 8601 times, ages in whole seconds,
 * rounded up. A member that is `undefined` is absent from the JSON.
 */

export function checkedOrder(checked: CheckResult): responses.CheckedOrder {
  const { account, order, rank, final, watched, source, changed, firstObservedAt, checkedAt, ageMs, exchangeTime } =
    checked;
  return {
    account,
    order,
    rank,
    final,
    watched,
    source,
    changed,
    first_observed_at: iso(firstObservedAt),
    checked_at: iso(checkedAt),
    age_seconds: ageSeconds(0, ageMs),
    exchange_time: isoOrAbsent(exchangeTime),
  };
}

export function checkedOrders(account: string, outcomes: readonly OrderOutcome[]): responses.CheckedOrders {
  return { account, outcomes: outcomes.map(outcomeOf) };
}

function outcomeOf(order: OrderOutcome): responses.Outcome {
  const { orderId: order_id } = order;
  switch (order.outcome) {
    case 'checked':
      return { order_id, outcome: order.outcome, checked: checkedOrder(order.checked) };
    case 'failed':
      return { order_id, outcome: order.outcome, problem: problemOf(order.failure) };
    case 'not_tried':
      return { order_id, outcome: order.outcome, retry_after_seconds: order.retryAfterSeconds };
  }
}

/** What a caller may know about a failure. */
export function problemOf(failure: Failure): Omit<responses.Problem, 'instance' | 'request_id'> {
  const { spec, code, message, exchangeCode, members } = failure;
  const isInternal = spec.status === 500;
  const { lastKnown, lookedUpAt, nextLookAt } = failure instanceof OrderNotFound ? failure : {};
  return {
    type: `urn:order-state-snapshots:${code}`,
    title: spec.title,
    status: spec.status,
    detail: isInternal ? 'Something failed on our side; the log has the details under this request id.' : message,
    code,
    exchange_code: isInternal ? undefined : exchangeCode,
    last_known: lastKnown && checkedOrder(lastKnown),
    looked_up_at: isoOrAbsent(lookedUpAt),
    next_look_at: isoOrAbsent(nextLookAt),
    ...members,
  };
}

/** The Retry-After of a response, where waiting helps. */
export function retryAfterHeader(seconds: number | undefined): Readonly<Record<string, string>> {
  return seconds === undefined ? {} : { 'retry-after': String(seconds) };
}

/** The Retry-After of a problem: only one with status 503 has it. */
export function retryAfterOf(failure: Failure): Readonly<Record<string, string>> {
  return retryAfterHeader(failure.spec.status === 503 ? retryAfterSeconds(failure) : undefined);
}

export function changedWatch(
  { account, orderId }: Pick<ChangeWatchRequest, 'account' | 'orderId'>,
  { watched, status, overCapacity }: WatchChange,
): responses.ChangedWatch {
  return { account, order_id: orderId, watched, status, over_capacity: overCapacity ? true : undefined };
}

/** `now` in milliseconds since the Unix epoch. */
export function orderList(request: ListOrdersRequest, page: OrderPage, now: number): responses.OrderList {
  const { account, state } = request;
  return {
    account,
    state,
    orders: page.orders.map((entry) => listedOrder(entry, now)),
    cursor: page.next && ordersCursor(request, page.next),
  };
}

/** `now` in milliseconds since the Unix epoch. */
export function listedOrder(order: ListedOrder, now: number): responses.ListedOrder {
  const { orderId, status, at, openedAt, checkedAt, lookedUpAt, summary } = order;
  // This compiles only if the contract has every field of a summary: a field that its schema lacks would be left out.
  const lastSeen: Pick<responses.ListedOrder, keyof OrderSummary> | undefined = summary;
  return {
    order_id: orderId,
    status,
    ...lastSeen,
    due_at: status === 'final' ? undefined : iso(at),
    closed_at: status === 'final' ? iso(at) : undefined,
    opened_at: iso(openedAt),
    checked_at: isoOrAbsent(checkedAt),
    age_seconds: checkedAt === undefined ? undefined : ageSeconds(checkedAt, now),
    looked_up_at: isoOrAbsent(lookedUpAt),
  };
}

/** `now` in milliseconds since the Unix epoch. */
export function accountOverview(overview: AccountOverview, now: number): accounts.AccountOverview {
  const { account, dialect, state, rateLimitUsed, paused } = overview;
  const { summary, pause } = state;
  return {
    account,
    dialect,
    list: listState(overview, now),
    orders: summary && {
      open: summary.open,
      covered: summary.covered,
      missing: summary.missing,
      unknown: summary.unknown,
      inconsistent: summary.inconsistent,
    },
    swept_at: isoOrAbsent(summary?.at),
    rate_limit: { used: Number(rateLimitUsed.toFixed(3)) },
    pause: pause && paused ? { by: pause.by, at: iso(pause.at), until: isoOrAbsent(pause.until) } : undefined,
    circuit_breaker: {
      state: summary?.breaker.phase ?? 'closed',
      reason: summary?.breaker.reason,
      since: isoOrAbsent(summary?.breaker.since),
    },
    over_capacity: summary?.overCapacity ?? false,
  };
}

function listState({ lists, state }: AccountOverview, now: number): accounts.AccountOverview['list'] {
  const { listed, listTrust } = state;
  const isTrusted = listTrust?.trusted !== false;
  const latest = {
    listed_at: isoOrAbsent(listed?.at),
    age_seconds: listed && ageSeconds(listed.at, now),
    orders: listed?.orders,
  };
  if (!lists) return { state: 'off', ...latest };
  if (isTrusted) return { state: listed === undefined ? 'never' : 'trusted', ...latest };
  const { reason, since, nextAt } = listTrust;
  return { state: 'untrusted', ...latest, reason, since: iso(since), next_at: isoOrAbsent(nextAt) };
}

export function history(request: ListSnapshotsRequest, page: HistoryPage): responses.History {
  const { account, orderId } = request;
  return {
    account,
    order_id: orderId,
    snapshots: page.snapshots.map(({ snapshot, changes }) => ({ ...snapshotRow(snapshot), changes: [...changes] })),
    audit_entries: page.auditEntries?.map(auditEntry),
    cursor: page.next && snapshotsCursor(request, page.next),
  };
}

export function snapshotRow(snapshot: Snapshot): Omit<responses.SnapshotRow, 'changes'> {
  const { rank, order, exchangeTime, provenance } = snapshot;
  return {
    rank,
    digest: digestOfRank(rank),
    order,
    final: phaseOf(order) === 'final',
    requested_at: iso(provenance.requestedAt),
    first_observed_at: iso(provenance.firstObservedAt),
    exchange_time: isoOrAbsent(exchangeTime),
    request_id: provenance.requestId,
    observed_by: provenance.observedBy,
    key_version: provenance.keyVersion,
  };
}

function auditEntry({ kind, at, requestId, observedBy, by, attempts }: AuditEntry): responses.AuditEntry {
  return { kind, at: iso(at), request_id: requestId, observed_by: observedBy, by, attempts: attempts && [...attempts] };
}
