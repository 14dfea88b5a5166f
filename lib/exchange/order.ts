import { isLosslessNumber } from 'lossless-json';
import { Failure } from '../errors.ts';
import { type Json, type JsonObject, scalarText } from './json.ts';

/** A quantity exactly as the wire wrote it, string or number: `"855"`, `"-0.5"`, `"1.6e-7"`, or `"market_price"`. */
export type Quantity = string;

/**
 * An order as the specification names its fields. Quantities are decimal strings with every digit of the wire;
 * timestamps are milliseconds since the Unix epoch. `details` holds whatever else the exchange said, digits exact.
 */
export type Order = {
  /** `open`, `filled`, `canceled` (also for `cancelled`), `rejected`, `untriggered`, `triggered`, or an unknown state raw. */
  readonly order_state: string;
  readonly amount?: Quantity;
  readonly instrument_name: string;
  readonly advanced?: string;
  readonly price: Quantity;
  readonly time_in_force: string;
  readonly last_update_timestamp: number;
  readonly filled_amount?: Quantity;
  readonly average_price?: Quantity;
  readonly order_id: string;
  readonly creation_timestamp: number;
  readonly direction: string;
  readonly order_type: string;
  readonly version?: number;
  readonly details: JsonObject;
};

/** What a state means for us: only `final` ends a watch; `unknown` is never taken for either of the others. */
export type Phase = 'live' | 'unknown' | 'final';

const phases: ReadonlyMap<string, Phase> = new Map([
  ['open', 'live'],
  ['untriggered', 'live'],
  ['filled', 'final'],
  ['canceled', 'final'],
  ['rejected', 'final'],
  // Final for this id: the order that the trigger creates has an id of its own.
  ['triggered', 'final'],
]);

type SeedField = Exclude<keyof Order, 'details'>;
const seedFields: ReadonlySet<string> = new Set<SeedField>([
  'order_state',
  'amount',
  'instrument_name',
  'advanced',
  'price',
  'time_in_force',
  'last_update_timestamp',
  'filled_amount',
  'average_price',
  'order_id',
  'creation_timestamp',
  'direction',
  'order_type',
  'version',
]);

const earliest = Date.UTC(2010, 0, 1);
/** No order that we keep was updated later than this after our clock when it was observed; milliseconds. */
export const maxAheadMs = 3_600_000;

/** An order id as any known exchange writes one; also the last path segment of our own routes. */
export const orderIdPattern = /^[A-Za-z0-9._-]{1,64}$/;

export function phaseOf(order: Order): Phase {
  return phases.get(order.order_state) ?? 'unknown';
}

/** Reads the `result` of `get_order_state`. Throws `protocol` when a field is missing or has a shape that cannot be read. */
export function readOrder(result: JsonObject): Order {
  const state = text(result, 'order_state');
  const amount = quantity(result, 'amount');
  const advanced = textOrAbsent(result, 'advanced');
  const filledAmount = quantity(result, 'filled_amount');
  const averagePrice = quantity(result, 'average_price');
  const version = counter(result, 'version');
  return {
    order_state: state === 'cancelled' ? 'canceled' : state,
    ...(amount !== undefined && { amount }),
    instrument_name: text(result, 'instrument_name'),
    ...(advanced !== undefined && { advanced }),
    price: present('price', quantity(result, 'price')),
    time_in_force: text(result, 'time_in_force'),
    last_update_timestamp: timestamp(result, 'last_update_timestamp'),
    ...(filledAmount !== undefined && { filled_amount: filledAmount }),
    ...(averagePrice !== undefined && { average_price: averagePrice }),
    order_id: orderId(result),
    creation_timestamp: timestamp(result, 'creation_timestamp'),
    direction: text(result, 'direction'),
    order_type: text(result, 'order_type'),
    ...(version !== undefined && { version }),
    details: Object.fromEntries(Object.entries(result).filter(([field]) => !seedFields.has(field))),
  };
}

/** The orders that this one made or will make once it fills: they live on after it, under ids of their own. */
export function linkedOrderIds({ details }: Order): readonly string[] {
  const linked = details['oto_order_ids'];
  const ids: readonly Json[] = Array.isArray(linked) ? linked : [];
  return ids.map((id) => scalarText(id) ?? '').filter((id) => orderIdPattern.test(id));
}

/**
 * Refuses times that cannot be, so that no answer can outrank every later one for ever.
 * Throws `protocol` for an order dated before 2010, updated before its creation, or over an hour ahead of `now`.
 */
export function refuseImplausibleTimes(order: Order, now: number): void {
  const { creation_timestamp: created, last_update_timestamp: updated } = order;
  if (created < earliest) throw unreadable('creation_timestamp', 'lies before 2010');
  if (updated < created) throw unreadable('last_update_timestamp', 'lies before its creation');
  if (updated > now + maxAheadMs) throw unreadable('last_update_timestamp', 'lies over an hour ahead of our clock');
}

/** The order id in a `result`, a string even where the wire sends a number. */
export function orderId(result: JsonObject): string {
  const id = result['order_id'];
  if (typeof id === 'string') return id;
  if (isLosslessNumber(id)) return id.value;
  throw unreadable('order_id', 'is missing');
}

function text(result: JsonObject, field: SeedField): string {
  return present(field, textOrAbsent(result, field));
}

function textOrAbsent(result: JsonObject, field: SeedField): string | undefined {
  const value = result[field] ?? undefined;
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  throw unreadable(field, 'is not a text');
}

/** JSON's numbers, the same as strings, and what exchanges write without JSON's leading or trailing zero. */
const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;
const maxQuantityLength = 64;

/** Absent, `null` and `""` are no quantity; anything else must be one. */
function quantity(result: JsonObject, field: SeedField): Quantity | undefined {
  const written = digits(result[field]);
  if (written === undefined || written === '') return undefined;
  if (written === 'market_price') return written;
  if (written !== null && written.length <= maxQuantityLength && decimal.test(written)) return written;
  throw unreadable(field, 'is neither a decimal number nor market_price');
}

function timestamp(result: JsonObject, field: SeedField): number {
  const written = present(field, digits(result[field]));
  if (written !== null && /^\d{1,13}$/.test(written)) return Number(written);
  throw unreadable(field, 'is not a whole number of milliseconds');
}

function counter(result: JsonObject, field: SeedField): number | undefined {
  const written = digits(result[field]);
  if (written === undefined) return undefined;
  if (written !== null && /^\d{1,10}$/.test(written)) return Number(written);
  throw unreadable(field, 'is not a whole number of at most ten digits');
}

/** What a string or number holds as written; `undefined` when absent, `null` when it is anything else. */
function digits(value: Json | undefined): string | null | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  return isLosslessNumber(value) ? value.value : null;
}

function present<Value>(field: SeedField, value: Value | undefined): Value {
  if (value === undefined) throw unreadable(field, 'is missing');
  return value;
}

function unreadable(field: SeedField, complaint: string): Failure {
  return new Failure('invalid_response', `The exchange answered an order whose ${field} ${complaint}.`);
}
