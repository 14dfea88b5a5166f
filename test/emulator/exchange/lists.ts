import { isFinal, type OrderBook } from './orders.ts';
import { type Dialect, memoized, type Order, type Reply, writeJson, writeOrder } from './wire.ts';

/** One row of a reply that lists orders: the order as it is shown, what it was before, and how a row is written. */
export type Row = {
  readonly order: Order;
  /** Oldest first. */
  readonly past: readonly Order[];
  readonly write: (order: Order) => string;
};

/** A reply that lists orders, as the book is now; `asOf` as it was at a moment, in milliseconds since the epoch. */
export type Listing = { readonly rows: readonly Row[]; readonly asOf: (at: number) => readonly Row[] };

/** What can be wrong with the rows of a list or a history. Without `orderId`, the first row suffers. */
export type RowFault =
  /** The list is behind the book by this many milliseconds. */
  | { readonly kind: 'lag'; readonly ms: number }
  /** The row is not there. */
  | { readonly kind: 'omitRow'; readonly orderId?: string }
  /** The row is there twice; with `back`, the second time as the order was so many changes ago. */
  | { readonly kind: 'repeatRow'; readonly orderId?: string; readonly back?: number }
  /** The row shows the order as it was before its last change, or before its last `back` changes. */
  | { readonly kind: 'olderRow'; readonly orderId?: string; readonly back?: number }
  /** JSON text in the row's place: by default an order of which nothing but the id is said. */
  | { readonly kind: 'spoilRow'; readonly orderId?: string; readonly text?: string }
  /** The rows hold the specification's fields and no others. */
  | { readonly kind: 'thinRows' };

export function isRowFault<Other extends { readonly kind: string }>(fault: Other | RowFault): fault is RowFault {
  return ['lag', 'omitRow', 'repeatRow', 'olderRow', 'spoilRow', 'thinRows'].includes(fault.kind);
}

/** The reply with wrong rows; one without rows as it is. */
export function spoilRows(fault: RowFault, reply: Reply, listing: Listing | undefined, now: number): Reply {
  if (listing === undefined || reply.result === undefined) return reply;
  const texts = (fault.kind === 'lag' ? listing.asOf(now - fault.ms) : listing.rows).map((row, index) => {
    const id = row.order.order_id;
    const hit = 'orderId' in fault && fault.orderId !== undefined ? fault.orderId === id : index === 0;
    return rowTexts(fault, row, hit);
  });
  return { ...reply, result: `[${texts.flat().join(',')}]` };
}

function rowTexts(fault: RowFault, { order, past, write }: Row, hit: boolean): readonly string[] {
  const older = (back = 1) => write(past[past.length - back] ?? order);
  if (fault.kind === 'thinRows') return [write({ ...order, bare: true, details: {} })];
  if (!hit || fault.kind === 'lag') return [write(order)];
  switch (fault.kind) {
    case 'omitRow':
      return [];
    case 'repeatRow':
      return [write(order), fault.back === undefined ? write(order) : older(fault.back)];
    case 'olderRow':
      return [older(fault.back)];
    case 'spoilRow':
      return [fault.text ?? writeJson({ order_id: order.order_id })];
  }
}

export function writeRows(rows: readonly Row[]): string {
  return `[${rows.map(({ order, write }) => write(order)).join(',')}]`;
}

type OpenOrdersQuery = {
  readonly account: string;
  /** OrangeX: `PERPETUAL` or `SPOT`; any other area has no orders, and that is no error. */
  readonly area?: string;
  readonly instrument?: string;
  /** An order type, or `all`. */
  readonly type?: string;
};

/** The orders that a list of open orders shows, the newest first. */
export function openOrders(dialect: Dialect, book: OrderBook, query: OpenOrdersQuery): Listing {
  const { account, area, instrument, type = 'all' } = query;
  const asOf = (at?: number): readonly Row[] =>
    book
      .asOf(at)
      .filter(({ order, unlisted }) => !unlisted && order.account === account && !isFinal(order))
      .filter(({ order }) => area === undefined || area === areaOf(order.instrument_name))
      .filter(({ order }) => instrument === undefined || instrument === order.instrument_name)
      .filter(({ order }) => type === 'all' || type === order.order_type)
      .map(({ order, past }) => ({ order, past, write: (shown: Order) => writeOpenRow(dialect, shown) }))
      .toReversed();
  return { rows: asOf(), asOf };
}

function areaOf(instrument: string): string {
  return /^[A-Z0-9]+[-_][A-Z0-9]+$/.test(instrument) && !instrument.endsWith('PERPETUAL') ? 'SPOT' : 'PERPETUAL';
}

/** An order as a list of open orders writes it. */
export const writeOpenRow = memoized((dialect: Dialect, order: Order): string => {
  if (dialect === 'orangex')
    return writeOrder(dialect, { ...order, details: { currency: undefined, ...order.details } });
  if (order.order_state !== 'untriggered') return writeOrder(dialect, order);
  return writeOrder(dialect, { ...order, filled_amount: undefined, average_price: undefined });
});
