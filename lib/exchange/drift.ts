import type { Dialect } from './dialects/index.ts';
import { type Order, phaseOf } from './order.ts';

/** What a name may look like to be told: a field's or a value's, and no stranger's text. */
const tellable = /^\w{1,40}$/;
const directions = ['buy', 'sell'];

/**
 * What an answer holds that we have no name for: `field NAME`, `order_state VALUE`, `direction VALUE`. It is kept all the
 * same; this is how somebody hears that the exchange has changed.
 */
export function driftOf(order: Order, { fields }: Dialect): readonly string[] {
  const strange = Object.keys(order.details).filter((field) => !fields.includes(field));
  return [
    ...strange.map((field) => `field ${printable(field)}`),
    ...(phaseOf(order) === 'unknown' ? [`order_state ${printable(order.order_state)}`] : []),
    ...(directions.includes(order.direction) ? [] : [`direction ${printable(order.direction)}`]),
  ];
}

function printable(name: string): string {
  return tellable.test(name) ? name : 'of an unusual name';
}
