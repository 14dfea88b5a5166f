import * as z from 'zod/mini';
import type { BookEntry, SavedBook } from './orders.ts';
import { Lexeme, type Order, type WireValue } from './wire.ts';

/** JSON leaves out what is undefined. */
function orAbsent<T>(schema: z.ZodMiniType<T>) {
  return z.pipe(
    z.optional(schema),
    z.transform((value: T | undefined) => value),
  );
}

const quantity = orAbsent(z.union([z.string(), z.instanceof(Lexeme)]));
const text = orAbsent(z.string());
const number = orAbsent(z.number());

const SavedOrder: z.ZodMiniType<Order> = z.object({
  order_id: z.string(),
  account: z.string(),
  order_state: z.string(),
  instrument_name: z.string(),
  direction: z.string(),
  order_type: z.string(),
  time_in_force: z.string(),
  price: quantity,
  amount: quantity,
  filled_amount: quantity,
  average_price: quantity,
  advanced: text,
  version: number,
  creation_timestamp: z.number(),
  last_update_timestamp: z.number(),
  details: z.record(z.string(), z.custom<WireValue>()),
  bare: z.boolean(),
  raw: text,
});

const SavedHeld: z.ZodMiniType<BookEntry> = z.object({
  order: SavedOrder,
  past: z.array(SavedOrder),
  kept: z.boolean(),
  times: orAbsent(z.object({ in: z.number(), out: z.number() })),
  closedAt: number,
  unlisted: z.boolean(),
});

const Saved: z.ZodMiniType<SavedBook> = z.object({
  placed: z.number(),
  orders: z.array(SavedHeld),
  forgotten: z.array(SavedHeld),
});

/** A lexeme as JSON keeps it. */
const Mark = z.strictObject({ lexeme: z.string() });

/** The book as JSON text, to the digit. */
export function writeBook(book: SavedBook): string {
  return JSON.stringify(book, (_, value: unknown) => (value instanceof Lexeme ? { lexeme: value.text } : value));
}

/** Throws when the text is not of `writeBook`. */
export function readBook(json: string): SavedBook {
  const revived: unknown = JSON.parse(json, (_, value: unknown) => {
    const mark = Mark.safeParse(value);
    return mark.success ? new Lexeme(mark.data.lexeme) : value;
  });
  return Saved.parse(revived);
}
