import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { asFailure, type Code, Failure } from '../../../lib/errors.ts';
import { orangex } from '../../../lib/exchange/dialects/orangex.ts';
import { createCheckOrder } from '../../../lib/orders/check-order.ts';
import { orderIn } from '../../../lib/snapshots/snapshot.ts';
import { createSnapshotStore } from '../../../lib/snapshots/store.ts';
import { createSweep } from '../../../lib/sweep/sweep.ts';
import { createEnvironment, startTime } from '../accounts/environment.ts';
import { createMemoryTable } from '../snapshots/memory-table.ts';
import { sweepRequest } from './sweep-scene.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const numRuns = Number(process.env['RUNS'] ?? 8);
console.log(`failing orders: ${numRuns} runs, SEED=${seed}`);

const tickMs = 60_000;
const policy = { minMs: 10_000, maxMs: 600_000 };
const minutes = 6;

/** How an order behaves, or the code with which each of its checks fails. */
type Behaviour = 'healthy' | Code;

function resultOf(orderId: string): string {
  return `{"order_id":"${orderId}","order_state":"open","amount":"10","price":"1","filled_amount":"0",
    "direction":"buy","order_type":"limit","instrument_name":"BTC-PERPETUAL","time_in_force":"good_til_cancelled",
    "creation_timestamp":${startTime},"last_update_timestamp":${startTime}}`;
}

/**
 * Runs the schedule, with a new process for each tick, over the real store and an exchange with these behaviours; returns
 * when each order was requested, milliseconds since the start. All orders became known at the start.
 */
async function runSchedule(behaviours: readonly Behaviour[], callMs: (code: Behaviour) => number) {
  const environment = createEnvironment();
  const table = createMemoryTable(() => policy);
  const store = createSnapshotStore(table);
  const orderIds = behaviours.map((_, i) => `ORDER-${i}`);
  const requested = new Map<string, number[]>(orderIds.map((orderId) => [orderId, []]));
  for (const orderId of orderIds) {
    await table.putWatch({ account: 'main', orderId }, { openedAt: startTime, observations: [], notFoundAt: [] }, 0);
  }
  const exchange = {
    warmUp: async () => {},
    getOrderState: async (orderId: string) => {
      const requestedAt = environment.now();
      requested.get(orderId)?.push(requestedAt - startTime);
      const behaviour = behaviours[orderIds.indexOf(orderId)] ?? 'healthy';
      await environment.sleep(callMs(behaviour));
      if (behaviour !== 'healthy') throw new Failure(behaviour, 'for the test');
      const resultText = resultOf(orderId);
      return {
        order: orderIn(resultText, orangex),
        resultText,
        exchangeTime: undefined,
        requestedAt,
        receivedAt: environment.now(),
        keyVersion: 'v1',
      };
    },
  };
  const accounts = new Map([['main', { exchange, dialect: orangex }]]);
  const checkOrder = createCheckOrder({ accounts, store, clock: environment, onDrift: () => {} });
  for (let tick = 0; tick < minutes; tick++) {
    const until = startTime + (tick + 1) * tickMs;
    void environment.sleep(tick * tickMs).then(async () => {
      const { list } = table;
      const deps = { checkOrder, list, store, onDrift: () => {}, clock: environment };
      const sweep = createSweep({ ...deps, listedAccount: () => undefined });
      await sweep({
        ...sweepRequest,
        requestId: `tick-${tick}`,
        until,
        policy,
      }).catch((thrown: unknown) => {
        throw asFailure(thrown);
      });
    });
  }
  await environment.run();
  return orderIds.map((orderId, i) => ({ behaviour: behaviours[i], times: requested.get(orderId) ?? [] }));
}

/** How long after its due time a healthy order, which last changed at the start, was ever checked; milliseconds. */
function maxLateness(times: readonly number[]): number {
  const due = times.map((at) => at + Math.max(policy.minMs, at / 10));
  const checked = [...times, minutes * tickMs];
  return Math.max(...checked.map((at, i) => at - (i === 0 ? 0 : (due[i - 1] ?? 0))));
}

it.each<Code>(['exchange_error', 'invalid_response'])(
  'orders that fail permanently with %s, six of ten, do not delay the checks of the other four',
  async (code) => {
    const behaviours: readonly Behaviour[] = [...Array(6).fill(code), ...Array(4).fill('healthy')];
    const orders = await runSchedule(behaviours, () => 50);
    for (const { behaviour, times } of orders) {
      if (behaviour === 'healthy') expect(maxLateness(times)).toBeLessThan(2_000);
      // At 0, 10, 30, 70, 150, 310 seconds: each time twice as long after.
      else expect(times.length).toBeLessThanOrEqual(6);
    }
  },
);

it('orders that fail permanently because the exchange refuses the id, as of a linked order that was never created, are tried less and less often', async () => {
  const [linked] = await runSchedule(['invalid_order_id', 'healthy'], () => 50);
  expect(linked?.times.length).toBeLessThanOrEqual(6);
});

it('orders that fail permanently do not delay the check of any healthy order, whatever their errors', async () => {
  const own = fc.constantFrom<Code>('exchange_error', 'invalid_response', 'not_owner', 'invalid_order_id', 'internal');
  const behaviour: fc.Arbitrary<Behaviour> = fc.oneof(own, fc.constant('healthy' as const));
  await fc.assert(
    fc.asyncProperty(fc.array(behaviour, { minLength: 2, maxLength: 16 }), fc.nat(2_000), async (all, slowMs) => {
      const orders = await runSchedule(all, (each) => (each === 'healthy' ? 50 : slowMs));
      for (const { behaviour, times } of orders) {
        if (behaviour === 'healthy') expect(maxLateness(times)).toBeLessThan(2_000 + all.length * slowMs);
      }
    }),
    { seed, numRuns },
  );
});

it('orders that fail permanently with errors that look like account failures delay a healthy order by at most one backoff each', async () => {
  const any = fc.constantFrom<Code>('exchange_error', 'timeout', 'busy', 'throttled', 'forbidden', 'maintenance');
  const behaviour: fc.Arbitrary<Behaviour> = fc.oneof(any, fc.constant('healthy' as const));
  await fc.assert(
    fc.asyncProperty(fc.array(behaviour, { minLength: 2, maxLength: 8 }), async (all) => {
      const orders = await runSchedule(all, (each) => (each === 'timeout' ? 10_000 : 50));
      const bound = 10_000 + 60_000 * all.filter((each) => each !== 'healthy' && each !== 'exchange_error').length;
      for (const { behaviour, times } of orders) {
        if (behaviour === 'healthy') expect(maxLateness(times)).toBeLessThan(bound);
      }
    }),
    { seed, numRuns },
  );
});
