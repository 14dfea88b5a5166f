import type { AccountState, SweepProgress } from '../accounts/table.ts';
import type { Clock } from '../clock.ts';
import { asFailure, type Failure } from '../errors.ts';
import type { Dialect } from '../exchange/dialects/index.ts';
import type { ExchangeLists } from '../exchange/lists.ts';
import type { CheckOrder } from '../orders/check-order.ts';
import type { LookUpOrder } from '../orders/look-up-order.ts';
import type { CheckPolicy } from '../snapshots/due.ts';
import type { SnapshotStore } from '../snapshots/store.ts';
import type { SnapshotTable } from '../snapshots/table.ts';
import { createAccountBreaker } from './account-breaker.ts';
import { type Checks, createChecks } from './checks.ts';
import { createKnownRows, type KnownRows } from './known-rows.ts';
import { createListLoop, type ListLoop } from './list-loop.ts';
import { createLiveOrders } from './live-orders.ts';
import type { ListPolicy } from './pace.ts';
import { inParallel } from './parallel.ts';
import { reportOf, type SweepReport, sweepSummaryOf } from './report.ts';
import { createListWithoutUnreadable } from './unreadable-orders.ts';

/** An account whose open orders are listed. */
export type ListedAccount = {
  readonly dialect: Dialect;
  readonly lists: ExchangeLists;
  readonly lookUpOrder: LookUpOrder;
  readonly listPolicy: ListPolicy;
  readonly discover: boolean;
};

const noLists = { listed: 0, listFailed: 0, discovered: 0, vanished: 0, listUntrusted: false } as const;

type SweepDeps = {
  readonly checkOrder: CheckOrder;
  readonly list: SnapshotTable['list'];
  readonly store: Pick<SnapshotStore, 'read' | 'record' | 'confirm' | 'markUnlisted' | 'recordFailedCheck'>;
  /** `undefined` for an account whose orders are only checked one by one. */
  readonly listedAccount: (account: string) => ListedAccount | undefined;
  readonly onDrift: (account: string, drift: readonly string[]) => void;
  /** The index's item of an order cannot be read; it is counted already. */
  readonly onUnreadable?: (account: string, orderId: string, failure: Failure) => void;
  readonly clock: Clock;
};

export type SweepRequest = {
  readonly account: string;
  readonly requestId: string;
  /** No check starts later; milliseconds since the Unix epoch. */
  readonly until: number;
  readonly policy: CheckPolicy;
  /** How long the exchange remembers closed orders, milliseconds. */
  readonly retentionMs: number;
  /** How many orders the account's share of the rate lets us check in time, one by one. */
  readonly capacity: number;
  /** The account as it was when the lease was taken. */
  readonly before: AccountState;
  /** Takes what returns the progress so far, to be stored with the account. */
  readonly keep: (progress: () => SweepProgress) => void;
  /** Whether the sweep still holds the account's lease, and no handover was requested. */
  readonly holds: () => boolean;
};

export type Sweep = (request: SweepRequest) => Promise<SweepReport>;

/** The schedule's own interval: the next tick comes after it. */
const tickMs = 60_000;
/** How often a sweep that waits for something sees whether a handover was requested. */
const idleMs = 1_000;
/** How often the index is read for orders that others have put on watch: they are in the next list, too. */
const refreshIntervalMs = { listed: 5_000, unlisted: 1_000 } as const;

/**
 * Sweeps one account until its time is over or the account is handed over: lists its open orders, and beside that
 * checks the orders one by one that are due, those first that vanished from a list, then the longest due. An order that
 * fails for its own reason is backed off in the table and does not delay others. While the circuit breaker is not
 * closed, lists or single orders probe the exchange, at least once a minute. Ends early when nothing is left to see
 * before the next tick.
 */
export function createSweep(deps: SweepDeps): Sweep {
  const { checkOrder, list, store, listedAccount, onDrift, onUnreadable = () => {}, clock } = deps;
  /** For as long as the process lives: what a row's text means does not change. */
  const knownRowsOf = new Map<string, KnownRows>();
  return async (request) => {
    const { account, requestId, until, policy, before, keep, holds } = request;
    const knownRows = knownRowsOf.get(account) ?? createKnownRows();
    knownRowsOf.set(account, knownRows);
    const listed = listedAccount(account);
    const goesOn = () => clock.now() < until && holds();
    const graceMs = (listed?.listPolicy.maxMs ?? 0) * 3;
    const readable = createListWithoutUnreadable({
      list,
      read: store.read,
      onRead: (orderId, stored) => orders.set(orderId, stored),
      onUnreadable: (orderId, failure) => {
        checks.count(failure);
        onUnreadable(account, orderId, failure);
      },
    });
    const orders = createLiveOrders({ list: readable, account, policy, graceMs, latestList: before.listed });
    const breaker = createAccountBreaker(clock, before.summary?.breaker);
    const { recordFailedCheck } = store;
    const { lookUpOrder } = listed ?? {};
    const minCheckMs = policy.minMs;
    const shared = { clock, orders, breaker, account, requestId };
    const checks = createChecks({ ...shared, checkOrder, lookUpOrder, recordFailedCheck, minCheckMs });
    const listing =
      listed && createListLoop({ ...shared, ...listed, knownRows, store, checks, goesOn, onDrift, before });

    /** In short steps, so that a requested handover does not wait. */
    const pause = async (ms: number): Promise<void> => {
      const end = Math.min(clock.now() + ms, until);
      while (clock.now() < end && goesOn()) await clock.sleep(Math.min(idleMs, end - clock.now()));
    };

    const isDone = () => {
      if (listing?.isUsable() && (!listing.hasListed() || orders.all().some(({ covered }) => covered))) return false;
      return orders.noneDueBefore(clock.now() + tickMs);
    };
    const loop = { orders, checks, breaker, goesOn, pause, isDone, clock };

    const options = () => ({ now: clock.now(), capacity: request.capacity, breaker: breaker.summary() });

    await loaded(() => orders.load(clock.now()), pause, goesOn);
    keep(() => ({
      ...listing?.progress(),
      summary: sweepSummaryOf(orders, { ...options(), listUntrusted: listing?.isUsable() === false }),
    }));
    await Promise.all([checkDueOrders(loop, listing), listing?.run({ pause, isDone })]);
    const counts = { ...checks.counts(), ...(listing?.counts() ?? noLists) };
    return reportOf(counts, orders, { ...options(), retentionMs: request.retentionMs });
  };
}

type CheckLoop = {
  readonly orders: ReturnType<typeof createLiveOrders>;
  readonly checks: Checks;
  readonly breaker: ReturnType<typeof createAccountBreaker>;
  readonly clock: Clock;
  readonly goesOn: () => boolean;
  readonly pause: (ms: number) => Promise<void>;
  readonly isDone: () => boolean;
};

async function checkDueOrders(loop: CheckLoop, listing: ListLoop | undefined): Promise<void> {
  const { orders, checks, breaker, goesOn, pause, isDone, clock } = loop;
  const canGoOn = () => goesOn() && breaker.isClosed() && breaker.waitMs() === 0;
  let refreshAt = 0;
  while (goesOn()) {
    if (clock.now() >= refreshAt) {
      await orders.refresh(clock.now());
      refreshAt = clock.now() + (listing?.isUsable() ? refreshIntervalMs.listed : refreshIntervalMs.unlisted);
    }
    const due = orders.due(clock.now());
    const probe = checks.probeOf(due);
    // Where lists are used, the next one is the probe: one call for all orders.
    const waits = !breaker.isClosed() && listing?.isUsable() && !listing.hasFailed();
    if (probe === undefined || waits) {
      // While the account is still listed, an order may vanish at any time.
      if (isDone() && listing?.isOver() !== false) return;
      await pause(idleMs);
      continue;
    }
    if (breaker.isClosed()) await inParallel(upcoming(loop), canGoOn, async (id) => void (await checks.check(id)));
    else await checks.check(probe.orderId);
    await pause(breaker.waitMs());
  }
}

/** The orders to check next, looked up anew for each: one that vanished meanwhile does not wait for all that is due. */
function* upcoming({ orders, clock }: CheckLoop): Generator<string> {
  for (let next = orders.nextDue(clock.now()); next !== undefined; next = orders.nextDue(clock.now())) {
    yield next.orderId;
  }
}

/** The whole index has to be read once: until then, nothing is known of any order. Throws `store_unavailable`. */
async function loaded(load: () => Promise<void>, pause: (ms: number) => Promise<void>, goesOn: () => boolean) {
  for (;;) {
    try {
      return await load();
    } catch (thrown) {
      const failure = asFailure(thrown);
      if (failure.code !== 'store_unavailable') throw failure;
      await pause(idleMs);
      if (!goesOn()) throw failure;
    }
  }
}
