/*
 * The fields of an order by their canonical names, each with its schema, defined only here. With them, orders are read
 * from what exchanges write, and returned, published and exported. Quantities keep every digit of the wire.
 */
import { isLosslessNumber } from 'lossless-json';
import * as z from 'zod/mini';

/** JSON's numbers, the same as strings, and what exchanges write without JSON's leading or trailing zero. */
const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;
const maxQuantityLength = 64;

/** A number as the digits that were written; anything else as it is. */
const written = z.transform((value: unknown) => (isLosslessNumber(value) ? value.value : value));

/** Far more than any exchange writes: a longer text would only fill the table. */
export const maxTextLength = 256;

const text = z.string().check(z.minLength(1), z.maxLength(maxTextLength));
const id = z.pipe(written, text);
const quantity = z
  .pipe(
    written,
    z
      .string()
      .check(
        z.refine((digits) => digits === 'market_price' || (digits.length <= maxQuantityLength && decimal.test(digits))),
      ),
  )
  .check(z.describe('A decimal number, or market_price.'));

/** A whole number of at most this many digits, however it is written: `12`, `"12"`, `12.0` or `1.2E1`. */
function boundedInteger(maxDigits: number) {
  const read = (value: unknown): unknown => {
    const digits = isLosslessNumber(value) ? value.value : value;
    if (typeof digits !== 'string') return digits;
    const [, whole = '', fraction = '', exponent = '0'] = /^(\d+)\.?(\d*)(?:[eE]\+?(\d{1,2}))?$/.exec(digits) ?? [];
    const point = whole.length + Number(exponent);
    const shifted = (whole + fraction).padEnd(point, '0');
    const isWhole = whole !== '' && /^0*$/.test(shifted.slice(point));
    return isWhole ? Number(shifted.slice(0, point)) : digits;
  };
  const isShort = (value: number) => value >= 0 && value < 10 ** maxDigits;
  return z.pipe(z.transform(read), z.int().check(z.refine(isShort)));
}

/** Earlier than any exchange in use today: a time before it is in another unit. */
export const earliest = Date.UTC(2010, 0, 1);
const timestamp = z
  .pipe(boundedInteger(13), z.int().check(z.refine((time) => time >= earliest)))
  .check(z.describe("Milliseconds since the Unix epoch, by the exchange's clock."));

/** An optional field is absent where the exchange wrote nothing, or nothing that can be read as that field. */
export const orderFields = {
  order_state: text.check(
    z.describe('open, filled, canceled, rejected, untriggered or triggered; any other state as the exchange sent it.'),
  ),
  amount: z.optional(quantity),
  instrument_name: z.optional(text),
  advanced: z.optional(text),
  price: z.optional(quantity),
  time_in_force: z.optional(text),
  last_update_timestamp: timestamp,
  filled_amount: z.optional(quantity),
  average_price: z.optional(quantity),
  order_id: id,
  creation_timestamp: z.optional(timestamp),
  direction: z.optional(text),
  order_type: z.optional(text),
  version: z.optional(boundedInteger(10)),
};
type OrderField = keyof typeof orderFields;

/** The fields that every order has according to the exchanges' documents: an order without one of them is drift. */
export const documentedFields: readonly OrderField[] = [
  'instrument_name',
  'price',
  'time_in_force',
  'creation_timestamp',
  'direction',
  'order_type',
];

export function isOrderField(name: string): name is OrderField {
  return Object.hasOwn(orderFields, name);
}
