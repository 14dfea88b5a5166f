import { type HistoryOptions, orderHistory, tradesOf } from './histories.ts';
import { type Listing, openOrders, writeRows } from './lists.ts';
import type { OrderBook } from './orders.ts';
import { Refusal } from './refusals.ts';
import type { Call, RecordedRequest } from './requests.ts';
import type { Dialect } from './wire.ts';

type ListingCall = Extract<RecordedRequest['call'], 'open_orders' | 'order_history' | 'trades'>;

const byInstrument = {
  'private/get_open_orders_by_instrument': 'open_orders',
  'private/get_order_history_by_instrument': 'order_history',
  'private/get_user_trades_by_order': 'trades',
} as const;

/** The methods that list. orangex has none for all open orders: there one lists a trading area. */
export const listingCalls: Readonly<Record<Dialect, Readonly<Record<string, ListingCall>>>> = {
  orangex: { ...byInstrument, 'private/get_open_orders_by_currency': 'open_orders' },
  deribit: { ...byInstrument, 'private/get_open_orders': 'open_orders' },
};

type ListingReply = {
  /** What a fault may be scripted for, the most particular first. */
  readonly targets: readonly string[];
  readonly listing: Listing | undefined;
  /** JSON text. Throws `Refusal`. */
  readonly result: () => string;
};

type Shelves = {
  readonly dialect: Dialect;
  readonly book: OrderBook;
  readonly now: number;
  readonly history: HistoryOptions;
};

/** Replies to one of the calls above, for the caller's account. Throws `Refusal` for parameters that cannot be used. */
export function replyToListing(shelves: Shelves, { method, params }: Call, account: string): ListingReply {
  const { dialect, book } = shelves;
  const name = method.replace(/^\//, '');
  switch (listingCalls[dialect][name]) {
    case 'open_orders': {
      const area = name.endsWith('_by_currency') ? text(params, 'currency') : undefined;
      const instrument = name.endsWith('_by_instrument') ? text(params, 'instrument_name') : undefined;
      const type = params['type'] === undefined ? undefined : text(params, 'type');
      const filters = { ...(area !== undefined && { area }), ...(instrument !== undefined && { instrument }) };
      const listing = openOrders(dialect, book, { account, ...filters, ...(type !== undefined && { type }) });
      return ofRows(listing, area === undefined ? ['open_orders'] : [`open_orders:${area}`, 'open_orders']);
    }
    case 'order_history': {
      const historical = flag(params, 'historical');
      const listing = orderHistory(shelves, {
        account,
        instrument: text(params, 'instrument_name'),
        count: count(params, 'count', 20, dialect === 'orangex' ? 100 : 1_000),
        offset: count(params, 'offset', 0, Number.MAX_SAFE_INTEGER),
        includeUnfilled: flag(params, 'include_unfilled'),
        includeOld: flag(params, 'include_old'),
        historical,
      });
      return ofRows(listing, [`order_history:${historical ? 'archive' : 'recent'}`, 'order_history']);
    }
    case 'trades': {
      const query = { account, orderId: text(params, 'order_id'), historical: flag(params, 'historical') };
      return { targets: ['trades', 'any'], listing: undefined, result: () => tradesOf(shelves, query) };
    }
    default:
      throw new Refusal(-32601);
  }
}

function ofRows(listing: Listing, targets: readonly string[]): ListingReply {
  return { targets: [...targets, 'any'], listing, result: () => writeRows(listing.rows) };
}

function text(params: Call['params'], param: string): string {
  const value = params[param];
  if (typeof value === 'string' && value !== '') return value;
  throw new Refusal(-32602, { reason: value === undefined ? 'missing' : 'wrong format', param });
}

function count(params: Call['params'], param: string, byDefault: number, max: number): number {
  const value = Number(params[param] ?? byDefault);
  if (Number.isSafeInteger(value) && value >= 0 && value <= max) return value;
  throw new Refusal(-32602, { reason: 'wrong format', param });
}

function flag(params: Call['params'], param: string): boolean {
  const value = params[param];
  return value === true || value === 'true';
}
