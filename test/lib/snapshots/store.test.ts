import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { createDynamoTable } from '../../../lib/snapshots/dynamo-table.ts';
import { snapshotOf } from '../../../lib/snapshots/snapshot.ts';
import { createSnapshotStore } from '../../../lib/snapshots/store.ts';
import type { SnapshotTable } from '../../../lib/snapshots/table.ts';
import { join } from '../../../lib/snapshots/watch.ts';
import { failureOf } from '../thrown.ts';
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
import { policy } from './table-contract.ts';

emptyTableForEachTest();
const history = () => [...storedItems().snapshots.values()].map(({ order }) => order.order_state);

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

describe('replies', () => {
  it('recording a reply writes snapshot, head and watch of an order that is seen for the first time', async () => {
    const applied = await store.record(observed());
    expect(applied).toMatchObject({ changed: true, isCurrent: true });
    expect(applied.head).toEqual(snapshotOf(observed()));
    expect(history()).toEqual(['open']);
    expect(storedItems().head).toEqual(applied.head);
    expect(storedItems().stored?.watch).toEqual(applied.stored.watch);
    expect(status()).toBe('watched');
  });

  it('recording a reply writes nothing but the watch when nothing changed', async () => {
    await store.record(observed());
    const known = await table.readCurrent(key);
    const { counting, requests } = countingTable();
    const again = await createSnapshotStore(counting).record(observed({ requestedAfter: 1_000, rpl: '1.5' }), known);
    expect(again).toMatchObject({ changed: false, isCurrent: true });
    expect(requests).toEqual(['putWatch']);
    expect(again.stored.watch.observations[0]?.requestedAt).toBe(requestTime + 1_000);
  });

  describe('with a known watch', () => {
    it('recording a reply with a watch that is known already writes the watch once, and reads nothing, when nothing changed', async () => {
      const { stored } = await store.record(observed());
      const { counting, requests } = countingTable();
      const again = await createSnapshotStore(counting).confirm(
        observed({ requestedAfter: 1_000, rpl: '1.5' }),
        stored,
      );
      expect(requests).toEqual(['putWatch']);
      expect(again).toMatchObject({ changed: false, isCurrent: true });
      expect(again.head.provenance.firstObservedAt).toBe(storedItems().head?.provenance.firstObservedAt);
      expect(again.stored).toEqual(storedItems().stored);
      expect(again.stored.watch.observations[0]?.requestedAt).toBe(requestTime + 1_000);
    });

    it('recording a reply with a watch that is known already writes a new state as always, and reads nothing', async () => {
      const { stored } = await store.record(observed());
      const { counting, requests } = countingTable();
      const next = await createSnapshotStore(counting).confirm(
        observed({ updatedAfter: 1, filled: '1', requestedAfter: 1_000 }),
        stored,
      );
      expect(requests).toEqual(['putWatch', 'putSnapshot', 'putHead', 'putWatch']);
      expect(next).toMatchObject({ changed: true, isCurrent: true });
      expect(storedItems().snapshots.size).toBe(2);
      expect(storedItems().head).toEqual(next.head);
      expect(storedItems().stored).toEqual(next.stored);
    });

    it('recording a reply with a watch that is known already reports no change when another writer, whose clock is ahead, had found the new state before', async () => {
      const { stored } = await store.record(observed());
      await store.record(observed({ updatedAfter: 1, filled: '1', requestedAfter: 1_000 }));
      const again = observed({ updatedAfter: 1, filled: '1', requestedAfter: 900, request: 2 });
      expect(await store.confirm(again, stored)).toMatchObject({ changed: false, isCurrent: true });
      expect(storedItems().head?.provenance.requestedAt).toBe(requestTime + 900);
      expect(storedItems().snapshots.size).toBe(2);
    });

    it('recording a reply with a watch that is known already does not report a state as current when its reply is too old to prove that', async () => {
      await store.record(observed({ requestedAfter: 20_000 }));
      const { stored } = await store.record(observed({ requestedAfter: 30_000 }));
      const newer = await store.record(observed({ updatedAfter: 1, filled: '1', requestedAfter: 40_000 }));
      // It adds nothing to the watch, so no write shows that others have written.
      const late = observed({ requestedAfter: 10_000, took: 15_000 });
      expect(await store.confirm(late, stored)).toMatchObject({ changed: false, isCurrent: false, head: newer.head });
    });

    it('recording a reply with a watch that is known already returns the head of another writer, if there is a newer one by now', async () => {
      const { stored } = await store.record(observed());
      const newer = await store.record(observed({ updatedAfter: 1, filled: '1', requestedAfter: 1_000 }));
      const late = await store.confirm(observed({ requestedAfter: 900, request: 2 }), stored);
      expect(late).toMatchObject({ changed: false, isCurrent: false, head: newer.head });
      expect(storedItems().stored?.watch.observations).toHaveLength(2);
    });

    it('recording a reply with a watch that is known already takes over an earlier provenance, and completes what another writer has only announced', async () => {
      const { stored } = await store.record(observed({ requestedAfter: 1_000 }));
      await store.confirm(observed({ requestedAfter: 500 }), stored);
      expect(storedItems().head?.provenance.firstObservedAt).toBe(requestTime + 550);
      const announced = { ...stored.watch, applied: undefined };
      await store.confirm(observed({ requestedAfter: 2_000 }), { ...stored, watch: announced });
      expect(status()).toBe('watched');
      expect(storedItems().stored?.watch.observations[0]?.requestedAt).toBe(requestTime + 2_000);
    });
  });

  it('recording a reply keeps a late reply in the history, and returns the head', async () => {
    await store.record(observed({ updatedAfter: 2, filled: '1', requestedAfter: 100 }));
    const late = await store.record(observed({ updatedAfter: 1, requestedAfter: 50 }));
    expect(late).toMatchObject({ changed: false, isCurrent: false });
    expect(late.head.order.filled_amount).toBe('1');
    expect(storedItems().snapshots.size).toBe(2);
    expect(storedItems().head?.order.filled_amount).toBe('1');
  });

  it('recording a reply returns the head of another writer that came after the read', async () => {
    await store.record(observed());
    const read = await store.read(key);
    const newer = await store.record(observed({ updatedAfter: 1, filled: '1', requestedAfter: 1_000 }));
    const late = await store.record(observed({ requestedAfter: 900, request: 2 }), read);
    expect(late).toMatchObject({ changed: false, isCurrent: false, head: newer.head });
  });

  it('recording a reply completes what a writer left that crashed between snapshot and head', async () => {
    const snapshot = snapshotOf(observed());
    await writeWatch({ announcedRank: snapshot.rank });
    await table.putSnapshot(snapshot);
    const next = await store.record(observed({ requestedAfter: 1_000 }));
    expect(next).toMatchObject({ changed: true, isCurrent: true });
    // The crashed writer saw it first.
    expect(storedItems().head).toEqual(snapshot);
    expect(storedItems().snapshots.size).toBe(1);
  });

  it('recording a reply is no change for a second writer of the same state', async () => {
    await store.record(observed());
    // It had read the table before the first one wrote.
    const second = await store.record(observed({ requestedAfter: 10, request: 2 }), {});
    expect(second).toMatchObject({ changed: false, isCurrent: true });
    expect(second.head.provenance.requestedAt).toBe(requestTime);
    expect(storedItems().snapshots.size).toBe(1);
  });

  it('recording a reply takes over the earlier provenance of a state, without a change', async () => {
    await store.record(observed({ requestedAfter: 1_000 }));
    const earlier = await store.record(observed({ requestedAfter: 500 }));
    expect(earlier).toMatchObject({ changed: false, isCurrent: true });
    expect(storedItems().head?.provenance.firstObservedAt).toBe(requestTime + 550);
    expect(storedItems().snapshots.size).toBe(1);
  });

  it('recording a reply returns its own state where the table has none, and writes the watch before anything else', async () => {
    const blind: SnapshotTable = {
      ...table,
      putSnapshot: async () => false,
      putHead: async () => false,
      newestSnapshot: async () => undefined,
      readCurrent: async () => ({}),
    };
    const applied = await createSnapshotStore(blind).record(observed());
    expect(applied).toMatchObject({ changed: false, isCurrent: true });
    expect(applied.head).toEqual(snapshotOf(observed()));
  });

  it('recording a reply joins what another writer wrote in between', async () => {
    await store.record(observed());
    const known = await table.readCurrent(key);
    await writeWatch({ operator: { at: start, by: 'anna', stopped: false } });
    const applied = await store.record(observed({ requestedAfter: 1_000 }), known);
    expect(applied.stored.watch.operator?.by).toBe('anna');
    expect(applied.stored.watch.observations).toHaveLength(2);
  });

  it('recording a reply gives up after sixteen lost revisions, before it tries to write anything but the watch', async () => {
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
    expect(storedItems().snapshots.size).toBe(0);
    expect(storedItems().head).toBeUndefined();
  });

  it('recording a reply closes the watch of a final order, and opens it again for a state that ranks higher', async () => {
    await store.record(observed({ state: 'canceled', updatedAfter: 1 }));
    expect(status()).toBe('final');
    const reopened = await store.record(observed({ state: 'open', updatedAfter: 2, requestedAfter: 1_000 }));
    expect(reopened).toMatchObject({ changed: true, isCurrent: true });
    expect(status()).toBe('watched');
    expect(history().toSorted()).toEqual(['canceled', 'open']);
  });

  it('recording a reply does not reopen a final order for a late reply', async () => {
    await store.record(observed({ state: 'canceled', updatedAfter: 1 }));
    const late = await store.record(observed({ updatedAfter: 0, requestedAfter: -100 }));
    expect(late.isCurrent).toBe(false);
    expect(status()).toBe('final');
  });

  it('recording a reply flags two replies in a row that contradict the head', async () => {
    await store.record(observed({ state: 'canceled', updatedAfter: 1 }));
    await store.record(observed({ requestedAfter: 20_000 }));
    expect(status()).toBe('final');
    await store.record(observed({ requestedAfter: 30_000 }));
    expect(status()).toBe('inconsistent');
    await store.record(observed({ state: 'canceled', updatedAfter: 1, requestedAfter: 40_000 }));
    expect(status()).toBe('final');
  });

  it('recording a reply leaves an order unwatched whose watch was stopped, until a command starts the watch again', async () => {
    await store.record(observed());
    await writeWatch({ operator: { at: start, by: 'anna', stopped: true } });
    await store.record(observed({ updatedAfter: 1, filled: '1', requestedAfter: 1_000 }));
    expect(status()).toBe('stopped');
    expect(storedItems().snapshots.size).toBe(2);
    await writeWatch({ operator: { at: start + 1, by: 'ben', stopped: false } });
    expect(status()).toBe('watched');
  });
});

it('a snapshot table that cannot be reached fails every request as store_unavailable', async () => {
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
