import { Failure } from '../errors.ts';
import type { Dialect, DialectName } from '../exchange/dialects/index.ts';
import { isJsonObject, parseJson } from '../exchange/json.ts';
import { type Order, readOrder } from '../exchange/order.ts';
import { type Rank, rankOf } from './rank.ts';

/** An order and its account. */
export type OrderKey = { readonly account: string; readonly orderId: string };

/** How we came to know a state. Times are milliseconds since the Unix epoch, by our clock. */
export type Provenance = {
  readonly requestedAt: number;
  readonly firstObservedAt: number;
  readonly requestId: string;
  /** The function that observed it, such as `get-order`; `list` or `history` for a row of one. */
  readonly observedBy: string;
  /** Version of the secret whose key the exchange accepted. */
  readonly keyVersion: string;
};

/** One state of one order, as the exchange returned it. */
export type Snapshot = OrderKey & {
  readonly rank: Rank;
  readonly dialect: DialectName;
  /** The wire's own `result` text, verbatim. */
  readonly result: string;
  readonly order: Order;
  /** The exchange's clock when it replied, if it said; milliseconds since the Unix epoch. */
  readonly exchangeTime?: number | undefined;
  readonly provenance: Provenance;
};

/** A reply of the exchange, or a row of one, parsed and plausible. */
export type Observation = Omit<Snapshot, 'rank' | 'dialect'> & {
  readonly dialect: Dialect;
  /** Of a row in a list of the account's open orders: when the list was requested. */
  readonly listedAt?: number | undefined;
};

export function snapshotOf({ dialect, listedAt: _, ...observation }: Observation): Snapshot {
  return { ...observation, dialect: dialect.name, rank: rankOf(observation.order, dialect.volatile) };
}

/** Whether `a` takes precedence as provenance of the same state: observed earlier or, on a tie, lower request id. */
export function isEarlier(a: Provenance, b: Provenance): boolean {
  return (
    a.firstObservedAt < b.firstObservedAt || (a.firstObservedAt === b.firstObservedAt && a.requestId < b.requestId)
  );
}

/** Parses a `result` text. Throws `invalid_response` when it is not an order. */
export function orderIn(result: string, dialect: Dialect): Order {
  const value = parseJson(result);
  if (!isJsonObject(value))
    throw new Failure('invalid_response', 'The exchange returned a result that is not an order.');
  return readOrder(value, dialect);
}
