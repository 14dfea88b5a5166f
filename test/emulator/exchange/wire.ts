/** The two ways of writing one and the same exchange: the specification's own, and the one it descends from. */
export const emulatedDialects = ['orangex', 'deribit'] as const;
export type Dialect = (typeof emulatedDialects)[number];

/** JSON text that goes on the wire exactly as it is: `1.10`, `1.6e-7`, `39004881276768256` as a number. */
export class Lexeme {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export function lexeme(text: string): Lexeme {
  return new Lexeme(text);
}

export type WireObject = { readonly [name: string]: WireValue | undefined };

/** A value to be written; a field whose value is `undefined` is left out. */
export type WireValue = string | number | boolean | null | Lexeme | readonly WireValue[] | WireObject;

/**
 * A price or a size. Decimal text is written the dialect's way (`"1.10"` on orangex, `1.10` on deribit, never
 * reformatted); a lexeme is written as it is on both.
 */
export type Quantity = string | Lexeme;

export type Order = {
  readonly order_id: string;
  /** Whose order it is. A request with another account's key is refused. Not on the wire. */
  readonly account: string;
  /** `canceled` with one l; deribit's spelling is put in when the order is written. Any other text goes as it is. */
  readonly order_state: string;
  readonly instrument_name: string;
  readonly direction: string;
  readonly order_type: string;
  readonly time_in_force: string;
  readonly price: Quantity | undefined;
  readonly amount: Quantity | undefined;
  readonly filled_amount: Quantity | undefined;
  readonly average_price: Quantity | undefined;
  readonly advanced: string | undefined;
  readonly version: number | undefined;
  readonly creation_timestamp: number;
  readonly last_update_timestamp: number;
  /** Further fields, written after the dialect's own. One that has a dialect field's name takes its place. */
  readonly details: WireObject;
  /** Only the specification's fields: none of those that the dialect adds. */
  readonly bare: boolean;
  /** The whole result as JSON text, instead of everything above. */
  readonly raw: string | undefined;
};

/** When a request came in and its reply went out, in milliseconds since the epoch. */
export type Times = { readonly in: number; readonly out: number };

/** A JSON-RPC reply, field by field, so that a fault can take one away or change it. `id`, `result`, `error`: JSON text. */
export type Reply = {
  readonly httpStatus: number;
  readonly id: string | undefined;
  readonly jsonrpc: string | undefined;
  readonly times: Times | undefined;
  readonly result: string | undefined;
  readonly error: string | undefined;
};

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

export function writeJson(value: WireValue): string {
  if (value instanceof Lexeme) return value.text;
  if (isList(value)) return `[${value.map(writeJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const fields: string[] = [];
    for (const [name, field] of Object.entries(value)) {
      if (field !== undefined) fields.push(`${JSON.stringify(name)}:${writeJson(field)}`);
    }
    return `{${fields.join(',')}}`;
  }
  return JSON.stringify(value);
}

export const writeOrder = memoized((dialect: Dialect, order: Order): string => {
  if (order.raw !== undefined) return order.raw;
  const fields = dialect === 'orangex' ? orangexOrder(order) : deribitOrder(order);
  return writeJson({ ...fields, ...order.details });
});

/** Remembers what was written: an order is never changed, only replaced, and lists show the same ones again and again. */
export function memoized(write: (dialect: Dialect, order: Order) => string): typeof write {
  const written = { orangex: new WeakMap<Order, string>(), deribit: new WeakMap<Order, string>() };
  return (dialect, order) => {
    const text = written[dialect].get(order) ?? write(dialect, order);
    written[dialect].set(order, text);
    return text;
  };
}

export function writeReply(dialect: Dialect, reply: Reply): string {
  const { id, jsonrpc, times, result, error } = reply;
  // orangex counts in milliseconds behind names that say microseconds; the specification's example does too.
  const unit = dialect === 'orangex' ? 1 : 1000;
  const stamps: WireObject = times
    ? { usIn: times.in * unit, usOut: times.out * unit, usDiff: (times.out - times.in) * unit }
    : {};
  const outcome: WireObject = { result: fragment(result), error: fragment(error) };
  return dialect === 'orangex'
    ? writeJson({ id: fragment(id), jsonrpc, ...stamps, ...outcome })
    : writeJson({ jsonrpc, id: fragment(id), ...outcome, ...stamps, testnet: true });
}

/** The fields in the order of the specification's example, quantities as strings. */
function orangexOrder(order: Order): WireObject {
  return {
    amount: order.amount,
    price: order.price,
    direction: order.direction,
    version: order.version,
    // A stop order shows as open until its trigger.
    order_state: order.order_state === 'untriggered' ? 'open' : order.order_state,
    instrument_name: order.instrument_name,
    time_in_force: order.time_in_force,
    last_update_timestamp: order.last_update_timestamp,
    filled_amount: order.filled_amount,
    average_price: order.average_price,
    order_id: order.order_id,
    creation_timestamp: order.creation_timestamp,
    order_type: order.order_type,
    advanced: order.advanced,
    ...(order.bare
      ? {}
      : {
          currency: order.instrument_name.split(/[-_]/)[0],
          kind: kindOf(order.instrument_name),
          source: 'api',
          mmp: false,
          rpl: '0',
          custom_order_id: '-',
          show_name: order.instrument_name,
          post_only: false,
          reduce_only: false,
          condition_type: 'NORMAL',
          position_side: 'BOTH',
        }),
  };
}

function deribitOrder(order: Order): WireObject {
  const plain = {
    time_in_force: order.time_in_force,
    price: numeric(order.price),
    order_type: order.order_type,
    order_state: order.order_state === 'canceled' ? 'cancelled' : order.order_state,
    order_id: order.order_id,
    last_update_timestamp: order.last_update_timestamp,
    instrument_name: order.instrument_name,
    filled_amount: numeric(order.filled_amount),
    direction: order.direction,
    creation_timestamp: order.creation_timestamp,
    average_price: numeric(order.average_price),
    amount: numeric(order.amount),
    advanced: order.advanced,
    // Not a field of deribit's: written only for an order that was placed with one.
    version: order.version,
  };
  if (order.bare) return plain;
  return {
    web: false,
    risk_reducing: false,
    replaced: false,
    reduce_only: false,
    post_only: false,
    mmp: false,
    max_show: numeric(order.amount),
    label: '',
    is_rebalance: false,
    is_liquidation: false,
    api: true,
    ...plain,
  };
}

/** `market_price` stays a string; everything that is a JSON number is written as one, digit by digit. */
function numeric(quantity: Quantity | undefined): WireValue | undefined {
  return typeof quantity === 'string' && jsonNumber.test(quantity) ? lexeme(quantity) : quantity;
}

function kindOf(instrument: string): string {
  if (/-[CP]$/.test(instrument)) return 'option';
  return instrument.endsWith('PERPETUAL') ? 'perpetual' : 'future';
}

function fragment(text: string | undefined): Lexeme | undefined {
  return text === undefined ? undefined : lexeme(text);
}

function isList(value: WireValue): value is readonly WireValue[] {
  return Array.isArray(value);
}
