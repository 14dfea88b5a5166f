import type { Order } from '../exchange/order.ts';

/**
 * The fields that a trader reads first: the only list of them, against which the compiler checks whatever names them
 * again.
 */
type SummaryField =
  | 'order_state'
  | 'instrument_name'
  | 'direction'
  | 'order_type'
  | 'price'
  | 'amount'
  | 'filled_amount'
  | 'average_price'
  | 'last_update_timestamp';

/** What lists of orders say of each. */
export type OrderSummary = Pick<Order, SummaryField>;

/** One that names every field. */
export type CompleteOrderSummary = { readonly [Field in SummaryField]: OrderSummary[Field] };

/** All members are there, those without a value as `undefined`: equal summaries are deeply equal. */
export function orderSummaryOf(order: OrderSummary): CompleteOrderSummary {
  return {
    order_state: order.order_state,
    instrument_name: order.instrument_name,
    direction: order.direction,
    order_type: order.order_type,
    price: order.price,
    amount: order.amount,
    filled_amount: order.filled_amount,
    average_price: order.average_price,
    last_update_timestamp: order.last_update_timestamp,
  };
}
