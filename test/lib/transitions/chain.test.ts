import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import * as z from 'zod/mini';
import { writeJson } from '../../../lib/exchange/json.ts';
import { createSnapshotStore } from '../../../lib/snapshots/store.ts';
import { statusOf, type WatchStatus } from '../../../lib/snapshots/watch.ts';
import { applyWatchCommand } from '../../../lib/snapshots/watch-command.ts';
import { transitionOf } from '../../../lib/transitions/events.ts';
import { eventSchemas } from '../../../lib/transitions/schemas.ts';
import { imagesOf } from '../../../lib/transitions/stream.ts';
import { seedId } from '../../emulator/exchange/seed-order.ts';
import { createMemoryTable } from '../snapshots/memory-table.ts';
import { anyReply, observationOf, opened, type ReplyFields, start } from '../snapshots/observations.ts';
import { policy } from '../snapshots/table-contract.ts';
import { withStream } from './stream-records.ts';

const key = { account: 'main', orderId: seedId };

const requested: ReplyFields = { ...opened, label: 'a' };

type Recorded =
  | { readonly reply: ReplyFields }
  | { readonly notFoundAfter: number }
  | { readonly commandAfter: number; readonly stopped: boolean };
const reported: fc.Arbitrary<Recorded> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ reply: anyReply }) },
  { weight: 1, arbitrary: fc.record({ notFoundAfter: fc.integer({ min: 0, max: 60_000 }) }) },
  { weight: 1, arbitrary: fc.record({ commandAfter: fc.integer({ min: 0, max: 60_000 }), stopped: fc.boolean() }) },
);

it('whatever the store records, the events of an order form a chain without gaps, one per rise, and the same when replayed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(reported, { minLength: 1, maxLength: 12 }), async (all) => {
      const memory = createMemoryTable(() => policy);
      const { table, records } = withStream(memory);
      const store = createSnapshotStore(table);
      for (const one of all) {
        if ('reply' in one) await store.record(observationOf(key, one.reply));
        else if ('commandAfter' in one) {
          const { commandAfter, stopped } = one;
          await applyWatchCommand(table, {
            ...key,
            at: start + commandAfter,
            by: 'anna',
            stopped,
            requestId: `command-${commandAfter}`,
          });
        } else {
          const requestedAt = start + 10_000 + one.notFoundAfter;
          await store.recordNotFound({
            ...key,
            requestedAt,
            requestId: `miss-${requestedAt}`,
            observedBy: 'check-open-orders',
          });
        }
      }
      const replay = () => records.map((record) => transitionOf(imagesOf(record))).filter((e) => e !== undefined);
      const events = replay();
      expect(replay()).toEqual(events);
      expect(new Set(events.map(({ detail }) => detail.id)).size).toBe(events.length);
      for (const { name, detail } of events) {
        const parsed = z.safeParse(eventSchemas[name], JSON.parse(writeJson(detail)));
        expect(parsed.error).toBeUndefined();
      }

      let rank: string | undefined;
      let alarmed: WatchStatus | undefined;
      let letGo = false;
      for (const event of events) {
        if (event.name === 'OrderStateChanged') {
          const { from } = event.detail;
          expect(from?.rank).toBe(rank);
          expect(rank === undefined || event.detail.rank > rank).toBe(true);
          rank = event.detail.rank;
        } else {
          // Every alarming status has a start and an end.
          const { name } = event;
          const { from, to } = event.detail;
          if (alarmed !== undefined) expect(from).toBe(alarmed);
          // So has every command that stops a watch.
          expect(from === 'stopped').toBe(letGo);
          expect(name === 'WatchStopped').toBe(to === 'stopped');
          letGo = to === 'stopped';
          alarmed = to === 'missing' || to === 'inconsistent' ? to : undefined;
        }
      }
      const { head, stored } = memory.inspect(key);
      expect(rank).toBe(head?.rank);
      const status = stored && statusOf(stored.watch);
      expect(letGo).toBe(status === 'stopped');
      expect(alarmed).toBe(status === 'missing' || status === 'inconsistent' ? status : undefined);
    }),
    { numRuns: 200 },
  );
});

it('a late snapshot is stored without an event', async () => {
  const { table, records } = withStream(createMemoryTable(() => policy));
  const store = createSnapshotStore(table);
  await store.record(observationOf(key, { ...requested, state: 'filled', updatedAfter: 5_000 }));
  const before = records.length;
  await store.record(observationOf(key, { ...requested, requestedAfter: 10 }));
  expect(records.slice(before).map((record) => transitionOf(imagesOf(record)))).toEqual([undefined]);
});
