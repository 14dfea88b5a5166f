import { expect, it } from 'vitest';
import { dueAt } from '../../../lib/snapshots/due.ts';
import { snapshotOf } from '../../../lib/snapshots/snapshot.ts';
import type { SnapshotTable, WatchCommandTable } from '../../../lib/snapshots/table.ts';
import { join, type Watch } from '../../../lib/snapshots/watch.ts';
import { observationOf, opened, type ReplyFields, start } from './observations.ts';

export const policy = { minMs: 10_000, maxMs: 600_000 };

const requested: ReplyFields = { ...opened, requestedAfter: 100 };

let orders = 0;
/** Each test has its own order, because the engine is shared. */
function newKey() {
  return { account: 'main', orderId: `ORDER-${++orders}` };
}

/** What the store requires of a table. */
export function testSnapshotTableContract(tableOf: () => SnapshotTable & WatchCommandTable): void {
  it('an order that was never written has no items', async () => {
    const key = newKey();
    expect(await tableOf().readCurrent(key)).toEqual({});
    expect(await tableOf().newestSnapshot(key)).toBeUndefined();
  });

  it('snapshot, head and watch are read back as they were written', async () => {
    const table = tableOf();
    const key = newKey();
    const snapshot = { ...snapshotOf(observationOf(key, requested)), exchangeTime: 1_597_130_046_950 };
    const watch: Watch = {
      openedAt: start,
      announcedRank: snapshot.rank,
      applied: { rank: snapshot.rank, at: start + 5 },
      observations: [{ requestedAt: start + 100, rank: snapshot.rank }],
      notFoundAt: [start + 300, start + 200],
      failedAt: [start + 500, start + 400],
      attemptedAt: start + 600,
      operator: { at: start, by: 'anna', stopped: false },
    };
    expect(await table.putSnapshot(snapshot)).toBe(true);
    expect(await table.putHead(snapshot)).toBe(true);
    expect(await table.putWatch(key, watch, 0)).toBe(true);
    expect(await table.newestSnapshot(key)).toEqual(snapshot);
    expect(await table.readCurrent(key)).toEqual({ head: snapshot, stored: { watch, revision: 1 } });
  });

  it('a snapshot keeps its earliest provenance, by time and then by request id', async () => {
    const table = tableOf();
    const key = newKey();
    const late = snapshotOf(observationOf(key, { ...requested, requestedAfter: 900 }));
    const early = snapshotOf(observationOf(key, { ...requested, requestedAfter: 100, request: 2 }));
    const earlier = snapshotOf(observationOf(key, { ...requested, requestedAfter: 100, request: 1 }));
    for (const put of [table.putSnapshot, table.putHead]) {
      expect(await put(late)).toBe(true);
      expect(await put(late)).toBe(false);
      expect(await put(early)).toBe(true);
      expect(await put(late)).toBe(false);
      expect(await put(earlier)).toBe(true);
      expect(await put(early)).toBe(false);
    }
    expect(await table.newestSnapshot(key)).toEqual(earlier);
    expect((await table.readCurrent(key)).head).toEqual(earlier);
  });

  it('the head rises and never falls, while the history keeps both snapshots', async () => {
    const table = tableOf();
    const key = newKey();
    const low = snapshotOf(observationOf(key, requested));
    const high = snapshotOf(observationOf(key, { ...requested, updatedAfter: 1 }));
    expect(await table.putHead(low)).toBe(true);
    expect(await table.putHead(high)).toBe(true);
    expect(await table.putHead(low)).toBe(false);
    expect((await table.readCurrent(key)).head).toEqual(high);
    expect(await table.putSnapshot(high)).toBe(true);
    expect(await table.putSnapshot(low)).toBe(true);
    expect(await table.newestSnapshot(key)).toEqual(high);
  });

  it('a watch is written only over the revision that was read', async () => {
    const table = tableOf();
    const key = newKey();
    const watch = join(undefined, { openedAt: start });
    const other = join(undefined, { openedAt: start + 1 });
    expect(await table.putWatch(key, watch, 1)).toBe(false);
    expect(await table.putWatch(key, watch, 0)).toBe(true);
    expect(await table.putWatch(key, other, 0)).toBe(false);
    expect(await table.putWatch(key, other, 1)).toBe(true);
    expect((await table.readCurrent(key)).stored).toEqual({ watch: other, revision: 2 });
  });

  it('claiming the next revision of a watch leaves the watch and its list as they are', async () => {
    const table = tableOf();
    const key = { account: `a${++orders}`, orderId: 'ORDER' };
    expect(await table.claimWatch(key)).toBeUndefined();
    expect(await table.readCurrent(key)).toEqual({});
    const snapshot = snapshotOf(observationOf(key, requested));
    const watch = join(undefined, {
      openedAt: start,
      announcedRank: snapshot.rank,
      applied: { rank: snapshot.rank, at: start + 5 },
      observations: [{ requestedAt: start + 100, rank: snapshot.rank }],
      notFoundAt: [start + 200],
      operator: { at: start, by: 'anna', stopped: false },
    });
    await table.putWatch(key, watch, 0);
    const listed = await table.list(key.account, 'attention', start + 1e9, 10);
    expect(listed).toHaveLength(1);
    expect(await table.claimWatch(key)).toEqual({ watch, revision: 2 });
    expect(await table.claimWatch(key)).toEqual({ watch, revision: 3 });
    expect((await table.readCurrent(key)).stored).toEqual({ watch, revision: 3 });
    const [claimed] = await table.list(key.account, 'attention', start + 1e9, 10);
    expect(claimed).toEqual({ ...listed[0], stored: { watch, revision: 3 } });
    expect(await table.putWatch(key, watch, 1)).toBe(false);
    expect(await table.putWatch(key, watch, 3)).toBe(true);
  });

  it('the same miss, lookup or watch command can be written repeatedly', async () => {
    const table = tableOf();
    const notFound = { ...newKey(), requestedAt: start, requestId: 'r', observedBy: 'get-order' };
    const command = { ...notFound, at: start, by: 'anna', stopped: true };
    const attempts = [{ source: 'recent', outcome: 'failed', rows: 0, code: 'timeout' } as const];
    await table.putNotFound(notFound);
    await table.putNotFound(notFound);
    await table.putHistoryLookup({ ...notFound, at: start, attempts });
    await table.putHistoryLookup({ ...notFound, at: start, attempts });
    await table.putWatchCommand(command);
    await table.putWatchCommand(command);
    expect(await table.readCurrent(notFound)).toEqual({});
  });

  it('a list has what is due by its time, and an order moves from list to list', async () => {
    const table = tableOf();
    const account = `a${++orders}`;
    const keys = ['late', 'soon', 'later'].map((orderId) => ({ account, orderId }));
    const ids = async (...args: Parameters<SnapshotTable['list']>) => {
      const listed = await table.list(...args);
      return listed.map(({ account, orderId }) => ({ account, orderId }));
    };
    const [late, soon, later] = keys;
    if (!late || !soon || !later) throw new Error('three keys');
    const watches = new Map([
      [late, join(undefined, { openedAt: start + 2_000 })],
      [soon, join(undefined, { openedAt: start + 1_000 })],
      [later, join(undefined, { openedAt: start + 9_000 })],
    ]);
    for (const [key, watch] of watches) await table.putWatch(key, watch, 0);
    expect(await ids(account, 'live', start + 5_000, 10)).toEqual([soon, late]);
    expect(await ids(account, 'live', start + 9_000, 2)).toEqual([soon, late]);
    expect(await table.list(account, 'live', start + 1_000, 10)).toEqual([
      {
        ...soon,
        status: 'unconfirmed',
        at: start + 1_000,
        seenAt: start + 1_000,
        failing: false,
        stored: { watch: watches.get(soon), revision: 1 },
      },
    ]);

    const snapshot = snapshotOf(observationOf(soon, { ...requested, state: 'filled' }));
    const applied = { rank: snapshot.rank, at: start };
    const closed = join(watches.get(soon), { openedAt: start, announcedRank: snapshot.rank, applied });
    await table.putWatch(soon, closed, 1);
    expect(await ids(account, 'live', start + 9_000, 10)).toEqual([late, later]);
    expect(await ids(account, 'final', start + 9_000, 10)).toEqual([soon]);

    const missing = { openedAt: start, announcedRank: 'x', notFoundAt: [start + 3_000] };
    await table.putWatch(late, join(watches.get(late), missing), 1);
    expect(await ids(account, 'live', start + 9_000, 10)).toEqual([later]);
    const due = dueAt(join(watches.get(late), missing), policy);
    expect(await ids(account, 'attention', due - 1, 10)).toEqual([]);
    expect(await ids(account, 'attention', due, 10)).toEqual([late]);
  });
}
