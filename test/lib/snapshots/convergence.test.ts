import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDynamoTable } from '../../../lib/snapshots/dynamo-table.ts';
import { createDynamoWatchCommandTable } from '../../../lib/snapshots/dynamo-watch-command-table.ts';
import { phaseOfRank } from '../../../lib/snapshots/rank.ts';
import type { OrderKey } from '../../../lib/snapshots/snapshot.ts';
import { createSnapshotStore } from '../../../lib/snapshots/store.ts';
import type { List, SnapshotTable, StoredWatch, WatchCommandTable } from '../../../lib/snapshots/table.ts';
import { isOpen, statusOf } from '../../../lib/snapshots/watch.ts';
import { applyWatchCommand } from '../../../lib/snapshots/watch-command.ts';
import { endOfTime } from '../../../lib/time.ts';
import { seedId } from '../../emulator/exchange/seed-order.ts';
import { type Engine, startDynalite } from '../../engines.ts';
import { Crash, type FaultCase, faultCases, interfered } from './interference.ts';
import { createMemoryTable, type Kept, type MemoryTable } from './memory-table.ts';
import { answered, observationOf, type ResponseOf, start } from './observations.ts';
import { policy } from './table-contract.ts';

const runs = Number(process.env['RUNS'] ?? 150);
/** The engine takes some 80 ms of CPU a run: by default a part of the runs, so that `npm test` stays within its minutes. */
const engineRuns = Number(process.env['RUNS'] ?? 30);
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const parameters = { seed, numRuns: runs };
console.log(`convergence: ${runs} runs a property, ${engineRuns} on the engine, SEED=${seed}`);

/** The steps of one writer, in order. */
type Event =
  /** Listed: as a row of the account's list of open orders, requested when the answer was. */
  | { readonly answer: ResponseOf; readonly listed?: boolean }
  | { readonly unlistedAfter: number }
  | { readonly lookedUpAfter: number }
  | { readonly notFoundAfter: number }
  | { readonly failedAfter: number; readonly own: boolean }
  | { readonly command: { readonly after: number; readonly by: string; readonly stopped: boolean } };
type Writer = { readonly events: readonly Event[]; readonly faultCases: readonly FaultCase[] };

const observationsOnly: fc.Arbitrary<Event> = fc.record({ answer: answered, listed: fc.boolean() });
/** So few moments that some are shared: then, too, all have to agree on the latest command. */
const commands: fc.Arbitrary<Event> = fc.record({
  command: fc.record({
    after: fc.integer({ min: 0, max: 5 }),
    by: fc.constantFrom('anna', 'ben'),
    stopped: fc.boolean(),
  }),
});
const withCommands: fc.Arbitrary<Event> = fc.oneof(
  { weight: 3, arbitrary: observationsOnly },
  { weight: 2, arbitrary: commands },
);
const withNotFound: fc.Arbitrary<Event> = fc.oneof(
  { weight: 3, arbitrary: withCommands },
  { weight: 1, arbitrary: fc.record({ notFoundAfter: fc.integer({ min: 0, max: 60_000 }) }) },
  { weight: 1, arbitrary: fc.record({ unlistedAfter: fc.integer({ min: 0, max: 60_000 }) }) },
  { weight: 1, arbitrary: fc.record({ lookedUpAfter: fc.integer({ min: 0, max: 60_000 }) }) },
  { weight: 1, arbitrary: fc.record({ failedAfter: fc.integer({ min: 0, max: 60_000 }), own: fc.boolean() }) },
);

function writersOf(event: fc.Arbitrary<Event>, maxLength: number): fc.Arbitrary<readonly Writer[]> {
  const events = fc.array(event, { minLength: 1, maxLength });
  return fc.array(fc.record({ events, faultCases }), { minLength: 1, maxLength });
}

type Table = SnapshotTable & WatchCommandTable;
/** What a writer keeps in memory from one event to the next. */
type Known = { watch?: StoredWatch; readonly isStale?: boolean };

/** Records one event in the store. `known`: the watch as its writer saw it before, and what takes it as it is now. */
async function tell(table: Table, key: OrderKey, event: Event, known: Known = {}): Promise<void> {
  const store = createSnapshotStore(table);
  if ('answer' in event) {
    const answer = observationOf(key, event.answer);
    const observation = event.listed ? { ...answer, listedAt: answer.provenance.requestedAt } : answer;
    const { watch } = known;
    // A stale reader believes that there is nothing yet.
    const current = known.isStale ? {} : undefined;
    const { stored } = await (watch ? store.confirm(observation, watch) : store.record(observation, current));
    known.watch = stored;
  } else if ('unlistedAfter' in event) await store.markUnlisted(key, start + 10_000 + event.unlistedAfter);
  else if ('lookedUpAfter' in event) {
    const at = start + 10_000 + event.lookedUpAfter;
    const attempts = [{ source: 'recent', outcome: 'not_found', rows: 0 } as const];
    await store.recordLookup({ ...key, at, requestId: `lookup-${at}`, observedBy: 'check-open-orders', attempts });
  } else if ('command' in event) {
    const { after, by, stopped } = event.command;
    await applyWatchCommand(table, {
      ...key,
      at: start + after,
      by,
      stopped,
      requestId: `command-${by}-${after}-${stopped}`,
    });
  } else if ('failedAfter' in event) {
    await store.recordFailedCheck({ ...key, requestedAt: start + 10_000 + event.failedAfter, own: event.own });
  } else {
    const requestedAt = start + 10_000 + event.notFoundAfter;
    await store.recordNotFound({
      ...key,
      requestedAt,
      requestId: `miss-${requestedAt}`,
      observedBy: 'check-open-orders',
    });
  }
}

/** Runs the writers side by side, interleaved at every request as the scheduler draws it; returns what crashes lost. */
async function race(
  table: Table,
  key: OrderKey,
  writers: readonly Writer[],
  scheduler: fc.Scheduler,
  watcher: () => void,
): Promise<readonly Event[]> {
  const lost: Event[] = [];
  const run = async (writer: Writer, index: number) => {
    const turn = (request: string) => scheduler.schedule(Promise.resolve(), `writer ${index}: ${request}`);
    const own = interfered(table, { faultCases: writer.faultCases, turn, watcher });
    const known: Known = {};
    for (const event of writer.events) {
      try {
        await tell(own, key, event, known);
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
        lost.push(event);
      }
    }
  };
  await scheduler.waitFor(Promise.all(writers.map(run)));
  return lost;
}

/** What must hold after every single request of any writer, whatever happens next. */
function looksSound(inspect: () => Kept): () => void {
  let highest = '';
  return () => {
    const { snapshots, head, stored } = inspect();
    const newest = [...snapshots.keys()].sort().at(-1) ?? '';
    const status = stored === undefined ? undefined : statusOf(stored.watch);
    const open = status !== undefined && isOpen(status);
    const letGo = status === 'stopped';

    expect(head === undefined || head.rank >= highest, 'the head went back').toBe(true);
    highest = head?.rank ?? '';
    expect(head === undefined || snapshots.has(head.rank), 'the head has no snapshot').toBe(true);
    expect(newest === highest || open || letGo, 'a snapshot above the head, and nobody comes back').toBe(true);
    expect(status !== 'final' || phaseOfRank(highest) === 'final', 'closed without evidence').toBe(true);
  };
}

/** The table's content but for the count of writes. */
function content({ snapshots, head, stored }: Kept) {
  return { snapshots: [...snapshots].sort(([a], [b]) => (a < b ? -1 : 1)), head, watch: stored?.watch };
}

async function inOrder(events: readonly Event[], key: OrderKey): Promise<MemoryTable> {
  const table = createMemoryTable(() => policy);
  for (const event of events) await tell(table, key, event);
  return table;
}

/** What the index has of an account, list by list, but for the count of writes: what the schedule will ask for. */
function listsOf(table: Table, account: string) {
  const lists: readonly List[] = ['live', 'attention', 'final'];
  return Promise.all(
    lists.map(async (list) => {
      const listed = await table.list(account, list, endOfTime, 10);
      return listed.map((order) => ({ ...order, stored: order.stored.watch }));
    }),
  );
}

/** What makes two answers differ, determined without the code under test: all but what moves by itself. */
function whatWasSaid({ state, updatedAfter, version, filled, label }: ResponseOf): string {
  return JSON.stringify([state === 'cancelled' ? 'canceled' : state, updatedAfter, version, filled, label]);
}

const key: OrderKey = { account: 'main', orderId: seedId };

describe('the table in memory, with every interleaving', () => {
  it('ends the same whatever the order, the repeats, the writers and their crashes, and is sound at every step', async () => {
    await fc.assert(
      fc.asyncProperty(writersOf(withCommands, 3), fc.scheduler(), async (writers, scheduler) => {
        const table = createMemoryTable(() => policy);
        const lost = await race(
          table,
          key,
          writers,
          scheduler,
          looksSound(() => table.inspect(key)),
        );
        // At least once: what a crash lost is recorded again.
        for (const event of lost) await tell(table, key, event);
        const events = writers.flatMap((writer) => writer.events);
        expect(content(table.inspect(key))).toEqual(content((await inOrder(events, key)).inspect(key)));
      }),
      parameters,
    );
  });

  it('ends the same with not-found replies among the answers, once the order is known', async () => {
    await fc.assert(
      fc.asyncProperty(answered, writersOf(withNotFound, 3), fc.scheduler(), async (first, writers, scheduler) => {
        const table = createMemoryTable(() => policy);
        await tell(table, key, { answer: first });
        const lost = await race(
          table,
          key,
          writers,
          scheduler,
          looksSound(() => table.inspect(key)),
        );
        for (const event of lost) await tell(table, key, event);
        const events = [{ answer: first }, ...writers.flatMap((writer) => writer.events)];
        expect(content(table.inspect(key))).toEqual(content((await inOrder(events, key)).inspect(key)));
      }),
      parameters,
    );
  });

  it('loses no answer to a reader who saw nothing, and repeats change nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(answered, { minLength: 1, maxLength: 6 }), async (answers) => {
        const table = createMemoryTable(() => policy);
        for (const answer of answers) await tell(table, key, { answer }, { isStale: true });
        const once = content(table.inspect(key));
        expect(once).toEqual(
          content(
            (
              await inOrder(
                answers.map((answer) => ({ answer })),
                key,
              )
            ).inspect(key),
          ),
        );
        expect(once.snapshots.length).toBe(new Set(answers.map(whatWasSaid)).size);
        for (const answer of answers) await tell(table, key, { answer });
        expect(content(table.inspect(key))).toEqual(once);
      }),
      parameters,
    );
  });

  it('is healed by the next check after a crash, even when that check finds the order gone', async () => {
    await fc.assert(
      fc.asyncProperty(writersOf(observationsOnly, 3), fc.scheduler(), async (writers, scheduler) => {
        const table = createMemoryTable(() => policy);
        await race(
          table,
          key,
          writers,
          scheduler,
          looksSound(() => table.inspect(key)),
        );
        const before = table.inspect(key);
        if (before.stored === undefined) {
          expect(before.snapshots.size).toBe(0);
          return;
        }
        await tell(table, key, { notFoundAfter: 100_000 });
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
});

describe('the table on a real engine', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startDynalite();
  });
  afterAll(() => engine.stop());

  it('ends as the table in memory does, lists included, whatever the order, the repeats, the writers and their crashes', async () => {
    const deps = { ...engine, policyOf: () => policy };
    const table = { ...createDynamoTable(deps), ...createDynamoWatchCommandTable(deps) };
    let orders = 0;
    await fc.assert(
      fc.asyncProperty(writersOf(withCommands, 2), fc.scheduler(), async (writers, scheduler) => {
        const own = { account: `account-${++orders}`, orderId: 'ORDER' };
        const lost = await race(table, own, writers, scheduler, () => undefined);
        for (const event of lost) await tell(table, own, event);
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
