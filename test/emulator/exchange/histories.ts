import type { Listing, Row } from './lists.ts';
import { isFinal, type OrderBook, type PastOrder } from './orders.ts';
import { type Dialect, lexeme, type Order, type WireObject, writeJson, writeOrder } from './wire.ts';

/** How the exchange keeps what is no longer open. Milliseconds. */
export type HistoryOptions = {
  /**
   * deribit: the recent store holds an order for this long after its end, the archive only after that. By default half
   * an hour.
   */
  readonly recentMs: number;
  /** An order shows up in its first store this long after its end. By default at once. */
  readonly indexingMs: number;
  /** deribit: between the two stores an order is in neither for this long. By default not at all. */
  readonly archivingMs: number;
  /** Live orders are in the history, too, as OrangeX once showed. By default not. */
  readonly withOpen: boolean;
  /** deribit: trades as `{trades, has_more}` instead of a bare array. */
  readonly wrappedTrades: boolean;
};

export const defaultHistory: HistoryOptions = {
  recentMs: 30 * 60_000,
  indexingMs: 0,
  archivingMs: 0,
  withOpen: false,
  wrappedTrades: false,
};

type HistoryQuery = {
  readonly account: string;
  readonly instrument: string;
  readonly count: number;
  readonly offset: number;
  /** deribit: orders without a fill as well, orders of more than two days ago as well, the archive instead. */
  readonly includeUnfilled: boolean;
  readonly includeOld: boolean;
  readonly historical: boolean;
};

const oldMs = 2 * 24 * 3_600_000;
const tradesKeptMs = 24 * 3_600_000;

/** One page of the orders that are no longer open, the last closed first. */
export function orderHistory(
  { dialect, book, now, history }: { dialect: Dialect; book: OrderBook; now: number; history: HistoryOptions },
  query: HistoryQuery,
): Listing {
  const { account, instrument, count, offset, includeUnfilled, includeOld } = query;
  const write = (order: Order) => writeOrder(dialect, order);
  const asOf = (at: number, known = at): readonly Row[] =>
    book
      .everAsOf(known)
      .filter(({ order }) => order.account === account && order.instrument_name === instrument)
      .filter(({ order, closedAt }) => {
        if (!isFinal(order) || closedAt === undefined) return history.withOpen && dialect === 'orangex';
        if (dialect === 'orangex') return at - closedAt >= history.indexingMs;
        if (!includeUnfilled && !isFilled(order)) return false;
        if (!includeOld && at - closedAt > oldMs) return false;
        return storeOf(at - closedAt, history) === (query.historical ? 'archive' : 'recent');
      })
      .toSorted((a, b) => (b.closedAt ?? 0) - (a.closedAt ?? 0))
      .slice(offset, offset + count)
      .map(({ order, past }) => ({ order, past, write }));
  return { rows: asOf(now, Number.POSITIVE_INFINITY), asOf };
}

function storeOf(age: number, { recentMs, indexingMs, archivingMs }: HistoryOptions): 'recent' | 'archive' | 'neither' {
  if (age < recentMs) return age >= indexingMs ? 'recent' : 'neither';
  return age >= recentMs + archivingMs ? 'archive' : 'neither';
}

function isFilled({ filled_amount: filled }: Order): boolean {
  return filled !== undefined && Number(typeof filled === 'string' ? filled : filled.text) > 0;
}

/** The trades of one order as JSON text: each growth of its filled amount was one. */
export function tradesOf(
  { dialect, book, now, history }: { dialect: Dialect; book: OrderBook; now: number; history: HistoryOptions },
  query: { readonly account: string; readonly orderId: string; readonly historical: boolean },
): string {
  const held = book.everAsOf().find(({ order }) => order.order_id === query.orderId);
  const trades = held === undefined || held.order.account !== query.account ? [] : fillsOf(held);
  const shown = trades.filter(({ timestamp }) => {
    return dialect === 'orangex' || now - timestamp > tradesKeptMs === query.historical;
  });
  if (dialect === 'orangex') return writeJson({ count: shown.length, trades: shown, has_more: false });
  return writeJson(history.wrappedTrades ? { trades: shown, has_more: false } : shown);
}

type Trade = WireObject & { readonly timestamp: number };

function fillsOf({ order, past }: PastOrder): readonly Trade[] {
  const amount = (state: Order) => {
    const filled = state.filled_amount ?? '0';
    return Number(typeof filled === 'string' ? filled : filled.text);
  };
  return [...past, order].flatMap((state, index, states) => {
    const before = states[index - 1];
    const grown = amount(state) - (before === undefined ? 0 : amount(before));
    if (!(grown > 0)) return [];
    return {
      trade_id: `${order.order_id}-${index}`,
      trade_seq: index,
      order_id: order.order_id,
      instrument_name: order.instrument_name,
      direction: order.direction,
      price: state.average_price,
      amount: lexeme(String(grown)),
      state: state.order_state,
      timestamp: state.last_update_timestamp,
    };
  });
}
