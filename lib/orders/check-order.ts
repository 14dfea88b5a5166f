import type { CheckedOrder } from '../api/responses.ts';
import type { Clock } from '../clock.ts';
import { asFailure, Failure } from '../errors.ts';
import type { Exchange } from '../exchange/client.ts';
import type { Dialect } from '../exchange/dialects/index.ts';
import { driftOf } from '../exchange/drift.ts';
import { phaseOf, readOrder, refuseImplausibleTimes } from '../exchange/order.ts';
import type { Observation, OrderKey, Snapshot } from '../snapshots/snapshot.ts';
import type { SnapshotStore } from '../snapshots/store.ts';
import type { Current } from '../snapshots/table.ts';
import { checkedAt, isOpen, statusOf, type Watch } from '../snapshots/watch.ts';
import { ageSeconds, iso } from '../time.ts';
import { accountNamed } from './known-accounts.ts';

/** One account of the stage, ready to be asked. */
export type Account = { readonly exchange: Exchange; readonly dialect: Dialect };

export type CheckOrderDeps = {
  readonly accounts: ReadonlyMap<string, Account>;
  readonly store: SnapshotStore;
  readonly clock: Clock;
  /** Told of what an answer holds that we have no name for. */
  readonly onDrift: (account: string, drift: readonly string[]) => void;
};

export type CheckOrderRequest = OrderKey & {
  /** A check at most this old may answer in the exchange's place, milliseconds; 0 always asks the exchange. */
  readonly maxAgeMs?: number | undefined;
  /** The function that asks, kept as evidence. */
  readonly observedBy: string;
  readonly requestId: string;
  /** Milliseconds since the Unix epoch. */
  readonly deadline: number;
};

/** What we know of an order, and the exchange's own text of it, verbatim, for those who speak its language. */
export type Checked = CheckedOrder & { readonly result: string };

export type CheckOrder = (request: CheckOrderRequest) => Promise<Checked>;

/**
 * Checks one order: from the table when that is enough, else with the exchange, and keeps what it says.
 * Throws `Failure`; `order_not_found` carries the last known state, if there is one.
 */
export function createCheckOrder({ accounts, store, clock, onDrift }: CheckOrderDeps): CheckOrder {
  return async (request) => {
    const account = accountNamed(accounts, request.account);
    // Asked in any case: the table is then read while the exchange thinks.
    if (request.maxAgeMs === 0) return ask(request, account, store.read(request));

    const current = await store.read(request);
    return fromTable(request, current) ?? ask(request, account, Promise.resolve(current));
  };

  function fromTable({ maxAgeMs }: CheckOrderRequest, { head, stored }: Current): Checked | undefined {
    if (head === undefined || stored === undefined) return undefined;
    const status = statusOf(stored.watch);
    const settled = isFinal(head) && !isOpen(status);
    const confirmed = status === 'watched' || status === 'unknown';
    const age = clock.now() - (checkedAt(stored.watch) ?? 0);
    const fresh = maxAgeMs !== undefined && age <= maxAgeMs && confirmed;
    return settled || fresh ? remembered(head, stored.watch, clock.now()) : undefined;
  }

  async function ask(request: CheckOrderRequest, account: Account, reading: Promise<Current>): Promise<Checked> {
    const requestedAt = clock.now();
    const [observed, read] = await Promise.allSettled([observe(request, account), reading]);
    if (read.status === 'rejected') throw asFailure(read.reason);
    if (observed.status === 'rejected') return unseen(request, asFailure(observed.reason), requestedAt, read.value);

    const { head, watch, changed, inForce } = await store.record(observed.value, read.value);
    const known = remembered(head, watch, clock.now());
    if (!inForce) return known;
    const { exchangeTime: time, order, result } = observed.value;
    // Fields that move by themselves make no new snapshot: order and text are those that were just sent.
    return { ...known, order, source: 'exchange', changed, ...exchangeTime(time), result };
  }

  async function observe(request: CheckOrderRequest, { exchange, dialect }: Account): Promise<Observation> {
    const { account, orderId, deadline, observedBy, requestId } = request;
    const { result, resultText, envelope, requestedAt, answeredAt, keyVersion } = await exchange.getOrderState(
      orderId,
      {
        deadline,
      },
    );
    const time = envelope.usOut?.epochMs;
    const order = readOrder(result, dialect);
    refuseImplausibleTimes(order, answeredAt);
    onDrift(account, driftOf(order, dialect));
    return {
      account,
      orderId,
      dialect,
      order,
      result: resultText,
      ...(time !== undefined && { exchangeTime: time }),
      provenance: { requestedAt, firstObservedAt: answeredAt, requestId, observedBy, keyVersion },
    };
  }

  /** Not found is not an end: it is kept as a miss, and only a final state seen before answers in its place. */
  async function unseen(request: CheckOrderRequest, failure: Failure, requestedAt: number, read: Current) {
    if (failure.code !== 'order_not_found') throw failure;
    const { account, orderId, requestId, observedBy } = request;
    const { head, stored } = await store.recordNotFound({ account, orderId, requestedAt, requestId, observedBy }, read);
    const known = head !== undefined && stored !== undefined ? remembered(head, stored.watch, clock.now()) : undefined;
    if (known?.final) return known;
    const seen = known === undefined ? '' : `; it was last seen ${known.order.order_state}, at ${known.checked_at}`;
    throw new Failure('order_not_found', `The exchange knows no order ${orderId} of account ${account}${seen}.`, {
      cause: failure,
      exchangeCode: failure.exchangeCode,
      ...(known !== undefined && { members: { last_known: known } }),
    });
  }
}

function isFinal({ order }: Snapshot): boolean {
  return phaseOf(order) === 'final';
}

/** What the table knows. */
function remembered(head: Snapshot, watch: Watch, now: number): Checked {
  const lastChecked = checkedAt(watch) ?? head.provenance.requestedAt;
  return {
    account: head.account,
    order: head.order,
    rank: head.rank,
    final: isFinal(head),
    watched: isOpen(statusOf(watch)),
    source: 'snapshot',
    changed: false,
    first_observed_at: iso(head.provenance.firstObservedAt),
    checked_at: iso(lastChecked),
    age_seconds: ageSeconds(lastChecked, now),
    ...exchangeTime(head.exchangeTime),
    result: head.result,
  };
}

function exchangeTime(time: number | undefined): { exchange_time?: string } {
  return time === undefined ? {} : { exchange_time: iso(time) };
}
