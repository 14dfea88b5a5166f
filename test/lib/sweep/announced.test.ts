import { expect, it } from 'vitest';
import { systemClock as clock } from '../../../lib/clock.ts';
import { Logger } from '../../../lib/log.ts';
import { createCheckOrder } from '../../../lib/orders/check-order.ts';
import { createSnapshotStore } from '../../../lib/snapshots/store.ts';
import { createSweep } from '../../../lib/sweep/sweep.ts';
import { createOrderChecks } from '../../../lib/wiring/order-checks.ts';
import { startTestBedForFile, testBed } from '../test-bed-for-file.ts';
import { sweepRequest } from './sweep-scene.ts';

startTestBedForFile();

const wiring = () => createOrderChecks({ ...testBed, clock, priority: 'interactive', logger: new Logger() });

/** A separate process that sweeps for a second. */
async function sweepOnce(): Promise<void> {
  const { checkOrder, snapshotTable, store } = wiring();
  const { list } = snapshotTable;
  const deps = { checkOrder, list, store, onDrift: () => {}, clock };
  const sweep = createSweep({ ...deps, listedAccount: () => undefined });
  await sweep({
    ...sweepRequest,
    until: clock.now() + 1_000,
    policy: { minMs: 10_000, maxMs: 600_000 },
  });
}

it("a sweep does not check an order while another request's result for that order is still being written", async () => {
  const id = testBed.orangex.place();
  const { accounts, snapshotTable } = wiring();
  let sweeps = 0;
  const store = createSnapshotStore({
    ...snapshotTable,
    // Announced by now, and not yet written: another process sweeps meanwhile.
    putSnapshot: async (snapshot) => {
      sweeps++;
      await sweepOnce();
      return snapshotTable.putSnapshot(snapshot);
    },
  });
  const checkOrder = createCheckOrder({ accounts, store, clock, onDrift: () => {} });
  const deadline = clock.now() + 20_000;
  const request = { account: 'main', orderId: id, maxAgeMs: 0, observedBy: 'get-order', requestId: 'r', deadline };
  expect(await checkOrder(request)).toMatchObject({ changed: true, watched: true });
  expect(sweeps).toBe(1);
  expect(testBed.orangex.count('get_order_state')).toBe(1);
});
