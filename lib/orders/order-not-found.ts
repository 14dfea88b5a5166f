import { Failure } from '../errors.ts';
import { lookupDueAt } from '../snapshots/due.ts';
import type { StoredWatch } from '../snapshots/table.ts';
import { statusOf } from '../snapshots/watch.ts';
import type { CheckResult } from './check-result.ts';

/** The exchange does not find the requested order. That alone does not close it. */
export class OrderNotFound extends Failure {
  /** The state in the table, if there is one. */
  readonly lastKnown: CheckResult | undefined;
  /** The order's watch, if there is one. */
  readonly stored: StoredWatch | undefined;
  /** When the histories were last searched for the missing order, and when they are next; ms since the Unix epoch. */
  readonly lookedUpAt: number | undefined;
  readonly nextLookAt: number | undefined;

  constructor(
    cause: Failure,
    { account, orderId }: { readonly account: string; readonly orderId: string },
    {
      lastKnown,
      stored,
    }: { readonly lastKnown?: CheckResult | undefined; readonly stored?: StoredWatch | undefined } = {},
  ) {
    const seen =
      lastKnown === undefined
        ? ''
        : `; its last known state is ${lastKnown.order.order_state}, as of ${new Date(lastKnown.checkedAt).toISOString()}`;
    const message = `The exchange does not find order ${orderId} of account ${account}${seen}.`;
    super('order_not_found', message, { cause, exchangeCode: cause.exchangeCode });
    this.lastKnown = lastKnown;
    this.stored = stored;
    const missing = stored !== undefined && statusOf(stored.watch) === 'missing' ? stored.watch : undefined;
    this.lookedUpAt = missing?.lookedUpAt?.[0];
    this.nextLookAt = missing !== undefined && this.lookedUpAt !== undefined ? lookupDueAt(missing) : undefined;
  }
}
