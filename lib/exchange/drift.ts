import type { Dialect } from './dialects/index.ts';
import { maxLinkedOrders, type Order, phaseOf } from './order.ts';
import { documentedFields, isOrderField } from './order-fields.ts';

/** What the name of a field or value must look like to be logged: it must not be arbitrary text. */
const loggable = /^\w{1,40}$/;
const directions = ['buy', 'sell'];

/**
 * What a reply holds that the documents do not, or lacks that they promise: `field NAME`, `unreadable NAME`, `missing NAME`,
 * `order_state VALUE`, `direction VALUE`, `over N oto_order_ids`, `created after its last update`. It is stored
 * regardless; this is how a change of the exchange is noticed.
 */
export function driftOf(order: Order, { fields }: Dialect): readonly string[] {
  const { details, direction, creation_timestamp: created = 0 } = order;
  const linked = Array.isArray(details['oto_order_ids']) ? details['oto_order_ids'].length : 0;
  const missing = documentedFields.filter((field) => order[field] === undefined && details[field] === undefined);
  return [
    ...Object.keys(details)
      .filter(isOrderField)
      .map((field) => `unreadable ${field}`),
    ...missing.map((field) => `missing ${field}`),
    ...Object.keys(details)
      .filter((field) => !fields.includes(field) && !isOrderField(field))
      .map((field) => `field ${printable(field)}`),
    ...(phaseOf(order) === 'unknown' ? [`order_state ${printable(order.order_state)}`] : []),
    ...(direction === undefined || directions.includes(direction) ? [] : [`direction ${printable(direction)}`]),
    ...(linked > maxLinkedOrders ? [`over ${maxLinkedOrders} oto_order_ids`] : []),
    ...(created > order.last_update_timestamp ? ['created after its last update'] : []),
  ];
}

function printable(name: string): string {
  return loggable.test(name) ? name : 'of an unusual name';
}
