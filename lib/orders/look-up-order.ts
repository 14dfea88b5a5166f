import type { Clock } from '../clock.ts';
import { Failure } from '../errors.ts';
import type { Dialect } from '../exchange/dialects/index.ts';
import type { ExchangeLists } from '../exchange/lists.ts';
import { phaseOf } from '../exchange/order.ts';
import { lookupDueAt } from '../snapshots/due.ts';
import { rankOf } from '../snapshots/rank.ts';
import type { OrderKey } from '../snapshots/snapshot.ts';
import type { SnapshotStore } from '../snapshots/store.ts';
import type { StoredWatch } from '../snapshots/table.ts';
import { isOpen, statusOf, type Watch } from '../snapshots/watch.ts';

type LookUpOrderDeps = {
  readonly dialect: Dialect;
  readonly lists: Pick<ExchangeLists, 'findInHistory'>;
  readonly store: SnapshotStore;
  readonly clock: Clock;
};

type LookUpOrderRequest = OrderKey & {
  readonly observedBy: string;
  readonly requestId: string;
  /** Milliseconds since the Unix epoch. */
  readonly deadline: number;
};

/** The order's watch after the lookup, and whether a history named its end; `undefined` when no lookup was due. */
export type LookUpOrder = (
  request: LookUpOrderRequest,
) => Promise<{ readonly stored: StoredWatch; readonly closed: boolean } | undefined>;

/**
 * Searches the exchange's histories for an order that was seen alive and that `get_order_state` no longer finds, if a
 * lookup is due. Only a row in a final state is recorded that does not rank below the head: a row in any other state
 * proves neither an end nor life, and one from before the head no end.
 * The lookup itself is kept as an audit entry. Throws `store_unavailable`.
 */
export function createLookUpOrder({ dialect, lists, store, clock }: LookUpOrderDeps): LookUpOrder {
  return async ({ account, orderId, observedBy, requestId, deadline }) => {
    const { head, stored } = await store.read({ account, orderId });
    const instrumentName = head?.order.instrument_name;
    if (head === undefined || instrumentName === undefined) return undefined;
    // Not by the status: replies that contradict each other may have come before those that did not find the order.
    if (stored === undefined || !isMissing(stored.watch)) return undefined;
    const at = clock.now();
    if (lookupDueAt(stored.watch) > at) return undefined;

    const { rows, attempts } = await lists.findInHistory({ orderId, instrumentName }, { deadline });
    for (const row of rows) {
      const order = row.read();
      if (order instanceof Failure || phaseOf(order) !== 'final') continue;
      // It says nothing about the state in which the order was last seen, and must not count as a reply, which would
      // postpone the next lookup.
      if (rankOf(order, dialect.volatile) < head.rank) continue;
      const { requestedAt, receivedAt, keyVersion, text: result, exchangeTime } = row;
      const provenance = { requestedAt, firstObservedAt: receivedAt, requestId, observedBy: 'history', keyVersion };
      await store.record({ account, orderId, dialect, order, result, exchangeTime, provenance });
    }
    const lookedUp = await store.recordLookup({
      account,
      orderId,
      at,
      requestId,
      observedBy,
      attempts: attempts.map(({ source, outcome, rows, failure }) => ({ source, outcome, rows, code: failure?.code })),
    });
    return lookedUp && { stored: lookedUp, closed: !isOpen(statusOf(lookedUp.watch)) };
  };
}

function isMissing(watch: Watch): boolean {
  return watch.notFoundAt.length > 0 && isOpen(statusOf(watch));
}
