import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Rank, rankWithoutDigest } from '../../../lib/snapshots/rank.ts';
import { type OrderKey, snapshotOf } from '../../../lib/snapshots/snapshot.ts';
import { createSnapshotStore } from '../../../lib/snapshots/store.ts';
import type { StoredWatch } from '../../../lib/snapshots/table.ts';
import { seedId } from '../../emulator/exchange/seed-order.ts';
import { Crash, type FaultCase, faultCases, withInterference } from './interference.ts';
import { createMemoryTable } from './memory-table.ts';
import { observationOf, opened, type ReplyFields } from './observations.ts';
import { policy } from './table-contract.ts';

const runs = Number(process.env['RUNS'] ?? 300);
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
console.log(`remembered watches: ${runs} runs a property, SEED=${seed}`);

/** So few states and moments that processes often see the same, at the same time, or one after the other had left it. */
const seen: fc.Arbitrary<ReplyFields> = fc
  .record({
    state: fc.constantFrom(
      {},
      { updatedAfter: 1, version: 2, filled: '1' },
      { label: 'a' },
      { state: 'filled', version: 3 },
    ),
    requestedAfter: fc.integer({ min: 0, max: 4 }).map((n) => n * 10_000),
    took: fc.constantFrom(1, 20_000),
    request: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ state, ...timing }) => ({ ...opened, ...timing, ...state }));

type Process = {
  readonly replies: readonly ReplyFields[];
  readonly remembers: 'nothing' | 'the latest' | 'the first';
  readonly faultCases: readonly FaultCase[];
};

function processes(faults: fc.Arbitrary<readonly FaultCase[]>): fc.Arbitrary<readonly Process[]> {
  const process = fc.record({
    replies: fc.array(seen, { minLength: 1, maxLength: 5 }),
    remembers: fc.constantFrom('nothing', 'the latest', 'the latest', 'the first'),
    faultCases: faults,
  });
  return fc.array(process, { minLength: 1, maxLength: 3 });
}

const key: OrderKey = { account: 'main', orderId: seedId };

/**
 * Lets the processes check the order concurrently; returns the heads that there were, and those reported as changed.
 */
async function race(all: readonly Process[], scheduler: fc.Scheduler) {
  const table = createMemoryTable(() => policy);
  // Of states that only the digest orders, one that is written again with earlier provenance is reported again.
  const isTied = all.some(({ replies }) => replies.some(({ label }) => label !== ''));
  const heads = new Set<string>();
  const reported = new Set<string>();
  const headRank = (): Rank | undefined => table.inspect(key).head?.rank;
  const watcher = () => {
    const rank = headRank();
    if (rank !== undefined) heads.add(rankWithoutDigest(rank));
  };

  const run = async ({ replies, remembers, faultCases: faults }: Process, index: number) => {
    const turn = (request: string) => scheduler.schedule(Promise.resolve(), `process ${index}: ${request}`);
    const store = createSnapshotStore(withInterference(table, { faultCases: faults, turn, watcher }));
    let known: StoredWatch | undefined;
    for (const reply of replies) {
      const before = headRank();
      const observation = observationOf(key, reply);
      try {
        const result = await (known === undefined ? store.record(observation) : store.confirm(observation, known));
        const { head, stored, changed, isCurrent } = result;
        const context = `${remembers}, process ${index}`;
        if (before !== undefined) {
          expect(
            rankWithoutDigest(head.rank) >= rankWithoutDigest(before),
            `the head is older than when the check began: ${context}`,
          ).toBe(true);
          expect(!isTied && changed && head.rank === before, `a change that the table held already: ${context}`).toBe(
            false,
          );
        }
        if (isCurrent) expect(head.rank, 'another current state').toBe(snapshotOf(observation).rank);
        if (changed) reported.add(rankWithoutDigest(head.rank));
        if (remembers !== 'nothing') known = remembers === 'the first' ? (known ?? stored) : stored;
      } catch (thrown) {
        if (!(thrown instanceof Crash)) throw thrown;
        known = undefined;
      }
    }
  };
  await scheduler.waitFor(Promise.all(all.map(run)));
  return { heads, reported };
}

it('processes that remember the watch of an order from their last check, under every interleaving, report no state below the head that the table held when the check began, and no change that it held', async () => {
  await fc.assert(
    fc.asyncProperty(processes(faultCases), fc.scheduler(), async (all, scheduler) => {
      await race(all, scheduler);
    }),
    { seed, numRuns: runs },
  );
});

it('processes that remember the watch of an order from their last check, under every interleaving, report every state that the head ever had as a change', async () => {
  await fc.assert(
    fc.asyncProperty(processes(fc.constant([])), fc.scheduler(), async (all, scheduler) => {
      const { heads, reported } = await race(all, scheduler);
      expect([...heads].filter((place) => !reported.has(place))).toEqual([]);
    }),
    { seed, numRuns: runs },
  );
});
