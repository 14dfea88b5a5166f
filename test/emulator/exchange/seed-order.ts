import type { Placement } from './orders.ts';

export const seedId = '39004881276768256';

/** The fields of the order that the specification of `private/get_order_state` prints as its example. */
export const seedFields = {
  amount: '1',
  price: '855',
  direction: 'buy',
  version: 1,
  order_state: 'canceled',
  instrument_name: 'BTC-14AUG20-11000-C',
  time_in_force: 'good_til_cancelled',
  last_update_timestamp: 1597129894026,
  filled_amount: '0',
  average_price: '0',
  order_id: seedId,
  creation_timestamp: 1597129894025,
  order_type: 'limit',
} as const;

/**
 * That order, with the times of the response around it. It lives in every exchange from the start, is never forgotten by
 * age, and has only the specification's fields.
 */
export const seedOrder: Placement & { readonly order_id: string } = {
  ...seedFields,
  kept: true,
  times: { in: 1597130045270, out: 1597130046950 },
};

/** The example's `result` with other members: each value is JSON text, and an empty one leaves its member out. */
export function seedResultWith(members: Readonly<Record<string, string>>): string {
  const texts = Object.entries(seedFields).map(([name, value]) => [name, JSON.stringify(value)] as const);
  const all = Object.entries({ ...Object.fromEntries(texts), ...members }).filter(([, text]) => text !== '');
  return `{${all.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join()}}`;
}

/** The specification's example of a response, without its line breaks and indentation. */
export const seedReply =
  '{"id":"248","jsonrpc":"2.0","usIn":1597130045270,"usOut":1597130046950,"usDiff":1680,"result":{"amount":"1",' +
  '"price":"855","direction":"buy","version":1,"order_state":"canceled","instrument_name":"BTC-14AUG20-11000-C",' +
  '"time_in_force":"good_til_cancelled","last_update_timestamp":1597129894026,"filled_amount":"0","average_price":"0",' +
  '"order_id":"39004881276768256","creation_timestamp":1597129894025,"order_type":"limit"}}';
