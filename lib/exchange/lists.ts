import type { CallDeps, Calls } from './calls.ts';
import { createFindInHistory, type HistoryQuery, type HistorySearchResult } from './history.ts';
import { createListOpenOrders, type ListOpenOrdersOptions, type OpenOrders } from './open-orders.ts';

export type ExchangeLists = {
  /**
   * All open orders of the account, one call per list of the dialect. Throws `Failure` when any of them fails, or is
   * not a list to its end: a failed list is never an empty one. The failure is about the account, never about an order.
   */
  readonly listOpenOrders: (options: ListOpenOrdersOptions) => Promise<OpenOrders>;
  /**
   * Looks for an order that `getOrderState` no longer knows, place after place, until its row is found. An attempt that
   * fails is part of the result; its failure is about the account, never about the order.
   */
  readonly findInHistory: (order: HistoryQuery, options: { readonly deadline: number }) => Promise<HistorySearchResult>;
};

/** Lists and histories of one account. Apart from `createExchange`, so that a function that never lists does not load it. */
export function createExchangeLists({ dialect }: Pick<CallDeps, 'dialect'>, { call }: Calls): ExchangeLists {
  return {
    listOpenOrders: createListOpenOrders(dialect, call),
    findInHistory: createFindInHistory(dialect, call),
  };
}
