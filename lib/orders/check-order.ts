import type { Clock } from '../clock.ts';
import { asFailure, type Failure } from '../errors.ts';
import type { Exchange } from '../exchange/client.ts';
import type { Dialect } from '../exchange/dialects/index.ts';
import { driftOf } from '../exchange/drift.ts';
import { phaseOf } from '../exchange/order.ts';
import type { Observation, OrderKey, Snapshot } from '../snapshots/snapshot.ts';
import type { SnapshotStore } from '../snapshots/store.ts';
import type { CurrentItems, StoredWatch } from '../snapshots/table.ts';
import {
  confirmedAt,
  isCovered,
  isLastRequested,
  isOpen,
  type ListTimes,
  statusOf,
  type Watch,
} from '../snapshots/watch.ts';
import type { CheckResult } from './check-result.ts';
import type { ReadLatestList } from './freshness.ts';
import { accountNamed } from './known-accounts.ts';
import { OrderNotFound } from './order-not-found.ts';

/** One account of the stage, with its exchange. */
export type Account = { readonly exchange: Exchange; readonly dialect: Dialect };

type CheckOrderDeps = {
  readonly accounts: ReadonlyMap<string, Account>;
  readonly store: SnapshotStore;
  /** Default: no list confirms anything. */
  readonly readLatestList?: ReadLatestList;
  readonly clock: Clock;
  /** Called with what a reply holds that we have no name for. */
  readonly onDrift: (account: string, drift: readonly string[]) => void;
};

export type CheckOrderRequest = OrderKey & {
  /** A check at most this old may replace a call to the exchange, milliseconds; 0 always calls the exchange. */
  readonly maxAgeMs?: number | undefined;
  /**
   * The order's watch as it was at any time, when it was open: the exchange is called, and if nobody else has written
   * since, the table is not read. Not with a `maxAgeMs` above 0.
   */
  readonly known?: StoredWatch | undefined;
  /** The function that checks; recorded with what it observes. */
  readonly observedBy: string;
  readonly requestId: string;
  /** Milliseconds since the Unix epoch. */
  readonly deadline: number;
};

export type CheckOrder = (request: CheckOrderRequest) => Promise<CheckResult>;

/**
 * Checks one order: from the table when that is enough, else with the exchange, whose reply is stored.
 * Throws `Failure`; `OrderNotFound` carries the last known state, if there is one.
 */
export function createCheckOrder(deps: CheckOrderDeps): CheckOrder {
  const { accounts, store, readLatestList = async () => undefined, clock, onDrift } = deps;
  return async (request) => {
    const account = accountNamed(accounts, request.account);
    if (request.known !== undefined) return check(request, account, Promise.resolve(undefined));
    // The exchange is called in any case: the table is read meanwhile.
    if (request.maxAgeMs === 0) return check(request, account, store.read(request));

    const current = await store.read(request);
    return (await fromTable(request, current)) ?? check(request, account, Promise.resolve(current));
  };

  async function fromTable(
    request: CheckOrderRequest,
    { head, stored }: CurrentItems,
  ): Promise<CheckResult | undefined> {
    if (head === undefined || stored === undefined) return undefined;
    const { watch } = stored;
    const now = clock.now();
    if (isFinal(head) && !isOpen(statusOf(watch))) return remembered(head, stored, now);
    const { maxAgeMs } = request;
    if (maxAgeMs === undefined || !isConfirmed(watch, head)) return undefined;
    const isFresh = (list?: ListTimes) => now - (confirmedAt(watch, list) ?? 0) <= maxAgeMs;
    if (isFresh()) return remembered(head, stored, now);
    // Its own check is too old: the account's latest list may have confirmed it since.
    const list = isCovered(watch) ? await readLatestList(request.account) : undefined;
    return isFresh(list) ? remembered(head, stored, now, list) : undefined;
  }

  async function check(
    request: CheckOrderRequest,
    account: Account,
    reading: Promise<CurrentItems | undefined>,
  ): Promise<CheckResult> {
    const requestedAt = clock.now();
    const [observed, read] = await Promise.allSettled([observe(account, request, onDrift), reading]);
    if (read.status === 'rejected') throw asFailure(read.reason);
    if (observed.status === 'rejected')
      return withoutReply(request, asFailure(observed.reason), requestedAt, read.value);

    const { known: watch } = request;
    const { head, stored, changed, isCurrent } =
      watch === undefined ? await store.record(observed.value, read.value) : await store.confirm(observed.value, watch);
    const known = remembered(head, stored, clock.now());
    if (!isCurrent) return known;
    const { exchangeTime: time, order, result } = observed.value;
    // Volatile fields make no new snapshot: order and text are those of this reply.
    return { ...known, order, source: 'exchange', changed, exchangeTime: time ?? known.exchangeTime, result };
  }

  async function withoutReply(request: CheckOrderRequest, failure: Failure, requestedAt: number, read?: CurrentItems) {
    if (failure.code === 'order_not_found') return notFound(request, failure, requestedAt, read);
    // The order was open when it became known: without an exchange, the table may still know its end.
    const { known, maxAgeMs } = request;
    const end = known !== undefined && maxAgeMs === undefined && (await fromTable(request, await store.read(request)));
    if (end) return end;
    throw failure;
  }

  /** Not found is recorded, and does not close an order; a final state that was seen before is the result instead. */
  async function notFound(request: CheckOrderRequest, failure: Failure, requestedAt: number, read?: CurrentItems) {
    const { account, orderId, requestId, observedBy } = request;
    const { head, stored } = await store.recordNotFound({ account, orderId, requestedAt, requestId, observedBy }, read);
    const known = head !== undefined && stored !== undefined ? remembered(head, stored, clock.now()) : undefined;
    if (known?.final) return known;
    throw new OrderNotFound(failure, request, { lastKnown: known, stored });
  }
}

/** Calls the exchange. Throws `Failure`. */
async function observe(
  { exchange, dialect }: Account,
  request: CheckOrderRequest,
  onDrift: CheckOrderDeps['onDrift'],
): Promise<Observation> {
  const { account, orderId, deadline, observedBy, requestId } = request;
  const reply = await exchange.getOrderState(orderId, { deadline });
  const { order, exchangeTime, requestedAt, receivedAt, keyVersion } = reply;
  onDrift(account, driftOf(order, dialect));
  return {
    account,
    orderId,
    dialect,
    order,
    result: reply.resultText,
    exchangeTime,
    provenance: { requestedAt, firstObservedAt: receivedAt, requestId, observedBy, keyVersion },
  };
}

function isFinal({ order }: Snapshot): boolean {
  return phaseOf(order) === 'final';
}

/** The exchange's latest reply is the head's state. */
function isConfirmed(watch: Watch, head: Snapshot): boolean {
  const status = statusOf(watch);
  return (status === 'watched' || status === 'unknown') && isLastRequested(watch, head.rank);
}

/** What the table knows; with `list`, the account's latest list counts, too. */
function remembered(head: Snapshot, stored: StoredWatch, now: number, list?: ListTimes): CheckResult {
  const { watch } = stored;
  const lastChecked = confirmedAt(watch, list) ?? head.provenance.requestedAt;
  return {
    account: head.account,
    order: head.order,
    rank: head.rank,
    final: isFinal(head),
    watched: isOpen(statusOf(watch)),
    source: 'snapshot',
    changed: false,
    firstObservedAt: head.provenance.firstObservedAt,
    checkedAt: lastChecked,
    ageMs: Math.max(0, now - lastChecked),
    exchangeTime: head.exchangeTime,
    result: head.result,
    stored,
  };
}
