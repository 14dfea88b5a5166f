import { isDeepStrictEqual } from 'node:util';
import type { Json } from '../exchange/json.ts';
import type { Order } from '../exchange/order.ts';

/** A field of an order that became another; `from` or `to` is absent where the field is. */
export type FieldChange = {
  /** Such as `filled_amount`, or `details.label`. */
  readonly field: string;
  readonly from?: Json | number;
  readonly to?: Json | number;
};

/** What became of an order, field by field and digit by digit; `details` member by member. */
export function changesBetween(before: Order, after: Order): FieldChange[] {
  const was = fieldsOf(before);
  const is = fieldsOf(after);
  return [...new Map([...was, ...is]).keys()]
    .filter((field) => !isDeepStrictEqual(was.get(field), is.get(field)))
    .map((field) => {
      const from = was.get(field);
      const to = is.get(field);
      return { field, ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
    });
}

function fieldsOf({ details, ...fields }: Order): ReadonlyMap<string, Json | number> {
  const ofDetails = Object.entries(details).map(([field, value]): [string, Json] => [`details.${field}`, value]);
  return new Map<string, Json | number>([...Object.entries(fields), ...ofDetails]);
}
