import { describe, expect, it } from 'vitest';
import type { Item } from '../../../lib/dynamo.ts';
import { orangex } from '../../../lib/exchange/dialects/orangex.ts';
import { writeJson } from '../../../lib/exchange/json.ts';
import { headItem, snapshotItem, watchItem } from '../../../lib/snapshots/items.ts';
import { orderIn, type Snapshot, snapshotOf } from '../../../lib/snapshots/snapshot.ts';
import { join } from '../../../lib/snapshots/watch.ts';
import { type TransitionEvent, transitionOf } from '../../../lib/transitions/events.ts';
import { OrderStateChanged } from '../../../lib/transitions/schemas.ts';
import { imagesOf } from '../../../lib/transitions/stream.ts';
import { seedId } from '../../emulator/exchange/seed-order.ts';
import { observationOf, opened, type ReplyFields, start } from '../snapshots/observations.ts';
import { policy } from '../snapshots/table-contract.ts';
import { streamRecord } from './stream-records.ts';

const key = { account: 'main', orderId: seedId };
const requested: ReplyFields = { ...opened, label: 'a' };

function snapshot(reply: Partial<ReplyFields> = {}): Snapshot {
  return snapshotOf(observationOf(key, { ...requested, ...reply }));
}

function eventOf(before: Item | undefined, after: Item | undefined): TransitionEvent | undefined {
  return transitionOf(imagesOf(streamRecord(before, after)));
}

function headEvent(before: Snapshot | undefined, after: Snapshot): OrderStateChanged {
  const event = eventOf(before && headItem(before), headItem(after));
  return OrderStateChanged.parse(JSON.parse(writeJson(event?.detail)));
}

it('the event of a head goes from nothing to a state when the order is first seen', () => {
  const first = snapshot();
  expect(headEvent(undefined, first)).toEqual({
    schema: 1,
    id: `main#${seedId}#${first.rank}`,
    account: 'main',
    order_id: seedId,
    rank: first.rank,
    from: null,
    to: {
      order_state: 'open',
      amount: '10',
      instrument_name: 'BTC-PERPETUAL',
      price: '855.10',
      time_in_force: 'good_til_cancelled',
      last_update_timestamp: start,
      filled_amount: '0',
      order_id: seedId,
      creation_timestamp: start,
      direction: 'buy',
      order_type: 'limit',
      version: 1,
      details: { custom_order_id: 'a', rpl: '0' },
    },
    final: false,
    first_observed_at: '2026-01-01T00:00:10.050Z',
  });
});

it('the event of a head goes from the state before to the state after, when the rank rose', () => {
  const before = snapshot();
  const after = { ...snapshot({ state: 'filled', filled: '10', updatedAfter: 5_000 }), exchangeTime: start + 9_000 };
  const event = headEvent(before, after);
  const { details: _, ...fields } = before.order;
  expect(event.from).toEqual({ rank: before.rank, ...fields });
  expect(event.to.order_state).toBe('filled');
  expect(event.final).toBe(true);
  expect(event.exchange_time).toBe('2026-01-01T00:00:09.000Z');
  expect(event).not.toHaveProperty('successor_unknown');
});

it('the event of a head says that the successor of a triggered order is unknown', () => {
  expect(headEvent(snapshot(), snapshot({ state: 'triggered', updatedAfter: 1 }))).toMatchObject({
    final: true,
    successor_unknown: true,
  });
});

it('the event of a head does not exist when only the provenance became earlier, when the head is removed, and for what is neither head nor watch', () => {
  const late = snapshot({ requestedAfter: 900 });
  expect(eventOf(headItem(late), headItem(snapshot()))).toBeUndefined();
  expect(eventOf(headItem(late), undefined)).toBeUndefined();
  expect(eventOf(undefined, snapshotItem(late))).toBeUndefined();
});

it('the event of a head has details whose digits a double would change as strings, and the others unchanged', () => {
  const result = `{"order_id":1,"order_state":"open","price":1,"instrument_name":"i","time_in_force":"t",
      "direction":"buy","order_type":"limit","creation_timestamp":${start},"last_update_timestamp":${start},
      "profit":1.10,"ids":[39004881276768257,{"huge":123456789012345678901,"small":-7}],"none":null,"post_only":true}`;
  const exact = snapshotOf({
    ...observationOf(key, requested),
    dialect: orangex,
    result,
    order: orderIn(result, orangex),
  });
  const event = eventOf(undefined, headItem(exact));
  expect(writeJson(event?.name === 'OrderStateChanged' && event.detail.to.details)).toBe(
    '{"profit":1.10,"ids":["39004881276768257",{"huge":"123456789012345678901","small":-7}],"none":null,"post_only":true}',
  );
});

describe('unreadable records', () => {
  const good = headItem(snapshot());
  const watch = watchItem(key, { watch: join(undefined, { openedAt: start }), revision: 1 }, policy);
  it.each<[string, Item]>([
    ['has no sort key', { pk: { S: 'main#1' } }],
    ['is of another schema', { ...good, schema: { N: '9' } }],
    ['holds a result that is not an order', { ...good, result: { S: '{}' } }],
    ['holds a set', { ...good, order_state: { SS: ['open'] } }],
    ['is a watch of nobody', { ...watch, account: { N: '1' } }],
  ])('a stream record that cannot be read is reported as corrupt because it %s', (_, image) => {
    expect(() => eventOf(undefined, image)).toThrow(expect.objectContaining({ code: 'store_corrupt' }));
  });
});
