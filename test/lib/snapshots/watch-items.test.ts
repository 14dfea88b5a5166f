import { expect, it } from 'vitest';
import type { Item } from '../../../lib/dynamo.ts';
import { watchItem } from '../../../lib/snapshots/items.ts';
import { readIndexedOrder, readWatch } from '../../../lib/snapshots/read-items.ts';
import { type Snapshot, snapshotOf } from '../../../lib/snapshots/snapshot.ts';
import { join, type Watch, type WatchDelta } from '../../../lib/snapshots/watch.ts';
import { key, refusal, reply, snapshot, without } from './item-examples.ts';
import { observationOf, start } from './observations.ts';
import { policy } from './table-contract.ts';

const final: Snapshot = snapshotOf(observationOf(key, { ...reply, state: 'filled', updatedAfter: 2 }));

const watched: WatchDelta = {
  openedAt: start,
  announcedRank: snapshot.rank,
  applied: { rank: snapshot.rank, at: start + 5 },
  observations: [{ requestedAt: start + 100, rank: snapshot.rank }],
};

const stopped: WatchDelta = { ...watched, operator: { at: start, by: 'anna', stopped: true } };
const missing: WatchDelta = { ...watched, notFoundAt: [start + 200] };

const closed: WatchDelta = {
  openedAt: start,
  announcedRank: final.rank,
  applied: { rank: final.rank, at: start },
  observations: [],
};

it.each<[string, WatchDelta]>([
  ['was only opened', { openedAt: start }],
  ['is watched', watched],
  ['is missing', missing],
  ['was stopped by a person', stopped],
  ['is final', closed],
])('the item of a watch that %s is read back as it was', (_, delta) => {
  const watch: Watch = join(undefined, delta);
  expect(readWatch(watchItem(key, { watch, revision: 7 }, policy))).toEqual({ watch, revision: 7 });
});

it.each<[string, WatchDelta, string | undefined, number | undefined]>([
  ['unconfirmed', { openedAt: start }, 'main#live', start],
  ['watched', watched, 'main#live', start + 100 + policy.minMs],
  ['missing', missing, 'main#attention', start + 200 + policy.minMs],
  ['unconfirmed', { openedAt: start, notFoundAt: [start + 9] }, 'main#live', start + 9 + policy.minMs],
  // Five checks, some minutes' worth, did not find it, or were refused.
  [
    'unconfirmed',
    { openedAt: start, failedAt: [1, 2, 3, 4].map((n) => start + n) },
    'main#live',
    start + 4 + 8 * policy.minMs,
  ],
  [
    'unconfirmed',
    { openedAt: start, failedAt: [1, 2, 3, 4, 5].map((n) => start + n) },
    'main#attention',
    start + 5 + Math.min(16 * policy.minMs, policy.maxMs),
  ],
  ['final', closed, 'main#final', start + 2],
  ['stopped', stopped, undefined, undefined],
  // An operator may stop the watch of an order that was never seen, and start it again.
  ['stopped', { openedAt: start, operator: { at: start, by: 'anna', stopped: true } }, undefined, undefined],
])('the item of a watch that is %s is listed accordingly', (status, delta, list, at) => {
  const item = watchItem(key, { watch: join(undefined, delta), revision: 1 }, policy);
  expect(item['status']?.S).toBe(status);
  expect(item['list']?.S).toBe(list);
  expect(item['list_at']?.N).toBe(at === undefined ? undefined : String(at));
});

it.each(['1e400', '8640000000000001', '-1e300', 'NaN'])(
  'the item of a watch with a time of %s, which no date has, is refused',
  (time) => {
    const item = watchItem(key, { watch: join(undefined, watched), revision: 1 }, policy);
    expect(() => readWatch({ ...item, opened_at: { N: time } })).toThrow(
      expect.objectContaining({ code: 'store_corrupt' }),
    );
  },
);

it('the item of a watch is read from its list with its time in that list, and when the order was last seen or became known', () => {
  const listed = (delta: WatchDelta) =>
    readIndexedOrder(watchItem(key, { watch: join(undefined, delta), revision: 1 }, policy));
  const seenAt = start + 100;
  expect(listed(watched)).toEqual({
    ...key,
    status: 'watched',
    at: seenAt + policy.minMs,
    seenAt,
    failing: false,
    stored: { watch: join(undefined, watched), revision: 1 },
  });
  for (const failing of [{ failedAt: [start + 200] }, { attemptedAt: start + 200 }]) {
    expect(listed({ ...watched, ...failing })).toMatchObject({ failing: true });
  }
  expect(listed({ openedAt: start })).toEqual({
    ...key,
    status: 'unconfirmed',
    at: start,
    seenAt: start,
    failing: false,
    stored: { watch: join(undefined, { openedAt: start }), revision: 1 },
  });
});

it.each(['schema', 'account', 'order_id', 'status', 'list_at', 'opened_at'])(
  'the item of a watch that is listed without its %s is refused',
  async (name) => {
    const item = watchItem(key, { watch: join(undefined, watched), revision: 1 }, policy);
    const { code, message } = await refusal(() => readIndexedOrder(without(item, name)));
    expect(code).toBe('store_corrupt');
    expect(message).toContain(`see ${name}.`);
  },
);

it('the item of a watch has no recorded rank without its time', () => {
  const item = watchItem(key, { watch: join(undefined, watched), revision: 1 }, policy);
  expect(readWatch(without(item, 'applied_at')).watch).not.toHaveProperty('applied_rank');
});

it.each<[string, Item]>([
  ['schema.N', { schema: { N: '0' } }],
  ['revision.N', { revision: { S: 'spoiled-value' } }],
  ['opened_at.N', { opened_at: { BOOL: true } }],
  ['observations.L', { observations: { S: 'spoiled-value' } }],
  ['observations.L.0.M.requested_at', { observations: { L: [{ M: { rank: { S: 'spoiled-value' } } }] } }],
  ['not_found_at.L.0.N', { not_found_at: { L: [{ S: 'spoiled-value' }] } }],
  ['operator.M.stopped.BOOL', { operator: { M: { at: { N: '1' }, by: { S: 'a' }, stopped: { S: 'spoiled-value' } } } }],
])('the item of a watch with an invalid %s is refused, and its value is not quoted', async (name, spoiled) => {
  const item = watchItem(key, { watch: join(undefined, stopped), revision: 1 }, policy);
  const refused = await refusal(() => readWatch({ ...item, ...spoiled }));
  expect(refused.code).toBe('store_corrupt');
  expect(refused.message).toBe(`An item of the table has a shape that this version cannot read: see ${name}.`);
  expect(refused.printed).not.toContain('spoiled-value');
});

it.each(['schema', 'revision', 'opened_at', 'observations', 'not_found_at'])(
  'the item of a watch without its %s is refused',
  async (name) => {
    const item = watchItem(key, { watch: join(undefined, watched), revision: 1 }, policy);
    const { code, message } = await refusal(() => readWatch(without(item, name)));
    expect(code).toBe('store_corrupt');
    expect(message).toContain(`see ${name}.`);
  },
);
