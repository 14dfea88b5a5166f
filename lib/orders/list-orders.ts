import type { ListPosition, SnapshotReader } from '../snapshots/reader.ts';
import type { OrderSummary } from '../snapshots/summary.ts';
import type { IndexedOrder, ListName } from '../snapshots/table.ts';
import { confirmedAt, type ListTimes, type WatchStatus } from '../snapshots/watch.ts';
import type { ReadLatestList } from './freshness.ts';
import { type KnownAccounts, refuseUnknownAccount } from './known-accounts.ts';

type ListOrdersDeps = {
  readonly accounts: KnownAccounts;
  readonly reader: Pick<SnapshotReader, 'list'>;
  readonly readLatestList: ReadLatestList;
};

export type ListOrdersRequest = {
  readonly account: string;
  readonly state: ListName;
  /** The position of an earlier page's last order. */
  readonly after?: ListPosition | undefined;
  readonly limit: number;
  /** Only orders of this instrument. */
  readonly instrumentName?: string | undefined;
};

/** An order in a list; times are milliseconds since the Unix epoch. */
export type ListedOrder = {
  readonly orderId: string;
  readonly status: WatchStatus;
  /** When it is due; in the list of final orders, when it closed. */
  readonly at: number;
  /** When we first knew of it. */
  readonly openedAt: number;
  /** When the exchange last confirmed it, individually or in a list, if it ever did. */
  readonly checkedAt: number | undefined;
  /** When the exchange's histories were last searched for it, while it is missing. */
  readonly lookedUpAt: number | undefined;
  /** The order as it was last seen, if it ever was. */
  readonly summary: OrderSummary | undefined;
};

export type OrderPage = {
  readonly orders: readonly ListedOrder[];
  /** Where the next page starts; `undefined` after the last one. */
  readonly next: ListPosition | undefined;
};

export type ListOrders = (request: ListOrdersRequest) => Promise<OrderPage>;

/**
 * A page of an account's orders, from the index. An order whose state changes between two pages may appear twice or not
 * at all; any other appears once. Throws `Failure`.
 */
export function createListOrders({ accounts, reader, readLatestList }: ListOrdersDeps): ListOrders {
  return async ({ account, state, ...page }) => {
    refuseUnknownAccount(accounts, account);
    const [{ rows, next }, list] = await Promise.all([reader.list(account, state, page), readLatestList(account)]);
    return { orders: rows.map((row) => orderInList(row, list)), next: next && rows.at(-1) };
  };
}

function orderInList(
  { orderId, status, at, stored: { watch } }: IndexedOrder,
  list: ListTimes | undefined,
): ListedOrder {
  return {
    orderId,
    status,
    at,
    openedAt: watch.openedAt,
    checkedAt: confirmedAt(watch, list),
    lookedUpAt: watch.lookedUpAt?.[0],
    summary: watch.applied?.summary,
  };
}
