import { Failure } from '../errors.ts';
import type { Calls } from './calls.ts';
import type { Dialect } from './dialects/index.ts';
import type { Order } from './order.ts';

/** A row that could be read, or why it could not: then its order has to be asked for by itself. */
export type RowReading = Order | Failure;

/** One row of a list of open orders. It is evidence of life, never of an end. */
export type OrderRow = {
  readonly orderId: string;
  /** The row's text, verbatim. */
  readonly text: string;
  /** Of `text`: equal digests, equal rows. */
  readonly digest: string;
  /** Parses the row now, and each time: a caller that needs no order pays for none. */
  readonly read: () => RowReading;
};

/** What the exchange lists as an account's open orders. Times are ours, epoch ms. */
export type OpenOrders = {
  /** The digest of each listed order's row, by order id. Give it to the next call as `known`. */
  readonly digests: ReadonlyMap<string, string>;
  /** The rows whose digest is not the one in `known`, and every row of a repeated id: the rank decides between those. */
  readonly changed: readonly OrderRow[];
  /**
   * Whether an order's absence from `digests` means that the exchange did not list it. `false` when the id of a row
   * could not be read, when a reply held an id twice, or when the key changed between the calls.
   */
  readonly complete: boolean;
  /** How many rows have no readable id. */
  readonly rowsWithoutId: number;
  /** The ids that one reply held more than once. */
  readonly repeatedIds: readonly string[];
  /** Just before the first call was sent. */
  readonly requestedAt: number;
  /** Just after the last reply. */
  readonly answeredAt: number;
  /** The version of the key that asked. */
  readonly keyVersion: string;
};

export type ListOpenOrdersOptions = {
  /** Epoch ms: bounds all calls of the list together. */
  readonly deadline: number;
  /** Order id to digest, of rows that need not be returned again because they were recorded. */
  readonly known?: ReadonlyMap<string, string>;
};

export function createListOpenOrders(_dialect: Dialect, _call: Calls['call']) {
  return async (_options: ListOpenOrdersOptions): Promise<OpenOrders> => {
    throw new Failure('internal', 'Lists of open orders are not read yet.');
  };
}
