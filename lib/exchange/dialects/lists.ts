/** A method as both exchanges name it, without the dialect's prefix, and what it is called with. */
export type MethodCall = {
  readonly method: string;
  readonly params: Readonly<Record<string, string | number | boolean>>;
};

/** A place that keeps what is no longer open; `source` is the name that audit entries store. */
export type HistoryMethod = MethodCall & { readonly source: string };

/** How an account's orders can be seen without asking for each: what differs between the exchanges, as data. */
export type ListMethods = {
  /** The calls that only together list every open order; each must answer. */
  readonly openOrders: readonly MethodCall[];
  /** How long an order may be missing from a list after it was placed or changed, milliseconds. */
  readonly guardMs: number;
  /**
   * Rows of orders by instrument, the newest store first. `instrument_name`, `count` and `offset` are added. `count` is the
   * most that the exchange gives at once.
   */
  readonly orderHistory: readonly (HistoryMethod & { readonly count: number })[];
  /** Trades of one order: they prove fills, and no end. `order_id` is added. */
  readonly trades: readonly HistoryMethod[];
};

const orderHistory = 'private/get_order_history_by_instrument';
const trades = 'private/get_user_trades_by_order';

/**
 * One call lists every currency and kind of the key's own (sub-)account, unpaged: it costs 500 credits, as much as
 * get_order_state, and needs `trade:read`. Direct-access (Starbase) orders and other sub-accounts are in no list.
 * Sources: docs.deribit.com, private-get_open_orders, private-get_order_history_by_instrument (the parameters that its
 * prose calls include_old_orders and include_unfilled_orders are `include_old` and `include_unfilled` on the wire),
 * private-get_user_trades_by_order. Unconfirmed: whether lists lag behind changes.
 */
export const deribitLists: ListMethods = {
  openOrders: [{ method: 'private/get_open_orders', params: {} }],
  guardMs: 5_000,
  // The two stores are disjoint: the last 30 minutes, and the rest after a delay of unknown length.
  orderHistory: [
    {
      source: 'order_history_recent',
      method: orderHistory,
      params: { include_unfilled: true, include_old: true, historical: false },
      count: 1_000,
    },
    {
      source: 'order_history_archive',
      method: orderHistory,
      params: { include_unfilled: true, include_old: true, historical: true },
      count: 1_000,
    },
  ],
  trades: [
    { source: 'trades_recent', method: trades, params: { historical: false } },
    { source: 'trades_archive', method: trades, params: { historical: true } },
  ],
};

/**
 * There is no call for all orders (error 1000): `currency` names a trading area, and the two areas together are taken
 * for all there is. Any other area is answered with success and `[]`. Each call is one of the 10 requests a second; a
 * key without the right to read is answered with 2010 or 10000. Copy-trade orders are in no list.
 * Source: openapi-docs.orangex.com. Unconfirmed: that the two areas are all, whether stop orders before their trigger
 * are listed, and how long histories reach back. Placing and cancelling is asynchronous, so lists are late by seconds.
 */
export const orangexLists: ListMethods = {
  openOrders: [
    { method: 'private/get_open_orders_by_currency', params: { currency: 'PERPETUAL' } },
    { method: 'private/get_open_orders_by_currency', params: { currency: 'SPOT' } },
  ],
  guardMs: 10_000,
  // Orders without a fill are included; 100 is the page of the documents' own example.
  orderHistory: [{ source: 'order_history', method: orderHistory, params: {}, count: 100 }],
  trades: [{ source: 'trades', method: trades, params: {} }],
};
