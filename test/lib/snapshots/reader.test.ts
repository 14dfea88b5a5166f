import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../lib/clock.ts';
import { createDynamoReader } from '../../../lib/snapshots/dynamo-reader.ts';
import { headItem, notFoundItem, snapshotItem, watchCommandItem, watchItem } from '../../../lib/snapshots/items.ts';
import type { SnapshotReader } from '../../../lib/snapshots/reader.ts';
import { type OrderKey, type Snapshot, snapshotOf } from '../../../lib/snapshots/snapshot.ts';
import type { IndexedOrder } from '../../../lib/snapshots/table.ts';
import { join, type WatchDelta } from '../../../lib/snapshots/watch.ts';
import { endOfTime } from '../../../lib/time.ts';
import { type Engine, engines, startDynalite } from '../../engines.ts';
import { failureOf } from '../thrown.ts';
import { observationOf, opened, type ReplyFields, start } from './observations.ts';
import { policy } from './table-contract.ts';
import { writeItems } from './write-items.ts';

let orders = 0;
/** Each test has its own order, because the engine is shared. */
function newKey(): OrderKey {
  return { account: 'main', orderId: `ORDER-${++orders}` };
}

/** Snapshots of an order, one for each change, by ascending rank. */
function snapshotsOf(key: OrderKey, changes: readonly Partial<ReplyFields>[]): readonly Snapshot[] {
  return changes
    .map((change) => snapshotOf(observationOf(key, { ...opened, ...change })))
    .toSorted((a, b) => (a.rank < b.rank ? -1 : 1));
}

function updates(count: number, change: Partial<ReplyFields> = {}): readonly Partial<ReplyFields>[] {
  return Array.from({ length: count }, (_, i) => ({ updatedAfter: i, ...change }));
}

describe.each(engines)('the snapshot reader on $name:', ({ start: startEngine, present }) => {
  describe.runIf(present)('which is here', () => {
    let engine: Engine;
    let reader: SnapshotReader;
    beforeAll(async () => {
      engine = await startEngine();
      reader = createDynamoReader({ ...engine, clock: systemClock });
    });
    afterAll(() => engine.stop());

    it('an order that was never written is not found', async () => {
      expect(await reader.snapshots(newKey(), { upTo: endOfTime, limit: 5 })).toEqual({ rows: [] });
      expect(await reader.auditEntries(newKey(), endOfTime, 5)).toEqual([]);
      expect(await reader.list('nobody', 'live', { limit: 5 })).toEqual({ rows: [] });
    });

    it('the history has snapshots by descending rank, and no other items of the order', async () => {
      const key = newKey();
      const [first, second, third] = snapshotsOf(key, updates(3));
      if (!first || !second || !third) throw new Error('three snapshots');
      await writeItems(engine, [
        ...[first, second, third].map(snapshotItem),
        headItem(third),
        watchItem(key, { watch: join(undefined, { openedAt: start }), revision: 1 }, policy),
        notFoundItem({ ...key, requestedAt: start, requestId: 'r', observedBy: 'get-order' }),
      ]);
      const read = (limit: number, below?: Snapshot) =>
        reader.snapshots(key, { upTo: endOfTime, below: below?.rank, limit });
      expect(await read(5)).toEqual({ rows: [third, second, first] });
      expect(await read(3)).toEqual({ rows: [third, second, first] });
      expect(await read(2)).toEqual({ rows: [third, second], next: first });
      expect(await read(1, third)).toEqual({ rows: [second], next: first });
      expect(await read(1, second)).toEqual({ rows: [first] });
      expect(await read(1, first)).toEqual({ rows: [] });
    });

    it('the history continues below a rank that does not exist', async () => {
      const key = newKey();
      const [first, second, third] = snapshotsOf(key, updates(3));
      if (!first || !second || !third) throw new Error('three snapshots');
      await writeItems(engine, [first, third].map(snapshotItem));
      expect(await reader.snapshots(key, { upTo: endOfTime, below: second.rank, limit: 5 })).toEqual({ rows: [first] });
    });

    it('a range begins with the greatest rank of a millisecond, and accepts any time', async () => {
      const key = newKey();
      const versions = [1, 2, 3].map((version) => ({ updatedAfter: 5, version }));
      const [first, ...tied] = snapshotsOf(key, [{ updatedAfter: 4 }, ...versions, { updatedAfter: 6 }]);
      if (!first) throw new Error('a snapshot');
      const [last] = tied.splice(-1);
      await writeItems(engine, [first, ...tied, ...(last ? [last] : [])].map(snapshotItem));
      const read = (upTo: number) => reader.snapshots(key, { upTo, limit: 5 });
      expect((await read(start + 5)).rows).toEqual([...tied.toReversed(), first]);
      expect((await read(start + 4)).rows).toEqual([first]);
      expect((await read(start + 3)).rows).toEqual([]);
      expect((await read(Date.UTC(1900, 0))).rows).toEqual([]);
      expect((await read(Date.UTC(2300, 0))).rows).toHaveLength(5);
    });

    it('a page of large snapshots ends early, at a snapshot after which the next page continues', async () => {
      const key = newKey();
      const snapshots = snapshotsOf(key, updates(5, { label: 'x'.repeat(190_000) })).toReversed();
      for (const snapshot of snapshots) await writeItems(engine, [snapshotItem(snapshot)]);
      const ranks: string[] = [];
      for (let below: string | undefined, more = true; more; below = ranks.at(-1)) {
        const { rows, next } = await reader.snapshots(key, { upTo: endOfTime, below, limit: 5 });
        expect(rows.length).toBeLessThan(5);
        expect(next?.rank).toBe(snapshots[ranks.length + rows.length]?.rank);
        ranks.push(...rows.map(({ rank }) => rank));
        more = next !== undefined;
      }
      expect(ranks).toEqual(snapshots.map(({ rank }) => rank));
    });

    it('what was observed by a time is searched for as far back as necessary', async () => {
      const key = newKey();
      // More than one request can look through, between the two as well.
      const late = updates(250, { requestedAfter: 60_000, label: 'x'.repeat(5_000) });
      const snapshots = snapshotsOf(key, [...late, { updatedAfter: 200, version: 0 }, { updatedAfter: 3, version: 0 }]);
      await writeItems(engine, snapshots.map(snapshotItem));
      const [earlier, latest] = snapshots.filter(({ provenance }) => provenance.firstObservedAt < start + 60_000);
      if (!earlier || !latest) throw new Error('two snapshots');
      const observedUntil = latest.provenance.firstObservedAt;
      const range = { upTo: endOfTime, limit: 1 };
      expect(await reader.snapshots(key, { ...range, observedUntil })).toEqual({ rows: [latest], next: earlier });
      expect(await reader.snapshots(key, { ...range, observedUntil: observedUntil - 1 })).toEqual({ rows: [] });
      expect((await reader.snapshots(key, { ...range, observedUntil: endOfTime })).rows).toEqual([snapshots.at(-1)]);
    });

    it('the audit entries up to a time are returned, the latest first', async () => {
      const key = newKey();
      const notFound = { ...key, requestedAt: start + 2, requestId: 'b', observedBy: 'check-open-orders' };
      const stopped = { ...key, at: start + 2, requestId: 'c', by: 'anna', stopped: true };
      const started = { ...key, at: start + 3, requestId: 'a', by: 'ben', stopped: false };
      await writeItems(engine, [notFoundItem(notFound), watchCommandItem(stopped), watchCommandItem(started)]);
      const notFoundAt = { kind: 'not_found', at: start + 2, requestId: 'b', observedBy: 'check-open-orders' };
      const wasStopped = { kind: 'watch_stopped', at: start + 2, requestId: 'c', by: 'anna' };
      const wasStarted = { kind: 'watch_started', at: start + 3, requestId: 'a', by: 'ben' };
      expect(await reader.auditEntries(key, endOfTime, 5)).toEqual([wasStarted, wasStopped, notFoundAt]);
      expect(await reader.auditEntries(key, start + 3, 2)).toEqual([wasStarted, wasStopped]);
      expect(await reader.auditEntries(key, start + 3, 1)).toEqual([wasStarted]);
      expect(await reader.auditEntries(key, start + 2, 5)).toEqual([wasStopped, notFoundAt]);
      expect(await reader.auditEntries(key, start + 1, 5)).toEqual([]);
    });

    it('lists have the next due and the last closed first, and continue after an order that has left', async () => {
      const account = `a${++orders}`;
      const watched = (orderId: string, openedAt: number): WatchDelta & OrderKey => ({ account, orderId, openedAt });
      const final = (orderId: string, updatedAfter: number): WatchDelta & OrderKey => {
        const { rank } = snapshotOf(observationOf({ account, orderId }, { ...opened, state: 'filled', updatedAfter }));
        const observed = { requestedAt: start + 900, rank };
        return {
          ...watched(orderId, start),
          announcedRank: rank,
          applied: { rank, at: start + 950 },
          observations: [observed],
        };
      };
      const watches = [watched('third', start + 3), watched('first', start + 1), watched('second', start + 2)];
      const closed = [final('older', 1), final('newer', 2)];
      await writeItems(
        engine,
        [...watches, ...closed].map(({ account, orderId, ...delta }) =>
          watchItem({ account, orderId }, { watch: join(undefined, delta), revision: 1 }, policy),
        ),
      );
      const [first, second, third] = [1, 2, 3].map((after) => ({
        account,
        orderId: ['', 'first', 'second', 'third'][after],
        status: 'unconfirmed',
        at: start + after,
        seenAt: start + after,
      }));
      const shown = ({ account, orderId, status, at, seenAt }: IndexedOrder) => ({
        account,
        orderId,
        status,
        at,
        seenAt,
      });
      const list = async (limit: number, after?: { at: number; orderId: string }) => {
        const { rows, next } = await reader.list(account, 'live', { after, limit });
        return { rows: rows.map(shown), next: next && shown(next) };
      };
      expect(await list(5)).toEqual({ rows: [first, second, third] });
      expect(await list(2)).toEqual({ rows: [first, second], next: third });
      expect(await list(1, { at: start + 1, orderId: 'first' })).toEqual({ rows: [second], next: third });
      expect(await list(5, { at: start + 2, orderId: 'gone' })).toMatchObject({
        rows: expect.arrayContaining([third]),
      });
      const ofFinal = { account, status: 'final', seenAt: start + 900 };
      expect(await reader.list(account, 'final', { limit: 1 })).toMatchObject({
        rows: [{ ...ofFinal, orderId: 'newer', at: start + 2 }],
        next: { ...ofFinal, orderId: 'older', at: start + 1 },
      });
      expect(await reader.list(account, 'attention', { limit: 1 })).toEqual({ rows: [] });
    });
  });
});

it('a reader whose table does not respond fails with store_unavailable', async () => {
  const engine = await startDynalite('snapshots');
  await engine.stop();
  const reader = createDynamoReader({ ...engine, clock: systemClock });
  for (const reading of [
    reader.snapshots(newKey(), { upTo: endOfTime, limit: 1 }),
    reader.auditEntries(newKey(), endOfTime, 1),
    reader.list('main', 'live', { limit: 1 }),
  ]) {
    expect((await failureOf(reading)).code).toBe('store_unavailable');
  }
});
