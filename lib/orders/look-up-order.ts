import type { Clock } from '../clock.ts';
import { Failure } from '../errors.ts';
import type { Dialect } from '../exchange/dialects/index.ts';
import type { ExchangeLists } from '../exchange/lists.ts';
import { phaseOf } from '../exchange/order.ts';
import { lookupDueAt } from '../snapshots/due.ts';
import type { OrderKey } from '../snapshots/snapshot.ts';
import type { SnapshotStore } from '../snapshots/store.ts';
import type { StoredWatch } from '../snapshots/table.ts';
import { isOpen, statusOf } from '../snapshots/watch.ts';

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
 * lookup is due. Only a row in a final state is recorded: a row in any other state proves neither an end nor life.
 * The lookup itself is kept as an audit entry. Throws `store_unavailable`.
 */
export function createLookUpOrder({ dialect, lists, store, clock }: LookUpOrderDeps): LookUpOrder {
  return async ({ account, orderId, observedBy, requestId, deadline }) => {
    const { head, stored } = await store.read({ account, orderId });
    const instrumentName = head?.order.instrument_name;
    if (stored === undefined || instrumentName === undefined || statusOf(stored.watch) !== 'missing') return undefined;
    const at = clock.now();
    if (lookupDueAt(stored.watch) > at) return undefined;

    const { rows, attempts } = await lists.findInHistory({ orderId, instrumentName }, { deadline });
    for (const row of rows) {
      const order = row.read();
      if (order instanceof Failure || phaseOf(order) !== 'final') continue;
      const { requestedAt, answeredAt, keyVersion, text: result, exchangeTime } = row;
      const provenance = { requestedAt, firstObservedAt: answeredAt, requestId, observedBy: 'history', keyVersion };
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
