import { isDeepStrictEqual } from 'node:util';
import type { Json } from '../exchange/json.ts';
import { fieldsOf, type Order } from '../exchange/order.ts';

/** A field of an order that changed; `from` or `to` is absent where the field is. */
export type FieldChange = {
  /** Such as `filled_amount`, or `details.label`. */
  readonly field: string;
  readonly from?: Json | number | undefined;
  readonly to?: Json | number | undefined;
};

/** What changed in an order, field by field and digit by digit; `details` member by member. */
export function changesBetween(before: Order, after: Order): FieldChange[] {
  const was = fieldsByName(before);
  const is = fieldsByName(after);
  return [...new Map([...was, ...is]).keys()]
    .filter((field) => !isDeepStrictEqual(was.get(field), is.get(field)))
    .map((field) => ({ field, from: was.get(field), to: is.get(field) }));
}

function fieldsByName(order: Order): ReadonlyMap<string, Json | number> {
  const ofDetails = Object.entries(order.details).map(([field, value]) => [`details.${field}`, value] as const);
  return new Map<string, Json | number>([...fieldsOf(order), ...ofDetails]);
}
