import type { Order } from '../exchange/order.ts';

/** What lists of orders say of each: the fields that a trader reads first. */
export type OrderSummary = Pick<
  Order,
  | 'order_state'
  | 'instrument_name'
  | 'direction'
  | 'order_type'
  | 'price'
  | 'amount'
  | 'filled_amount'
  | 'average_price'
  | 'last_update_timestamp'
>;

/** All members are there, those without a value as `undefined`: equal summaries are deeply equal. */
export function orderSummaryOf(order: OrderSummary): OrderSummary {
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
