import type { ListEntry, ListPosition, SnapshotReader } from '../snapshots/reader.ts';
import type { List } from '../snapshots/table.ts';
import { type KnownAccounts, refuseUnknown } from './known-accounts.ts';

type ListOrdersDeps = {
  readonly accounts: KnownAccounts;
  readonly reader: Pick<SnapshotReader, 'list'>;
};

export type ListOrdersRequest = {
  readonly account: string;
  readonly state: List;
  /** The position of an earlier page's last order. */
  readonly after?: ListPosition | undefined;
  readonly limit: number;
};

export type OrderPage = {
  readonly orders: readonly ListEntry[];
  /** Where the next page goes on; `undefined` after the last one. */
  readonly next: ListPosition | undefined;
};

export type ListOrders = (request: ListOrdersRequest) => Promise<OrderPage>;

/**
 * A page of an account's orders, from the index. An order whose state changes between two pages may appear twice or not
 * at all; any other appears once. Throws `Failure`.
 */
export function createListOrders({ accounts, reader }: ListOrdersDeps): ListOrders {
  return async ({ account, state, after, limit }) => {
    refuseUnknown(accounts, account);
    const { rows, next } = await reader.list(account, state, { after, limit });
    return { orders: rows, next: next && rows.at(-1) };
  };
}
