import { describe, expect, it } from 'vitest';
import { orangex } from '../../../lib/exchange/dialects/orangex.ts';
import { type Observation, orderIn, snapshotOf } from '../../../lib/snapshots/snapshot.ts';
import { statusOf } from '../../../lib/snapshots/watch.ts';
import { start } from './observations.ts';
import {
  emptyTableForEachTest,
  key,
  notFound,
  observed,
  requestTime,
  status,
  store,
  storedItems,
  table,
  writeWatch,
} from './store-fixture.ts';

emptyTableForEachTest();

it('recording a not-found reply of an order that was never seen writes nothing', async () => {
  expect(await store.recordNotFound(notFound(0))).toEqual({});
  expect(storedItems()).toMatchObject({ head: undefined, stored: undefined });
  expect(storedItems().notFoundReplies.size).toBe(0);
});

it.each([
  ['before', -1, 'watched', 0],
  ['at the time of', 0, 'watched', 0],
  ['after', 1, 'missing', 1],
] as const)(
  'recording a not-found reply that was requested %s the last observation (%d ms) leaves the order %s',
  async (_, requestedAfter, now, notFoundReplies) => {
    await store.record(observed());
    const { head, stored } = await store.recordNotFound(notFound(requestedAfter));
    expect(status()).toBe(now);
    expect(storedItems().notFoundReplies.size).toBe(notFoundReplies);
    expect(head).toEqual(snapshotOf(observed()));
    expect(stored).toEqual(storedItems().stored);
  },
);

it('recording a not-found reply is undone by the next observation, but stays in the audit entries', async () => {
  await store.record(observed());
  await store.recordNotFound(notFound(1_000));
  expect(status()).toBe('missing');
  await store.record(observed({ requestedAfter: 2_000 }));
  expect(status()).toBe('watched');
  expect(storedItems().notFoundReplies.size).toBe(1);
});

it('recording a not-found reply never changes the head or the history', async () => {
  await store.record(observed());
  const { head, snapshots } = storedItems();
  const before = { head, size: snapshots.size };
  for (const after of [1_000, 2_000, 3_000]) await store.recordNotFound(notFound(after));
  expect({ head: storedItems().head, size: storedItems().snapshots.size }).toEqual(before);
  expect(storedItems().stored?.watch.notFoundAt).toHaveLength(3);
  expect(status()).toBe('missing');
});

it('recording a not-found reply does not reopen a final order', async () => {
  await store.record(observed({ state: 'filled' }));
  const { head } = await store.recordNotFound(notFound(1_000));
  expect(head?.order.order_state).toBe('filled');
  expect(status()).toBe('final');
  expect(storedItems().notFoundReplies.size).toBe(0);
});

it('recording a not-found reply first raises the head to the newest snapshot, which a crash had kept from it', async () => {
  await store.record(observed());
  const filled = snapshotOf(observed({ state: 'filled', updatedAfter: 1, requestedAfter: 500 }));
  await writeWatch({ announcedRank: filled.rank });
  await table.putSnapshot(filled);
  expect(status()).toBe('watched');
  const { head } = await store.recordNotFound(notFound(1_000));
  expect(head).toEqual(filled);
  expect(storedItems().head).toEqual(filled);
  expect(status()).toBe('final');
  expect(storedItems().notFoundReplies.size).toBe(0);
});

it('recording a not-found reply counts for an order that is watched and was never seen, which then is not missing', async () => {
  await writeWatch({});
  expect(status()).toBe('unconfirmed');
  const { head, stored } = await store.recordNotFound(notFound(1_000));
  expect(head).toBeUndefined();
  expect(stored?.watch.notFoundAt).toEqual([requestTime + 1_000]);
  expect(status()).toBe('unconfirmed');
  expect(storedItems().notFoundReplies.size).toBe(1);
});

it('recording a not-found reply does not count for an order whose watch was stopped', async () => {
  await store.record(observed());
  await writeWatch({ operator: { at: start, by: 'anna', stopped: true } });
  await store.recordNotFound(notFound(1_000));
  expect(status()).toBe('stopped');
  expect(storedItems().notFoundReplies.size).toBe(0);
});

it('recording a not-found reply uses the watch that the caller has read, and joins what was written since', async () => {
  await store.record(observed());
  const known = await table.readCurrent(key);
  await store.record(observed({ requestedAfter: 5_000 }));
  await store.recordNotFound(notFound(3_000), known);
  expect(status()).toBe('watched');
  expect(storedItems().stored?.watch.notFoundAt).toEqual([]);
});

describe('lists and histories', () => {
  const unlisted = (at: number) => store.markUnlisted(key, start + at);

  it('recording what lists and histories say about an order covers the order with the row that a list holds, and says that the list started its watch', async () => {
    const {
      stored: { watch },
    } = await store.record({ ...observed(), listedAt: start + 9 });
    expect(watch).toMatchObject({ startedBy: 'list', listed: { at: start + 9, present: true } });
    expect(watch.applied?.summary).toMatchObject({ order_state: 'open', price: '855.10', direction: 'buy' });
  });

  it('recording what lists and histories say about an order marks an order that vanished from a list, without touching its head, and closes nothing', async () => {
    await store.record({ ...observed(), listedAt: start });
    const { head } = await store.read(key);
    const marked = await unlisted(60_000);
    expect(marked?.watch.listed).toEqual({ at: start + 60_000, present: false });
    expect(await unlisted(60_000)).toEqual(marked);
    expect(await store.read(key)).toEqual({ head, stored: marked });
    expect(status()).toBe('watched');
  });

  it('recording what lists and histories say about an order writes a mark without a read where the caller knows the watch, and reads again where another writer was faster', async () => {
    await store.record(observed());
    const { stored: stale } = storedItems();
    await unlisted(1_000);
    const marked = await store.markUnlisted(key, start + 2_000, stale);
    expect(marked?.watch.listed).toEqual({ at: start + 2_000, present: false });
  });

  it('recording what lists and histories say about an order stores a search of the histories beside the order, until the order is seen again', async () => {
    await store.record(observed());
    const lookup = { ...key, at: start + 60_000, requestId: 'l', observedBy: 'check-open-orders', attempts: [] };
    expect((await store.recordLookup(lookup))?.watch.lookedUpAt).toEqual([start + 60_000]);
    expect([...table.inspect(key).lookups.values()]).toEqual([lookup]);
    const {
      stored: { watch },
    } = await store.record(observed({ requestedAfter: 90_000 }));
    expect(watch.lookedUpAt).toBeUndefined();
  });

  it('recording what lists and histories say about an order writes no watch for an order that nobody watches', async () => {
    expect(await unlisted(0)).toBeUndefined();
    expect(await store.recordFailedCheck({ ...key, requestedAt: start, own: true })).toBeUndefined();
    expect((await store.read(key)).stored).toBeUndefined();
  });
});

describe('linked orders', () => {
  const announcing = (): Observation => {
    const { result, ...observation } = observed();
    const linked = result.replace('{', '{"oto_order_ids":["CHILD-1","CHILD-2"],');
    return { ...observation, result: linked, order: orderIn(linked, orangex) };
  };
  const statusOfChild = (orderId: string) => {
    const { stored } = table.inspect({ account: 'main', orderId });
    return stored === undefined ? 'none' : statusOf(stored.watch);
  };

  it('recording an order that names linked orders puts the linked orders on watch, and changes nothing that is known about them', async () => {
    await store.record({ ...observed({ state: 'filled' }), orderId: 'CHILD-2' });
    await store.record(announcing());
    expect([statusOfChild('CHILD-1'), statusOfChild('CHILD-2')]).toEqual(['unconfirmed', 'final']);
  });

  it('recording the end of an order ends none of its linked orders', async () => {
    await store.record(announcing());
    await store.record(observed({ state: 'canceled', updatedAfter: 1, requestedAfter: 10_000 }));
    expect([statusOfChild('CHILD-1'), statusOfChild('CHILD-2')]).toEqual(['unconfirmed', 'unconfirmed']);
  });
});
