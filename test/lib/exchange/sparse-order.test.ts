import { describe, expect, it } from 'vitest';
import { csvHeading, csvLine } from '../../../cdk/ops/csv.ts';
import { rowOf } from '../../../cdk/ops/snapshot-row.ts';
import { Order } from '../../../lib/api/responses.ts';
import { orangex } from '../../../lib/exchange/dialects/orangex.ts';
import { writeJson } from '../../../lib/exchange/json.ts';
import { headItem } from '../../../lib/snapshots/items.ts';
import { readSnapshot } from '../../../lib/snapshots/read-items.ts';
import { orderIn, snapshotOf } from '../../../lib/snapshots/snapshot.ts';
import { stateChange } from '../../../lib/transitions/events.ts';
import { OrderStateChanged } from '../../../lib/transitions/schemas.ts';
import { createTransitionLines } from '../../start/transitions.ts';
import { observationOf, opened } from '../snapshots/observations.ts';

describe('a sparse order', () => {
  const key = { account: 'main', orderId: '7' };
  const result = '{"order_id":7,"order_state":"open","last_update_timestamp":1597129894026,"price":"market"}';
  const order = orderIn(result, orangex);
  const snapshot = snapshotOf({ ...observationOf(key, opened), dialect: orangex, result, order });

  it('an order with nothing but an id, a state, a time and an invalid price can be stored and read back', () => {
    const item = headItem(snapshot);
    expect(item).not.toHaveProperty('instrument_name');
    expect(readSnapshot(item)).toEqual(snapshot);
  });

  it('an order with nothing but an id, a state, a time and an invalid price passes the response schema, with the price as it was written among the details', () => {
    expect(Order.parse(JSON.parse(writeJson(order)))).toEqual({
      order_id: '7',
      order_state: 'open',
      last_update_timestamp: 1597129894026,
      details: { price: 'market' },
    });
  });

  it('an order with nothing but an id, a state, a time and an invalid price can be published as an event and printed on a terminal', () => {
    const event = stateChange(undefined, snapshot);
    const detail = writeJson(event?.detail);
    expect(OrderStateChanged.parse(JSON.parse(detail)).to).toEqual(order);
    const line = createTransitionLines()({ detailType: 'OrderStateChanged', detail }, Date.now(), 110);
    expect(line).toMatch(/ 7 .* - .* open: \? \? at \?$/);
  });

  it('an order with nothing but an id, a state, a time and an invalid price is a line of CSV with empty cells', () => {
    const cells = csvLine(rowOf(snapshot)).split(',');
    const at = (column: string) => cells[csvHeading.trim().split(',').indexOf(column)];
    expect([at('order_id'), at('order_state'), at('price'), at('direction')]).toEqual(['7', 'open', '', '']);
  });
});
