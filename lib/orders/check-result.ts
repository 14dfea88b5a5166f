import type { Order } from '../exchange/order.ts';
import type { Rank } from '../snapshots/rank.ts';
import type { StoredWatch } from '../snapshots/table.ts';

/** What we know about an order. Times are milliseconds since the Unix epoch. */
export type CheckResult = {
  readonly account: string;
  readonly order: Order;
  readonly rank: Rank;
  /** The state is one that an order never leaves. */
  readonly final: boolean;
  /** The schedule keeps checking it. */
  readonly watched: boolean;
  /** Whether the exchange was called for it, or the table served it. */
  readonly source: 'exchange' | 'snapshot';
  /** This check found a state that the table did not hold. */
  readonly changed: boolean;
  readonly firstObservedAt: number;
  /** When the exchange was called for the latest reply that confirms it, and how long ago that was. */
  readonly checkedAt: number;
  readonly ageMs: number;
  /** The exchange's clock when it replied, if it said. */
  readonly exchangeTime: number | undefined;
  /** The exchange's own text of the order, verbatim. */
  readonly result: string;
  /** The order's watch as this check left it. */
  readonly stored: StoredWatch;
};
