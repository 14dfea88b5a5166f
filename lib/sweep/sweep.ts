import type { Clock } from '../clock.ts';
import type { CheckOrder } from '../orders/check-order.ts';
import type { SnapshotStore } from '../snapshots/store.ts';
import type { Listed, SnapshotTable } from '../snapshots/table.ts';
import { createChecks } from './checks.ts';
import { createDueOrders } from './due-orders.ts';
import { reportOf, type SweepReport } from './report.ts';

type SweepDeps = {
  readonly checkOrder: CheckOrder;
  readonly list: SnapshotTable['list'];
  readonly recordFailedCheck: SnapshotStore['recordFailedCheck'];
  readonly clock: Clock;
};

export type SweepRequest = {
  readonly account: string;
  readonly requestId: string;
  /** No check starts later; milliseconds since the Unix epoch. */
  readonly until: number;
  /** An order is not checked twice within this, whatever a lagging index says; milliseconds. */
  readonly minCheckMs: number;
  /** How long the exchange remembers closed orders, milliseconds. */
  readonly retentionMs: number;
  /** How many orders the account's share of the rate lets us check in time. */
  readonly capacity: number;
  /** Whether the sweep still holds the account's lease, and no handover was requested. */
  readonly holds: () => boolean;
};

export type Sweep = (request: SweepRequest) => Promise<SweepReport>;

const concurrency = 8;
/** The schedule's own interval: the next tick comes after it. */
const tickMs = 60_000;
/** How often an idle sweep looks for due orders, and any sweep that waits for a requested handover. */
const idleMs = 1_000;

/**
 * Checks the due orders of one account, the longest due first, until its time is over or the account is handed over. An
 * order that fails by itself is backed off in the table and delays no other. While the circuit breaker is not closed,
 * single orders probe the exchange, once a minute at the least. Ends early when nothing falls due before the next tick.
 */
export function createSweep({ list, clock, ...deps }: SweepDeps): Sweep {
  return async (request) => {
    const { account, until, capacity, retentionMs, holds } = request;
    const orders = createDueOrders(list, account);
    const checks = createChecks({ ...deps, ...request, clock, orders });
    const goesOn = () => clock.now() < until && holds();

    /** In short steps, so that a requested handover does not wait. */
    const pause = async (ms: number): Promise<void> => {
      const end = Math.min(clock.now() + ms, until);
      while (clock.now() < end && goesOn()) await clock.sleep(Math.min(idleMs, end - clock.now()));
    };

    const checkTogether = async (due: readonly Listed[]): Promise<void> => {
      const queue = due.values();
      const worker = async () => {
        for (const order of queue) {
          if (!goesOn() || !checks.isClosed() || checks.waitMs() > 0) return;
          await checks.check(order);
        }
      };
      await Promise.all(Array.from({ length: concurrency }, worker));
    };

    while (goesOn()) {
      const due = await orders.ready(clock.now());
      const probe = checks.probeOf(due);
      if (probe === undefined) {
        if (await orders.noneBefore(clock.now() + tickMs)) break;
        await pause(idleMs);
        continue;
      }
      await (checks.isClosed() ? checkTogether(due) : checks.check(probe));
      await pause(checks.waitMs());
    }

    const now = clock.now();
    const isChecked = (orderId: string) => orders.isHidden(orderId, now);
    const options = { now, retentionMs, capacity, isChecked, isFailing: checks.isFailing };
    return reportOf(checks.counts(), await orders.view(now, capacity), options);
  };
}
