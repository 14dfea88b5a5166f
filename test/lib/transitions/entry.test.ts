import { describe, expect, it } from 'vitest';
import { orangex } from '../../../lib/exchange/dialects/orangex.ts';
import { orderIn, snapshotOf } from '../../../lib/snapshots/snapshot.ts';
import { batchesOf, bytesOf, entryOf, maxBytes } from '../../../lib/transitions/entry.ts';
import { stateChange, type TransitionEvent } from '../../../lib/transitions/events.ts';
import { OrderStateChanged } from '../../../lib/transitions/schemas.ts';
import { start } from '../snapshots/observations.ts';

/** The event of an order whose `custom_order_id` and `instrument_name` are so long. */
function eventWith(customLength: number, nameLength = 1): TransitionEvent {
  const result = `{"order_id":1,"order_state":"open","price":1,"instrument_name":"${'€'.repeat(nameLength)}",
    "time_in_force":"t","direction":"buy","order_type":"limit","creation_timestamp":${start},
    "last_update_timestamp":${start},"custom_order_id":"${'x'.repeat(customLength)}"}`;
  const provenance = {
    requestedAt: start,
    firstObservedAt: start,
    requestId: 'r',
    observedBy: 'get-order',
    keyVersion: 'v',
  };
  const order = orderIn(result, orangex);
  const event = stateChange(
    undefined,
    snapshotOf({ account: 'main', orderId: '1', dialect: orangex, result, order, provenance }),
  );
  if (event === undefined) throw new Error('no event');
  return event;
}

function detailOf(entry: { Detail?: string | undefined }): OrderStateChanged {
  return OrderStateChanged.parse(JSON.parse(entry.Detail ?? ''));
}

it('the bus entry of an event has source, type, time and detail', () => {
  const entry = entryOf(eventWith(3), 'bus');
  expect(entry).toMatchObject({
    EventBusName: 'bus',
    Source: 'order-state-snapshots',
    DetailType: 'OrderStateChanged',
    Time: new Date(start),
  });
  expect(detailOf(entry).to.details).toEqual({ custom_order_id: 'xxx' });
});

it('the bus entry of an event has the details up to 256 KB, and says so when it leaves them out', () => {
  const spare = maxBytes - bytesOf(entryOf(eventWith(0), 'bus'));
  const full = entryOf(eventWith(spare), 'bus');
  expect(bytesOf(full)).toBe(maxBytes);
  expect(detailOf(full)).not.toHaveProperty('details_omitted');

  const over = detailOf(entryOf(eventWith(spare + 1), 'bus'));
  expect(over.details_omitted).toBe(true);
  expect(over.to).not.toHaveProperty('details');
  expect(over.to.order_state).toBe('open');
});

it('the bus entry of an event counts bytes, not characters', () => {
  expect(bytesOf(entryOf(eventWith(0, 101), 'bus')) - bytesOf(entryOf(eventWith(0, 1), 'bus'))).toBe(300);
});

describe('batches', () => {
  const small = entryOf(eventWith(0), 'bus');

  it('no entries make no batch', () => {
    expect(batchesOf([])).toEqual([]);
  });

  it('the batches of bus entries have at most ten entries, in their order', () => {
    const entries = Array.from({ length: 21 }, (_, i) => ({ ...small, DetailType: String(i) }));
    expect(batchesOf(entries).map((batch) => batch.length)).toEqual([10, 10, 1]);
    expect(batchesOf(entries).flat()).toEqual(entries);
  });

  it('the batches of bus entries have at most 256 KB, unless a single entry is larger', () => {
    const half = entryOf(eventWith(maxBytes / 2), 'bus');
    const huge = { ...small, Detail: 'x'.repeat(maxBytes + 1) };
    expect(bytesOf(huge)).toBeGreaterThan(maxBytes);
    expect(batchesOf([small, half, half, huge, small]).map((batch) => batch.length)).toEqual([2, 1, 1, 1]);
  });
});
