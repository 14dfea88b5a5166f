import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDynamoTable } from '../../../lib/snapshots/dynamo-table.ts';
import { createDynamoWatchCommandTable } from '../../../lib/snapshots/dynamo-watch-command-table.ts';
import { phaseOfRank } from '../../../lib/snapshots/rank.ts';
import { statusOf } from '../../../lib/snapshots/watch.ts';
import { type Engine, startDynalite } from '../../engines.ts';
import { createMemoryTable, type MemoryTable } from './memory-table.ts';
import { anyReply, type ReplyFields } from './observations.ts';
import {
  content,
  inOrder,
  key,
  listsOf,
  looksSound,
  observationsOnly,
  race,
  recordEvent,
  type Writer,
  withCommands,
  withNotFound,
  writersOf,
} from './race.ts';
import { policy } from './table-contract.ts';

const runs = Number(process.env['RUNS'] ?? 150);

/** The engine takes some 80 ms of CPU a run: by default a part of the runs, so that `npm test` stays within its minutes. */
const engineRuns = Number(process.env['RUNS'] ?? 30);

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const parameters = { seed, numRuns: runs };
console.log(`convergence: ${runs} runs a property, ${engineRuns} on the engine, SEED=${seed}`);

/** What makes two replies differ, determined without the code under test: all but the volatile fields. */
function stateOf({ state, updatedAfter, version, filled, label }: ReplyFields): string {
  return JSON.stringify([state === 'cancelled' ? 'canceled' : state, updatedAfter, version, filled, label]);
}

/** Lets the writers race; the table looks sound at every step. Returns what crashes lost. */
function raceSoundly(table: MemoryTable, writers: readonly Writer[], scheduler: fc.Scheduler) {
  return race(
    table,
    key,
    writers,
    scheduler,
    looksSound(() => table.inspect(key)),
  );
}

it('the snapshot table in memory, under every interleaving of writers, ends the same whatever the order, the repeats, the writers and their crashes, and is sound at every step', async () => {
  await fc.assert(
    fc.asyncProperty(writersOf(withCommands, 3), fc.scheduler(), async (writers, scheduler) => {
      const table = createMemoryTable(() => policy);
      const lost = await raceSoundly(table, writers, scheduler);
      // At least once: what a crash lost is recorded again.
      for (const event of lost) await recordEvent(table, key, event);
      const events = writers.flatMap((writer) => writer.events);
      expect(content(table.inspect(key))).toEqual(content((await inOrder(events, key)).inspect(key)));
    }),
    parameters,
  );
});

it('the snapshot table in memory, under every interleaving of writers, ends the same with not-found replies among the others, once the order is known', async () => {
  await fc.assert(
    fc.asyncProperty(anyReply, writersOf(withNotFound, 3), fc.scheduler(), async (first, writers, scheduler) => {
      const table = createMemoryTable(() => policy);
      await recordEvent(table, key, { reply: first });
      const lost = await raceSoundly(table, writers, scheduler);
      for (const event of lost) await recordEvent(table, key, event);
      const events = [{ reply: first }, ...writers.flatMap((writer) => writer.events)];
      expect(content(table.inspect(key))).toEqual(content((await inOrder(events, key)).inspect(key)));
    }),
    parameters,
  );
});

it('the snapshot table in memory, under every interleaving of writers, loses no reply to a writer that read an empty table, and does not change under repeats', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyReply, { minLength: 1, maxLength: 6 }), async (replies) => {
      const table = createMemoryTable(() => policy);
      for (const reply of replies) await recordEvent(table, key, { reply }, { isStale: true });
      const once = content(table.inspect(key));
      expect(once).toEqual(
        content(
          (
            await inOrder(
              replies.map((reply) => ({ reply })),
              key,
            )
          ).inspect(key),
        ),
      );
      expect(once.snapshots.length).toBe(new Set(replies.map(stateOf)).size);
      for (const reply of replies) await recordEvent(table, key, { reply });
      expect(content(table.inspect(key))).toEqual(once);
    }),
    parameters,
  );
});

it('the snapshot table in memory, under every interleaving of writers, is repaired by the next check after a crash, even when that check finds the order gone', async () => {
  await fc.assert(
    fc.asyncProperty(writersOf(observationsOnly, 3), fc.scheduler(), async (writers, scheduler) => {
      const table = createMemoryTable(() => policy);
      await raceSoundly(table, writers, scheduler);
      const before = table.inspect(key);
      if (before.stored === undefined) {
        expect(before.snapshots.size).toBe(0);
        return;
      }
      await recordEvent(table, key, { notFoundAfter: 100_000 });
      const { snapshots, head, stored } = table.inspect(key);
      const newest = [...snapshots.keys()].sort().at(-1);
      expect(head?.rank).toBe(newest);
      const status = stored === undefined ? undefined : statusOf(stored.watch);
      const ended = newest !== undefined && phaseOfRank(newest) === 'final';
      if (!ended) expect(['missing', 'inconsistent']).toContain(status);
    }),
    parameters,
  );
});

describe('on a real engine', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startDynalite();
  });
  afterAll(() => engine.stop());

  it('the snapshot table on a real engine ends as the table in memory does, lists included, whatever the order, the repeats, the writers and their crashes', async () => {
    const deps = { ...engine, policyOf: () => policy };
    const table = { ...createDynamoTable(deps), ...createDynamoWatchCommandTable(deps) };
    let orders = 0;
    await fc.assert(
      fc.asyncProperty(writersOf(withCommands, 2), fc.scheduler(), async (writers, scheduler) => {
        const own = { account: `account-${++orders}`, orderId: 'ORDER' };
        const lost = await race(table, own, writers, scheduler, () => undefined);
        for (const event of lost) await recordEvent(table, own, event);
        const memory = await inOrder(
          writers.flatMap((writer) => writer.events),
          own,
        );
        const expected = memory.inspect(own);
        const { head, stored } = await table.readCurrent(own);
        expect({ head, watch: stored?.watch }).toEqual({ head: expected.head, watch: expected.stored?.watch });
        const [newest] = [...expected.snapshots.keys()].sort().reverse();
        expect(await table.newestSnapshot(own)).toEqual(expected.snapshots.get(newest ?? ''));
        expect(await listsOf(table, own.account)).toEqual(await listsOf(memory, own.account));
      }),
      { seed, numRuns: engineRuns },
    );
  }, 120_000);
});
