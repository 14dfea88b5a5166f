import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { notFoundItem, watchCommandItem } from '../../../lib/snapshots/items.ts';
import { updatedAtOfRank } from '../../../lib/snapshots/rank.ts';
import type { Snapshot } from '../../../lib/snapshots/snapshot.ts';
import { anyReply, start } from '../snapshots/observations.ts';
import { writeItems } from '../snapshots/write-items.ts';
import { engine, hour, iso, newKey, ranksOf, request, runs, startEngineForFile, writeHistory } from './histories.ts';

startEngineForFile();

describe('history', () => {
  /**
   * Opened at 0 and seen at 10.05 s; filled at 9 s, seen at 20.05 s. A partial fill at 5 s was seen at 30.05 s only, by
   * a reply that arrived late.
   */
  async function lateOrder() {
    const key = newKey();
    const [filled, partial, open] = await writeHistory(key, [
      { filled: '0' },
      { filled: '10', state: 'filled', updatedAfter: 9_000, requestedAfter: 10_000 },
      { filled: '4', updatedAfter: 5_000, requestedAfter: 20_000, request: 2 },
    ]);
    if (!filled || !partial || !open) throw new Error('three snapshots');
    await writeItems(engine, [
      notFoundItem({ ...key, requestedAt: start + 15_000, requestId: 'miss', observedBy: 'check-open-orders' }),
      watchCommandItem({ ...key, at: start + 16_000, requestId: 'word', by: 'anna', stopped: true }),
      watchCommandItem({ ...key, at: start + 25_000, requestId: 'again', by: 'ben', stopped: false }),
    ]);
    return { key, filled, partial, open };
  }
  const notFoundAt = { kind: 'not_found', at: iso(15_000), request_id: 'miss', observed_by: 'check-open-orders' };
  const stopped = { kind: 'watch_stopped', at: iso(16_000), request_id: 'word', by: 'anna' };
  const started = { kind: 'watch_started', at: iso(25_000), request_id: 'again', by: 'ben' };

  it('the history of an order, as of a time of the exchange, has the state that was current then, whenever it was seen', async () => {
    const { key, filled, partial, open } = await lateOrder();
    const at = async (after: number) => ranksOf((await request(key, { at: iso(after) })).snapshots);
    expect(await at(-1)).toEqual([]);
    expect(await at(0)).toEqual([open.rank]);
    expect(await at(4_999)).toEqual([open.rank]);
    expect(await at(5_000)).toEqual([partial.rank]);
    expect(await at(8_999)).toEqual([partial.rank]);
    expect(await at(9_000)).toEqual([filled.rank]);
    expect(await at(10 * hour)).toEqual([filled.rank]);
    const [row] = (await request(key, { at: iso(9_000) })).snapshots;
    expect(row?.changes).toContainEqual({ field: 'filled_amount', from: '4', to: '10' });
    expect((await request(key, { at: iso(9_000) })).audit_entries).toBeUndefined();
  });

  it('the history of an order, as it was believed at a time of ours, has what the table said then, and why', async () => {
    const { key, filled, open } = await lateOrder();
    const believed = (after: number) => request(key, { believed_at: iso(after) });
    expect(await believed(10_049)).toMatchObject({ snapshots: [], audit_entries: [] });
    expect(await believed(10_050)).toMatchObject({ snapshots: [{ rank: open.rank }], audit_entries: [] });
    expect(await believed(15_000)).toMatchObject({ snapshots: [{ rank: open.rank }], audit_entries: [notFoundAt] });
    expect(await believed(20_049)).toMatchObject({ snapshots: [{ rank: open.rank }] });
    const then = await believed(20_050);
    expect(then).toMatchObject({ snapshots: [{ rank: filled.rank }] });
    expect(then.audit_entries).toEqual([stopped, notFoundAt]);
    // The partial fill was not known yet, so the change is from what was believed before.
    expect(then.snapshots[0]?.changes).toContainEqual({ field: 'filled_amount', from: '0', to: '10' });
    const now = await believed(30_050);
    expect(now.audit_entries).toEqual([started, stopped, notFoundAt]);
    expect(now.snapshots[0]?.changes).toContainEqual({ field: 'filled_amount', from: '4', to: '10' });
  });

  it('the history of an order, as it was believed at one time about another time of the exchange, combines both', async () => {
    const { key, partial, open } = await lateOrder();
    const requested = { at: iso(6_000), believed_at: iso(20_050) };
    expect(ranksOf((await request(key, requested)).snapshots)).toEqual([open.rank]);
    expect(ranksOf((await request(key, { at: iso(6_000) })).snapshots)).toEqual([partial.rank]);
    expect(ranksOf((await request(key, { ...requested, believed_at: iso(30_050) })).snapshots)).toEqual([partial.rank]);
    expect((await request(key, requested)).audit_entries).toEqual([stopped, notFoundAt]);
  });

  it('the history of an order, at any pair of times, agrees with the whole history, whatever arrived late', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyReply, { maxLength: 8 }),
        fc.integer({ min: -1, max: 5_001 }),
        fc.integer({ min: 10_000, max: 75_000 }),
        async (states, atAfter, believedAfter) => {
          const key = newKey();
          const kept = await writeHistory(key, states);
          const known = kept.filter(({ provenance }) => provenance.firstObservedAt <= start + believedAfter);
          const isBy = ({ rank }: Snapshot) => updatedAtOfRank(rank) <= start + atAfter;
          const first = (snapshots: readonly Snapshot[]) => ranksOf(snapshots.slice(0, 1));
          const at = { at: iso(atAfter) };
          const believed = { believed_at: iso(believedAfter) };
          expect(ranksOf((await request(key, at)).snapshots)).toEqual(first(kept.filter(isBy)));
          expect(ranksOf((await request(key, believed)).snapshots)).toEqual(first(known));
          expect(ranksOf((await request(key, { ...at, ...believed })).snapshots)).toEqual(first(known.filter(isBy)));
        },
      ),
      { numRuns: Math.ceil(runs / 2) },
    );
  });

  it('the history of an order at a time has an order whose exchange is as far ahead of our clock as is allowed', async () => {
    const key = newKey();
    const [ahead] = await writeHistory(key, [{ updatedAfter: 10_050 + hour }]);
    expect(ranksOf((await request(key, { believed_at: iso(10_050) })).snapshots)).toEqual([ahead?.rank]);
  });

  it('the history of an order at a time has the hundred latest not-found replies', async () => {
    const key = newKey();
    const notFoundReplies = Array.from({ length: 105 }, (_, i) =>
      notFoundItem({ ...key, requestedAt: start + i, requestId: 'r', observedBy: 'get-order' }),
    );
    await writeItems(engine, notFoundReplies);
    const { audit_entries: entries = [] } = await request(key, { believed_at: iso(hour) });
    expect(entries.map(({ at }) => at)).toEqual(Array.from({ length: 100 }, (_, i) => iso(104 - i)));
  });

  it('the history of an order, at a time, accepts any time zone, and is exact to the millisecond', async () => {
    const { key, partial } = await lateOrder();
    for (const at of ['2026-01-01T00:00:05Z', '2026-01-01T02:00:05.000+02:00', '2025-12-31T19:00:05.000-05:00']) {
      expect(ranksOf((await request(key, { at })).snapshots)).toEqual([partial.rank]);
    }
  });
});
