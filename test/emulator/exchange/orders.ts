import { type Dialect, Lexeme, type Order, type Quantity, type Times, type WireObject } from './wire.ts';

/** An order to be placed; whatever is left out is that of a fresh limit order of the default account. */
export type Placement = { readonly [Field in keyof Order]?: Order[Field] } & {
  /** Never forgotten by age, only by `forget`. */
  readonly kept?: boolean;
  /** The envelope's times for as long as nothing happens to the order, instead of the clock's. */
  readonly times?: Times;
  /** In no list of open orders, as orders of other gateways are. */
  readonly unlisted?: boolean;
};

/** What an update may change: anything but whose order it is and what it is called. */
export type Change = { readonly [Field in Exclude<keyof Order, 'order_id' | 'account'>]?: Order[Field] };

export type BookEntry = {
  readonly order: Order;
  /** What the order looked like before, oldest first. */
  readonly past: readonly Order[];
  readonly kept: boolean;
  readonly times: Times | undefined;
  readonly closedAt: number | undefined;
  readonly unlisted: boolean;
};

/** An order as it was at some moment. */
export type PastOrder = Pick<BookEntry, 'order' | 'past' | 'closedAt' | 'unlisted'>;

type OrderBookOptions = {
  readonly dialect: Dialect;
  readonly now: () => number;
  readonly forgetAfterMs: number;
  /** What an earlier run left. */
  readonly saved?: SavedBook | undefined;
  /** Called after every change. */
  readonly onChange?: (() => void) | undefined;
  /** How many closed orders it keeps after forgetting them, for the histories: the latest. Default: all. */
  readonly maxForgotten?: number;
};

/** Everything in a book, for another run to begin with. */
export type SavedBook = {
  readonly placed: number;
  readonly orders: readonly BookEntry[];
  readonly forgotten: readonly BookEntry[];
};

/** The account that keys and orders belong to when nothing else is said. */
export const defaultAccount = 'main';

const finalStates: ReadonlySet<string> = new Set(['filled', 'canceled', 'cancelled', 'rejected', 'triggered']);

export function isFinal({ order_state: state }: Order): boolean {
  return finalStates.has(state);
}

/** The orders that the exchange remembers, and what can happen to them. */
export class OrderBook {
  readonly #options: OrderBookOptions;
  readonly #orders = new Map<string, BookEntry>();
  /** Closed before they were forgotten: `get_order_state` knows them no more, histories do. */
  readonly #forgotten = new Map<string, BookEntry>();
  #placed = 0;

  constructor(options: OrderBookOptions) {
    this.#options = options;
    const { placed = 0, orders = [], forgotten = [] } = options.saved ?? {};
    this.#placed = placed;
    for (const held of orders) this.#orders.set(held.order.order_id, held);
    for (const held of forgotten) this.#forgotten.set(held.order.order_id, held);
  }

  save(): SavedBook {
    return { placed: this.#placed, orders: [...this.#orders.values()], forgotten: [...this.#forgotten.values()] };
  }

  /** The ids of the orders that may still trade, in the order in which they were placed. */
  openIds(): readonly string[] {
    return [...this.#orders.values()].filter(({ order }) => !isFinal(order)).map(({ order }) => order.order_id);
  }

  place(placement: Placement = {}): string {
    const { kept = false, times, unlisted = false, ...given } = placement;
    const at = this.#options.now();
    const instrument = given.instrument_name ?? 'BTC-PERPETUAL';
    const order: Order = {
      order_id: this.#nextId(instrument),
      account: defaultAccount,
      order_state: 'open',
      instrument_name: instrument,
      direction: 'buy',
      order_type: 'limit',
      time_in_force: 'good_til_cancelled',
      price: '50000',
      amount: '10',
      filled_amount: '0',
      average_price: '0',
      advanced: undefined,
      version: this.#options.dialect === 'orangex' ? 1 : undefined,
      creation_timestamp: at,
      last_update_timestamp: given.creation_timestamp ?? at,
      details: {},
      bare: false,
      raw: undefined,
      ...given,
    };
    if (this.#orders.has(order.order_id)) throw new Error(`Order ${order.order_id} is already placed.`);
    const closedAt = finalStates.has(order.order_state) ? at : undefined;
    this.#orders.set(order.order_id, { order, past: [], kept, times, closedAt, unlisted });
    this.#options.onChange?.();
    return order.order_id;
  }

  /** `filled` is the total so far, in the order's own digits. */
  partialFill(id: string, filled: Quantity, averagePrice?: Quantity): void {
    this.update(id, { filled_amount: filled, average_price: averagePrice ?? this.#fillPrice(id) });
  }

  fill(id: string, averagePrice?: Quantity): void {
    const { order } = this.get(id);
    this.update(id, {
      order_state: 'filled',
      filled_amount: order.amount,
      average_price: averagePrice ?? this.#fillPrice(id),
    });
  }

  /** By its owner, unless `details` say otherwise (`error_code: 5998` on orangex: the exchange did it). */
  cancel(id: string, details?: WireObject): void {
    const reason = this.#options.dialect === 'orangex' ? { error_code: 0 } : { cancel_reason: 'user_request' };
    this.update(id, { order_state: 'canceled', details: details ?? reason });
  }

  reject(id: string): void {
    this.update(id, { order_state: 'rejected' });
  }

  /** Price or size changed by the owner: the order keeps its id. */
  edit(id: string, change: Change): void {
    this.update(id, { ...change, details: { ...change.details, replaced: true } });
  }

  /** A trigger order fires: it is final, and the order that it creates has its own id, which is returned. */
  trigger(id: string, placement: Placement = {}): string {
    const { order } = this.get(id);
    this.update(id, { order_state: 'triggered' });
    return this.place({
      account: order.account,
      instrument_name: order.instrument_name,
      direction: order.direction,
      price: order.price,
      amount: order.amount,
      ...placement,
      details: { trigger_order_id: id, triggered: true, ...placement.details },
    });
  }

  /** Anything at all happens to the order. Two changes within one millisecond do share a timestamp, as real ones do. */
  update(id: string, change: Change): void {
    const held = this.get(id);
    const { order } = held;
    const at = this.#options.now();
    const next: Order = {
      ...order,
      version: order.version === undefined ? undefined : order.version + 1,
      last_update_timestamp: Math.max(order.last_update_timestamp, at),
      ...change,
      details: { ...order.details, ...change.details },
    };
    this.#orders.set(id, {
      order: next,
      past: [...held.past, order],
      kept: held.kept,
      times: undefined,
      closedAt: finalStates.has(next.order_state) ? (held.closedAt ?? at) : undefined,
      unlisted: held.unlisted,
    });
    this.#options.onChange?.();
  }

  /** Requested by id, the order is not found any more. A closed one stays in the histories. */
  forget(id: string): void {
    const held = this.get(id);
    this.#orders.delete(id);
    if (held.closedAt !== undefined) this.#forgotten.set(id, held);
    const { maxForgotten = Number.POSITIVE_INFINITY, onChange } = this.#options;
    for (const [oldest] of this.#forgotten) {
      if (this.#forgotten.size <= maxForgotten) break;
      this.#forgotten.delete(oldest);
    }
    onChange?.();
  }

  /** Every trace of the order is gone, as after a reset of a test environment. */
  erase(id: string): void {
    this.#orders.delete(id);
    this.#forgotten.delete(id);
    this.#options.onChange?.();
  }

  /** What the exchange remembers of its orders, or did at a moment, in the order in which they were placed. */
  asOf(at = Number.POSITIVE_INFINITY): readonly PastOrder[] {
    const orders = [...this.#orders.values()];
    return at === Number.POSITIVE_INFINITY ? orders : orders.flatMap((held) => atMoment(held, at));
  }

  /** The same, and the orders that have been forgotten since. */
  everAsOf(at = Number.POSITIVE_INFINITY): readonly PastOrder[] {
    return [...this.#forgotten.values()].flatMap((held) => atMoment(held, at)).concat(this.asOf(at));
  }

  /** For the tester, who has to name an order that is there. */
  get(id: string): BookEntry {
    const held = this.#orders.get(id);
    if (!held) throw new Error(`No order ${id} was placed on this exchange, or it was forgotten.`);
    return held;
  }

  /** For the exchange: what it still remembers. */
  find(id: string): BookEntry | undefined {
    const held = this.#orders.get(id);
    if (!held || held.kept || held.closedAt === undefined) return held;
    if (this.#options.now() - held.closedAt < this.#options.forgetAfterMs) return held;
    this.forget(id);
    return undefined;
  }

  /** A limit order is filled at its limit; a market order needs the average price. */
  #fillPrice(id: string): Quantity {
    const { price } = this.get(id).order;
    if (price instanceof Lexeme || (price !== undefined && price !== 'market_price')) return price;
    throw new Error(`Order ${id} has no price of its own: say the average price of its fill.`);
  }

  #nextId(instrument: string): string {
    this.#placed += 1;
    if (this.#options.dialect === 'deribit') return `${instrument.split('-')[0]}-${349280 + this.#placed}`;
    // Above 2^53, where a number would lose its last digits.
    return String(39_100_000_000_000_001n + BigInt(this.#placed) * 65_536n);
  }
}

/** The order as it was, or nothing before it was placed. */
function atMoment({ order, past, closedAt, unlisted }: BookEntry, at: number): readonly PastOrder[] {
  const states = [...past, order].filter(({ last_update_timestamp: changed }) => changed <= at);
  const shown = states.at(-1);
  return shown === undefined ? [] : [{ order: shown, past: states.slice(0, -1), closedAt, unlisted }];
}
