import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { orangex } from '../../../lib/exchange/dialects/orangex.ts';
import { createDynamoTable } from '../../../lib/snapshots/dynamo-table.ts';
import { type Observation, orderIn, snapshotOf } from '../../../lib/snapshots/snapshot.ts';
import { createSnapshotStore, type SnapshotStore } from '../../../lib/snapshots/store.ts';
import type { SnapshotTable } from '../../../lib/snapshots/table.ts';
import { join, statusOf, type WatchDelta } from '../../../lib/snapshots/watch.ts';
import { failureOf } from '../thrown.ts';
import { createMemoryTable, type MemoryTable } from './memory-table.ts';
import { observationOf, type ResponseOf, start } from './observations.ts';
import { policy } from './table-contract.ts';

const key = { account: 'main', orderId: 'ORDER-1' };
/** `observationOf` counts the request's time from here. */
const requestTime = start + 10_000;

function observed(answer: Partial<ResponseOf> = {}): Observation {
  const opened = { state: 'open', updatedAfter: 0, version: 1, filled: '0', label: '', rpl: '0' };
  return observationOf(key, { ...opened, requestedAfter: 0, took: 50, request: 1, ...answer });
}

let table: MemoryTable;
let store: SnapshotStore;
beforeEach(() => {
  table = createMemoryTable(() => policy);
  store = createSnapshotStore(table);
});

const notFound = (requestedAfter: number) => ({
  ...key,
  requestedAt: requestTime + requestedAfter,
  requestId: 'm',
  observedBy: 'check-open-orders',
});
const kept = () => table.inspect(key);
const history = () => [...kept().snapshots.values()].map(({ order }) => order.order_state);

function status(): string {
  const { stored } = kept();
  return stored === undefined ? 'none' : statusOf(stored.watch);
}

/** A watch command, or what a crashed writer left: joined in without the store. */
async function writeWatch(delta: Partial<WatchDelta>): Promise<void> {
  const { stored } = kept();
  await table.putWatch(key, join(stored?.watch, { openedAt: start, ...delta }), stored?.revision ?? 0);
}

/** The table, and the requests that it gets, by name. */
function countingTable(): { readonly counting: SnapshotTable; readonly requests: readonly string[] } {
  const requests: string[] = [];
  const counted =
    <Args extends readonly unknown[], Result>(name: string, request: (...args: Args) => Result) =>
    (...args: Args): Result => {
      requests.push(name);
      return request(...args);
    };
  const counting = {
    ...table,
    readCurrent: counted('readCurrent', table.readCurrent),
    newestSnapshot: counted('newestSnapshot', table.newestSnapshot),
    putSnapshot: counted('putSnapshot', table.putSnapshot),
    putHead: counted('putHead', table.putHead),
    putWatch: counted('putWatch', table.putWatch),
  };
  return { counting, requests };
}

describe('recording an answer', () => {
  it('writes snapshot, head and watch of an order seen for the first time', async () => {
    const applied = await store.record(observed());
    expect(applied).toMatchObject({ changed: true, inForce: true });
    expect(applied.head).toEqual(snapshotOf(observed()));
    expect(history()).toEqual(['open']);
    expect(kept().head).toEqual(applied.head);
    expect(kept().stored?.watch).toEqual(applied.stored.watch);
    expect(status()).toBe('watched');
  });

  it('writes nothing but the watch when nothing changed', async () => {
    await store.record(observed());
    const known = await table.readCurrent(key);
    const { counting, requests } = countingTable();
    const again = await createSnapshotStore(counting).record(observed({ requestedAfter: 1_000, rpl: '1.5' }), known);
    expect(again).toMatchObject({ changed: false, inForce: true });
    expect(requests).toEqual(['putWatch']);
    expect(again.stored.watch.observations[0]?.requestedAt).toBe(requestTime + 1_000);
  });

  describe('with a watch that is known already', () => {
    it('writes it once, and reads nothing, when nothing changed', async () => {
      const { stored } = await store.record(observed());
      const { counting, requests } = countingTable();
      const again = await createSnapshotStore(counting).confirm(
        observed({ requestedAfter: 1_000, rpl: '1.5' }),
        stored,
      );
      expect(requests).toEqual(['putWatch']);
      expect(again).toMatchObject({ changed: false, inForce: true });
      expect(again.head.provenance.firstObservedAt).toBe(kept().head?.provenance.firstObservedAt);
      expect(again.stored).toEqual(kept().stored);
      expect(again.stored.watch.observations[0]?.requestedAt).toBe(requestTime + 1_000);
    });

    it('writes a new state as always, and reads nothing', async () => {
      const { stored } = await store.record(observed());
      const { counting, requests } = countingTable();
      const next = await createSnapshotStore(counting).confirm(
        observed({ updatedAfter: 1, filled: '1', requestedAfter: 1_000 }),
        stored,
      );
      expect(requests).toEqual(['putWatch', 'putSnapshot', 'putHead', 'putWatch']);
      expect(next).toMatchObject({ changed: true, inForce: true });
      expect(kept().snapshots.size).toBe(2);
      expect(kept().head).toEqual(next.head);
      expect(kept().stored).toEqual(next.stored);
    });

    it('reports no change when another writer, whose clock is ahead, had found the new state before', async () => {
      const { stored } = await store.record(observed());
      await store.record(observed({ updatedAfter: 1, filled: '1', requestedAfter: 1_000 }));
      const again = observed({ updatedAfter: 1, filled: '1', requestedAfter: 900, request: 2 });
      expect(await store.confirm(again, stored)).toMatchObject({ changed: false, inForce: true });
      expect(kept().head?.provenance.requestedAt).toBe(requestTime + 900);
      expect(kept().snapshots.size).toBe(2);
    });

    it('believes nothing that its answer is too old to prove', async () => {
      await store.record(observed({ requestedAfter: 20_000 }));
      const { stored } = await store.record(observed({ requestedAfter: 30_000 }));
      const newer = await store.record(observed({ updatedAfter: 1, filled: '1', requestedAfter: 40_000 }));
      // It adds nothing to the watch, so no write shows that others have written.
      const late = observed({ requestedAfter: 10_000, took: 15_000 });
      expect(await store.confirm(late, stored)).toMatchObject({ changed: false, inForce: false, head: newer.head });
    });

    it('answers with the head of another writer, if there is a newer one by now', async () => {
      const { stored } = await store.record(observed());
      const newer = await store.record(observed({ updatedAfter: 1, filled: '1', requestedAfter: 1_000 }));
      const late = await store.confirm(observed({ requestedAfter: 900, request: 2 }), stored);
      expect(late).toMatchObject({ changed: false, inForce: false, head: newer.head });
      expect(kept().stored?.watch.observations).toHaveLength(2);
    });

    it('takes over earlier evidence, and finishes what another writer has only announced', async () => {
      const { stored } = await store.record(observed({ requestedAfter: 1_000 }));
      await store.confirm(observed({ requestedAfter: 500 }), stored);
      expect(kept().head?.provenance.firstObservedAt).toBe(requestTime + 550);
      const announced = { ...stored.watch, applied: undefined };
      await store.confirm(observed({ requestedAfter: 2_000 }), { ...stored, watch: announced });
      expect(status()).toBe('watched');
      expect(kept().stored?.watch.observations[0]?.requestedAt).toBe(requestTime + 2_000);
    });
  });

  it('keeps a late answer in the history, and answers with the head', async () => {
    await store.record(observed({ updatedAfter: 2, filled: '1', requestedAfter: 100 }));
    const late = await store.record(observed({ updatedAfter: 1, requestedAfter: 50 }));
    expect(late).toMatchObject({ changed: false, inForce: false });
    expect(late.head.order.filled_amount).toBe('1');
    expect(kept().snapshots.size).toBe(2);
    expect(kept().head?.order.filled_amount).toBe('1');
  });

  it('answers with the head of another writer that came after the read', async () => {
    await store.record(observed());
    const read = await store.read(key);
    const newer = await store.record(observed({ updatedAfter: 1, filled: '1', requestedAfter: 1_000 }));
    const late = await store.record(observed({ requestedAfter: 900, request: 2 }), read);
    expect(late).toMatchObject({ changed: false, inForce: false, head: newer.head });
  });

  it('finishes what a writer left that crashed between snapshot and head', async () => {
    const snapshot = snapshotOf(observed());
    await writeWatch({ announcedRank: snapshot.rank });
    await table.putSnapshot(snapshot);
    const next = await store.record(observed({ requestedAfter: 1_000 }));
    expect(next).toMatchObject({ changed: true, inForce: true });
    // The crashed writer saw it first.
    expect(kept().head).toEqual(snapshot);
    expect(kept().snapshots.size).toBe(1);
  });

  it('is no change for a second writer of the same state', async () => {
    await store.record(observed());
    // It had read the table before the first one wrote.
    const second = await store.record(observed({ requestedAfter: 10, request: 2 }), {});
    expect(second).toMatchObject({ changed: false, inForce: true });
    expect(second.head.provenance.requestedAt).toBe(requestTime);
    expect(kept().snapshots.size).toBe(1);
  });

  it('takes over the earlier evidence of a state, without a change', async () => {
    await store.record(observed({ requestedAfter: 1_000 }));
    const earlier = await store.record(observed({ requestedAfter: 500 }));
    expect(earlier).toMatchObject({ changed: false, inForce: true });
    expect(kept().head?.provenance.firstObservedAt).toBe(requestTime + 550);
    expect(kept().snapshots.size).toBe(1);
  });

  it('shows its own state where the table shows it none, and writes the watch before anything else', async () => {
    const blind: SnapshotTable = {
      ...table,
      putSnapshot: async () => false,
      putHead: async () => false,
      newestSnapshot: async () => undefined,
      readCurrent: async () => ({}),
    };
    const applied = await createSnapshotStore(blind).record(observed());
    expect(applied).toMatchObject({ changed: false, inForce: true });
    expect(applied.head).toEqual(snapshotOf(observed()));
  });

  it('joins into what another writer put between', async () => {
    await store.record(observed());
    const known = await table.readCurrent(key);
    await writeWatch({ operator: { at: start, by: 'anna', stopped: false } });
    const applied = await store.record(observed({ requestedAfter: 1_000 }), known);
    expect(applied.stored.watch.operator?.by).toBe('anna');
    expect(applied.stored.watch.observations).toHaveLength(2);
  });

  it('gives up after sixteen lost revisions, before anything but the watch was tried', async () => {
    let tries = 0;
    const contended: SnapshotTable = {
      ...table,
      putWatch: async () => {
        tries++;
        return false;
      },
    };
    const failure = await failureOf(createSnapshotStore(contended).record(observed()));
    expect(failure.code).toBe('store_conflict');
    expect(tries).toBe(16);
    expect(kept().snapshots.size).toBe(0);
    expect(kept().head).toBeUndefined();
  });

  it('closes the watch of a final order, and opens it again for a state that ranks higher', async () => {
    await store.record(observed({ state: 'canceled', updatedAfter: 1 }));
    expect(status()).toBe('final');
    const reopened = await store.record(observed({ state: 'open', updatedAfter: 2, requestedAfter: 1_000 }));
    expect(reopened).toMatchObject({ changed: true, inForce: true });
    expect(status()).toBe('watched');
    expect(history().toSorted()).toEqual(['canceled', 'open']);
  });

  it('does not reopen a final order for a late answer', async () => {
    await store.record(observed({ state: 'canceled', updatedAfter: 1 }));
    const late = await store.record(observed({ updatedAfter: 0, requestedAfter: -100 }));
    expect(late.inForce).toBe(false);
    expect(status()).toBe('final');
  });

  it('flags two answers in a row that contradict the head', async () => {
    await store.record(observed({ state: 'canceled', updatedAfter: 1 }));
    await store.record(observed({ requestedAfter: 20_000 }));
    expect(status()).toBe('final');
    await store.record(observed({ requestedAfter: 30_000 }));
    expect(status()).toBe('inconsistent');
    await store.record(observed({ state: 'canceled', updatedAfter: 1, requestedAfter: 40_000 }));
    expect(status()).toBe('final');
  });

  it('leaves an order unwatched whose watch was stopped, until a command starts it again', async () => {
    await store.record(observed());
    await writeWatch({ operator: { at: start, by: 'anna', stopped: true } });
    await store.record(observed({ updatedAfter: 1, filled: '1', requestedAfter: 1_000 }));
    expect(status()).toBe('stopped');
    expect(kept().snapshots.size).toBe(2);
    await writeWatch({ operator: { at: start + 1, by: 'ben', stopped: false } });
    expect(status()).toBe('watched');
  });
});

describe('recording a miss', () => {
  it('of an order that was never seen writes nothing', async () => {
    expect(await store.recordNotFound(notFound(0))).toEqual({});
    expect(kept()).toMatchObject({ head: undefined, stored: undefined });
    expect(kept().notFoundAnswers.size).toBe(0);
  });

  it.each([
    ['before', -1, 'watched', 0],
    ['at the time of', 0, 'watched', 0],
    ['after', 1, 'missing', 1],
  ] as const)(
    'requested %s the last observation counts accordingly',
    async (_, requestedAfter, now, notFoundAnswers) => {
      await store.record(observed());
      const { head, stored } = await store.recordNotFound(notFound(requestedAfter));
      expect(status()).toBe(now);
      expect(kept().notFoundAnswers.size).toBe(notFoundAnswers);
      expect(head).toEqual(snapshotOf(observed()));
      expect(stored).toEqual(kept().stored);
    },
  );

  it('is cleared by the next observation, and stays in the audit entries', async () => {
    await store.record(observed());
    await store.recordNotFound(notFound(1_000));
    expect(status()).toBe('missing');
    await store.record(observed({ requestedAfter: 2_000 }));
    expect(status()).toBe('watched');
    expect(kept().notFoundAnswers.size).toBe(1);
  });

  it('never changes the head or the history', async () => {
    await store.record(observed());
    const { head, snapshots } = kept();
    const before = { head, size: snapshots.size };
    for (const after of [1_000, 2_000, 3_000]) await store.recordNotFound(notFound(after));
    expect({ head: kept().head, size: kept().snapshots.size }).toEqual(before);
    expect(kept().stored?.watch.notFoundAt).toHaveLength(3);
    expect(status()).toBe('missing');
  });

  it('does not reopen a final order', async () => {
    await store.record(observed({ state: 'filled' }));
    const { head } = await store.recordNotFound(notFound(1_000));
    expect(head?.order.order_state).toBe('filled');
    expect(status()).toBe('final');
    expect(kept().notFoundAnswers.size).toBe(0);
  });

  it('first raises the head to the newest snapshot, which a crash had kept from it', async () => {
    await store.record(observed());
    const filled = snapshotOf(observed({ state: 'filled', updatedAfter: 1, requestedAfter: 500 }));
    await writeWatch({ announcedRank: filled.rank });
    await table.putSnapshot(filled);
    expect(status()).toBe('watched');
    const { head } = await store.recordNotFound(notFound(1_000));
    expect(head).toEqual(filled);
    expect(kept().head).toEqual(filled);
    expect(status()).toBe('final');
    expect(kept().notFoundAnswers.size).toBe(0);
  });

  it('counts for an id that is watched and was never seen, which then is not missing', async () => {
    await writeWatch({});
    expect(status()).toBe('unconfirmed');
    const { head, stored } = await store.recordNotFound(notFound(1_000));
    expect(head).toBeUndefined();
    expect(stored?.watch.notFoundAt).toEqual([requestTime + 1_000]);
    expect(status()).toBe('unconfirmed');
    expect(kept().notFoundAnswers.size).toBe(1);
  });

  it('does not count for an order whose watch was stopped', async () => {
    await store.record(observed());
    await writeWatch({ operator: { at: start, by: 'anna', stopped: true } });
    await store.recordNotFound(notFound(1_000));
    expect(status()).toBe('stopped');
    expect(kept().notFoundAnswers.size).toBe(0);
  });

  it('uses what the caller has read, and joins into what was written since', async () => {
    await store.record(observed());
    const known = await table.readCurrent(key);
    await store.record(observed({ requestedAfter: 5_000 }));
    await store.recordNotFound(notFound(3_000), known);
    expect(status()).toBe('watched');
    expect(kept().stored?.watch.notFoundAt).toEqual([]);
  });
});

describe('recording what lists and histories say', () => {
  const unlisted = (at: number) => store.markUnlisted(key, start + at);

  it('covers an order with the row that a list holds, and says that the list started its watch', async () => {
    const {
      stored: { watch },
    } = await store.record({ ...observed(), listedAt: start + 9 });
    expect(watch).toMatchObject({ startedBy: 'list', listed: { at: start + 9, present: true } });
    expect(watch.applied?.summary).toMatchObject({ order_state: 'open', price: '855.10', direction: 'buy' });
  });

  it('marks an order that vanished from a list, without touching its head, and closes nothing', async () => {
    await store.record({ ...observed(), listedAt: start });
    const { head } = await store.read(key);
    const marked = await unlisted(60_000);
    expect(marked?.watch.listed).toEqual({ at: start + 60_000, present: false });
    expect(await unlisted(60_000)).toEqual(marked);
    expect(await store.read(key)).toEqual({ head, stored: marked });
    expect(status()).toBe('watched');
  });

  it('writes a mark with no read where the caller knows the watch, and reads again where another was faster', async () => {
    await store.record(observed());
    const { stored: stale } = kept();
    await unlisted(1_000);
    const marked = await store.markUnlisted(key, start + 2_000, stale);
    expect(marked?.watch.listed).toEqual({ at: start + 2_000, present: false });
  });

  it('keeps a search of the histories beside the order, until the order is seen again', async () => {
    await store.record(observed());
    const lookup = { ...key, at: start + 60_000, requestId: 'l', observedBy: 'check-open-orders', attempts: [] };
    expect((await store.recordLookup(lookup))?.watch.lookedUpAt).toEqual([start + 60_000]);
    expect([...table.inspect(key).lookups.values()]).toEqual([lookup]);
    const {
      stored: { watch },
    } = await store.record(observed({ requestedAfter: 90_000 }));
    expect(watch.lookedUpAt).toBeUndefined();
  });

  it('writes no watch for an order that nobody watches', async () => {
    expect(await unlisted(0)).toBeUndefined();
    expect(await store.recordFailedCheck({ ...key, requestedAt: start, own: true })).toBeUndefined();
    expect((await store.read(key)).stored).toBeUndefined();
  });
});

describe('an order that announces others', () => {
  const announcing = (): Observation => {
    const { result, ...observation } = observed();
    const linked = result.replace('{', '{"oto_order_ids":["CHILD-1","CHILD-2"],');
    return { ...observation, result: linked, order: orderIn(linked, orangex) };
  };
  const statusOfChild = (orderId: string) => {
    const { stored } = table.inspect({ account: 'main', orderId });
    return stored === undefined ? 'none' : statusOf(stored.watch);
  };

  it('puts them on watch, and leaves alone what is known of them', async () => {
    await store.record({ ...observed({ state: 'filled' }), orderId: 'CHILD-2' });
    await store.record(announcing());
    expect([statusOfChild('CHILD-1'), statusOfChild('CHILD-2')]).toEqual(['unconfirmed', 'final']);
  });

  it('ends none of them by its own end', async () => {
    await store.record(announcing());
    await store.record(observed({ state: 'canceled', updatedAfter: 1, requestedAfter: 10_000 }));
    expect([statusOfChild('CHILD-1'), statusOfChild('CHILD-2')]).toEqual(['unconfirmed', 'unconfirmed']);
  });
});

describe('a table that cannot be reached', () => {
  it('fails every request as store_unavailable', async () => {
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const endpoint = 'http://127.0.0.1:1';
    const client = new DynamoDBClient({ endpoint, region: 'eu-central-1', credentials, maxAttempts: 1 });
    const gone = createDynamoTable({ client, tableName: 'gone', policyOf: () => policy });
    const snapshot = snapshotOf(observed());
    const watch = join(undefined, { openedAt: start });
    for (const request of [
      () => gone.readCurrent(key),
      () => gone.newestSnapshot(key),
      () => gone.putSnapshot(snapshot),
      () => gone.putHead(snapshot),
      () => gone.putWatch(key, watch, 0),
      () => gone.putNotFound(notFound(0)),
      () => gone.list('main', 'live', start, 1),
    ]) {
      expect((await failureOf(request())).code).toBe('store_unavailable');
    }
    client.destroy();
  });
});
