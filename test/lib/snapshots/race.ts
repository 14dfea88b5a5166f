import * as fc from 'fast-check';
import { expect } from 'vitest';
import { phaseOfRank } from '../../../lib/snapshots/rank.ts';
import type { OrderKey } from '../../../lib/snapshots/snapshot.ts';
import { createSnapshotStore } from '../../../lib/snapshots/store.ts';
import type { ListName, SnapshotTable, StoredWatch, WatchCommandTable } from '../../../lib/snapshots/table.ts';
import { isOpen, statusOf } from '../../../lib/snapshots/watch.ts';
import { applyWatchCommand } from '../../../lib/snapshots/watch-command.ts';
import { endOfTime } from '../../../lib/time.ts';
import { seedId } from '../../emulator/exchange/seed-order.ts';
import { Crash, type FaultCase, faultCases, withInterference } from './interference.ts';
import { createMemoryTable, type MemoryTable, type StoredOrder } from './memory-table.ts';
import { anyReply, observationOf, type ReplyFields, start } from './observations.ts';
import { policy } from './table-contract.ts';

/** The steps of one writer, in order. */
type Event =
  /** Listed: as a row of the account's list of open orders, requested when the reply was. */
  | { readonly reply: ReplyFields; readonly listed?: boolean }
  | { readonly unlistedAfter: number }
  | { readonly lookedUpAfter: number }
  | { readonly notFoundAfter: number }
  | { readonly failedAfter: number; readonly own: boolean }
  | { readonly command: { readonly after: number; readonly by: string; readonly stopped: boolean } };

export type Writer = { readonly events: readonly Event[]; readonly faultCases: readonly FaultCase[] };
export const observationsOnly: fc.Arbitrary<Event> = fc.record({ reply: anyReply, listed: fc.boolean() });

/** So few moments that some are shared: then, too, all have to agree on the latest command. */
const commands: fc.Arbitrary<Event> = fc.record({
  command: fc.record({
    after: fc.integer({ min: 0, max: 5 }),
    by: fc.constantFrom('anna', 'ben'),
    stopped: fc.boolean(),
  }),
});

export const withCommands: fc.Arbitrary<Event> = fc.oneof(
  { weight: 3, arbitrary: observationsOnly },
  { weight: 2, arbitrary: commands },
);

export const withNotFound: fc.Arbitrary<Event> = fc.oneof(
  { weight: 3, arbitrary: withCommands },
  { weight: 1, arbitrary: fc.record({ notFoundAfter: fc.integer({ min: 0, max: 60_000 }) }) },
  { weight: 1, arbitrary: fc.record({ unlistedAfter: fc.integer({ min: 0, max: 60_000 }) }) },
  { weight: 1, arbitrary: fc.record({ lookedUpAfter: fc.integer({ min: 0, max: 60_000 }) }) },
  { weight: 1, arbitrary: fc.record({ failedAfter: fc.integer({ min: 0, max: 60_000 }), own: fc.boolean() }) },
);

export function writersOf(event: fc.Arbitrary<Event>, maxLength: number): fc.Arbitrary<readonly Writer[]> {
  const events = fc.array(event, { minLength: 1, maxLength });
  return fc.array(fc.record({ events, faultCases }), { minLength: 1, maxLength });
}

type Table = SnapshotTable & WatchCommandTable;

/** What a writer keeps in memory from one event to the next. */
type Known = { watch?: StoredWatch; readonly isStale?: boolean };

/** Records one event in the store. `known`: the watch as its writer saw it before, and what takes it as it is now. */
export async function recordEvent(table: Table, key: OrderKey, event: Event, known: Known = {}): Promise<void> {
  const store = createSnapshotStore(table);
  if ('reply' in event) {
    const reply = observationOf(key, event.reply);
    const observation = event.listed ? { ...reply, listedAt: reply.provenance.requestedAt } : reply;
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

/** Runs the writers concurrently, interleaved at every request as the scheduler decides; returns what crashes lost. */
export async function race(
  table: Table,
  key: OrderKey,
  writers: readonly Writer[],
  scheduler: fc.Scheduler,
  watcher: () => void,
): Promise<readonly Event[]> {
  const lost: Event[] = [];
  const run = async (writer: Writer, index: number) => {
    const turn = (request: string) => scheduler.schedule(Promise.resolve(), `writer ${index}: ${request}`);
    const own = withInterference(table, { faultCases: writer.faultCases, turn, watcher });
    const known: Known = {};
    for (const event of writer.events) {
      try {
        await recordEvent(own, key, event, known);
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
export function looksSound(inspect: () => StoredOrder): () => void {
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
export function content({ snapshots, head, stored }: StoredOrder) {
  return { snapshots: [...snapshots].sort(([a], [b]) => (a < b ? -1 : 1)), head, watch: stored?.watch };
}

export async function inOrder(events: readonly Event[], key: OrderKey): Promise<MemoryTable> {
  const table = createMemoryTable(() => policy);
  for (const event of events) await recordEvent(table, key, event);
  return table;
}

/** What the index has of an account, list by list, but for the count of writes: what the schedule will ask for. */
export function listsOf(table: Table, account: string) {
  const lists: readonly ListName[] = ['live', 'attention', 'final'];
  return Promise.all(
    lists.map(async (list) => {
      const listed = await table.list(account, list, endOfTime, 10);
      return listed.map((order) => ({ ...order, stored: order.stored.watch }));
    }),
  );
}

export const key: OrderKey = { account: 'main', orderId: seedId };
