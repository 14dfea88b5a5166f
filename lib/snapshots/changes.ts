import { isDeepStrictEqual } from 'node:util';
import { dialects } from '../exchange/dialects/index.ts';
import type { Json } from '../exchange/json.ts';
import { fieldsOf, type Order } from '../exchange/order.ts';
import type { Snapshot } from './snapshot.ts';

/** A field of an order that changed; `from` or `to` is absent where the field is. */
export type FieldChange = {
  /** Such as `filled_amount`, or `details.label`. */
  readonly field: string;
  readonly from?: Json | number | undefined;
  readonly to?: Json | number | undefined;
};

/**
 * What changed in an order, field by field and digit by digit; `details` member by member. That a volatile detail is in one
 * of the two only is no change: rows of lists leave some out.
 */
export function changesBetween(before: Order, after: Order, volatile: readonly string[]): FieldChange[] {
  const was = fieldsByName(before);
  const is = fieldsByName(after);
  const volatileFields = volatile.map((field) => `details.${field}`);
  return [...new Map([...was, ...is]).keys()]
    .filter((field) => !volatileFields.includes(field) || (was.has(field) && is.has(field)))
    .filter((field) => !isDeepStrictEqual(was.get(field), is.get(field)))
    .map((field) => ({ field, from: was.get(field), to: is.get(field) }));
}

/** What changed from one snapshot of an order to a later one. */
export function changesFrom(before: Snapshot, after: Snapshot): FieldChange[] {
  return changesBetween(before.order, after.order, dialects[after.dialect].volatile);
}

function fieldsByName(order: Order): ReadonlyMap<string, Json | number> {
  const ofDetails = Object.entries(order.details).map(([field, value]) => [`details.${field}`, value] as const);
  return new Map<string, Json | number>([...fieldsOf(order), ...ofDetails]);
}
