import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { createSnapshotStore } from '../../../lib/snapshots/store.ts';
import { transitionOf } from '../../../lib/transitions/events.ts';
import { stateChangesOf } from '../../../lib/transitions/history.ts';
import { imagesOf } from '../../../lib/transitions/stream.ts';
import { seedId } from '../../emulator/exchange/seed-order.ts';
import { createMemoryTable } from '../snapshots/memory-table.ts';
import { anyReply, observationOf } from '../snapshots/observations.ts';
import { policy } from '../snapshots/table-contract.ts';
import { withStream } from './stream-records.ts';

const key = { account: 'main', orderId: seedId };

it('the events rebuilt from the snapshots are those of the stream, whether or not some snapshots were late', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyReply, { minLength: 1, maxLength: 12 }),
      fc.infiniteStream(fc.nat()),
      async (all, rows) => {
        const memory = createMemoryTable(() => policy);
        const { table, records } = withStream(memory);
        const store = createSnapshotStore(table);
        // One check after the other, as one sweep makes them; what they say may still be late.
        for (const [i, reply] of all.entries())
          await store.record(observationOf(key, { ...reply, requestedAfter: i * 6_000 }));
        const streamed = records.map((record) => transitionOf(imagesOf(record)));
        const heads = streamed.filter((event) => event?.name === 'OrderStateChanged');
        const snapshots = [...memory.inspect(key).snapshots.values()];
        const shuffled = snapshots.toSorted(() => (Number(rows.next().value) % 2) - 0.5);
        expect(stateChangesOf(shuffled)).toEqual(heads);
      },
    ),
    { numRuns: 100 },
  );
});

it('an order without snapshots has no events to rebuild', () => {
  expect(stateChangesOf([])).toEqual([]);
});
