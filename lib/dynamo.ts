import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { Failure } from './errors.ts';

/** An item as DynamoDB has it: each attribute with its type. */
export type Item = Readonly<Record<string, AttributeValue>>;

export function number(value: number): { N: string } {
  return { N: String(value) };
}

/** Readers of attributes: a text, a number, a truth. */
export const S = z.pipe(
  z.object({ S: z.string() }),
  z.transform(({ S }) => S),
);
export const N = z.pipe(
  z.object({ N: z.string() }),
  z.transform(({ N }) => Number(N)),
);
export const BOOL = z.pipe(
  z.object({ BOOL: z.boolean() }),
  z.transform(({ BOOL }) => BOOL),
);

/** Reads an item. Throws `store_corrupt`, which names the attributes that are wrong and not what they hold. */
export function readItem<Shape extends z.core.$ZodType>(shape: Shape, item: Item): z.output<Shape> {
  const parsed = z.safeParse(shape, item);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.map(({ path }) => path.join('.')).join(', ');
  throw new Failure('store_corrupt', `An item of the table is not of the shape that this version reads: see ${where}.`);
}
