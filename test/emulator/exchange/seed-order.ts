import type { Placement } from './orders.ts';

/**
 * The order that the specification of `private/get_order_state` prints as its example, with the times of the answer
 * around it. It lives in every exchange from the start, is never forgotten by age, and has only the specification's fields.
 */
export const seedOrder: Placement & { readonly order_id: string } = {
  order_id: '39004881276768256',
  order_state: 'canceled',
  instrument_name: 'BTC-14AUG20-11000-C',
  direction: 'buy',
  order_type: 'limit',
  time_in_force: 'good_til_cancelled',
  price: '855',
  amount: '1',
  filled_amount: '0',
  average_price: '0',
  version: 1,
  creation_timestamp: 1597129894025,
  last_update_timestamp: 1597129894026,
  kept: true,
  times: { in: 1597130045270, out: 1597130046950 },
};

/** The specification's example of an answer, without its line breaks and indentation. */
export const seedReply =
  '{"id":"248","jsonrpc":"2.0","usIn":1597130045270,"usOut":1597130046950,"usDiff":1680,"result":{"amount":"1",' +
  '"price":"855","direction":"buy","version":1,"order_state":"canceled","instrument_name":"BTC-14AUG20-11000-C",' +
  '"time_in_force":"good_til_cancelled","last_update_timestamp":1597129894026,"filled_amount":"0","average_price":"0",' +
  '"order_id":"39004881276768256","creation_timestamp":1597129894025,"order_type":"limit"}}';
