/** The result in the specification's example, member by member as it stands there. */
export const seedResult: Readonly<Record<string, string>> = {
  amount: '"1"',
  price: '"855"',
  direction: '"buy"',
  version: '1',
  order_state: '"canceled"',
  instrument_name: '"BTC-14AUG20-11000-C"',
  time_in_force: '"good_til_cancelled"',
  last_update_timestamp: '1597129894026',
  filled_amount: '"0"',
  average_price: '"0"',
  order_id: '"39004881276768256"',
  creation_timestamp: '1597129894025',
  order_type: '"limit"',
};
