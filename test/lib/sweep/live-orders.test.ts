import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { orangex } from '../../../lib/exchange/dialects/orangex.ts';
import { rankOf } from '../../../lib/snapshots/rank.ts';
import type { IndexedOrder, StoredWatch } from '../../../lib/snapshots/table.ts';
import { statusOf } from '../../../lib/snapshots/watch.ts';
import { createLiveOrders, type LiveOrders } from '../../../lib/sweep/live-orders.ts';
import { startTime } from '../accounts/environment.ts';
import { observationOf, opened } from '../snapshots/observations.ts';

const account = 'main';
const policy = { minMs: 10_000, maxMs: 600_000 };
const rank = rankOf(observationOf({ account, orderId: 'a' }, opened).order, orangex.volatile);
const orderIds = ['a', 'b', 'c'] as const;

type Step = {
  readonly kind: 'set' | 'list' | 'hide' | 'show' | 'confirm' | 'wait';
  readonly of: number;
  readonly ms: number;
};

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('set', 'list', 'hide', 'show', 'confirm', 'wait'),
  of: fc.nat({ max: orderIds.length - 1 }),
  ms: fc.integer({ min: 1, max: 40_000 }),
});

/** The second list is of a sweep that may not have read the order: it makes the order due earlier. */
const unread: readonly Step[] = [
  { kind: 'set', of: 0, ms: 1 },
  { kind: 'wait', of: 0, ms: 20_000 },
  { kind: 'confirm', of: 0, ms: 20_000 },
  { kind: 'wait', of: 0, ms: 20_000 },
  { kind: 'confirm', of: 0, ms: 10_000 },
];

/** The order is set aside for less time than before. */
const hiddenForLess: readonly Step[] = [
  { kind: 'hide', of: 1, ms: 10_001 },
  { kind: 'list', of: 1, ms: 20_110 },
  { kind: 'hide', of: 1, ms: 1 },
  { kind: 'wait', of: 0, ms: 10_000 },
];

/** Takes the steps, and returns what is due after each, or only at the end. */
async function dueAfter(steps: readonly Step[], looks: 'after each' | 'at the end'): Promise<readonly string[]> {
  let now = startTime;
  let revision = 0;
  let index: readonly IndexedOrder[] = [];
  const orders = createLiveOrders({
    list: async (_, list) => (list === 'live' ? index : []),
    account,
    policy,
    graceMs: 30_000,
  });
  for (const { kind, of, ms } of steps) {
    const orderId = orderIds[of] ?? 'a';
    const stored = { watch: watchOf(now, ms), revision: ++revision };
    if (kind === 'list') index = [listed(orderId, stored)];
    if (kind === 'wait') now += ms;
    await act(orders, { kind, orderId, stored, now, ms });
    index = [];
    if (looks === 'after each') orders.due(now);
  }
  const due = orders.due(now);
  expect(orders.nextDue(now)).toBe(due[0]);
  return due.map(({ orderId }) => orderId);
}

type Act = Pick<Step, 'kind' | 'ms'> & { readonly orderId: string; readonly stored: StoredWatch; readonly now: number };

async function act(orders: LiveOrders, { kind, orderId, stored, now, ms }: Act): Promise<void> {
  if (kind === 'set') orders.set(orderId, stored);
  if (kind === 'list') await orders.refresh(now);
  if (kind === 'hide') orders.hide(orderId, now + ms);
  if (kind === 'show') orders.show(orderId);
  if (kind === 'confirm') orders.confirm({ at: now, ordersReadAt: now - ms });
}

/** Opened and seen now, and in a list by then or not. */
function watchOf(now: number, ms: number): StoredWatch['watch'] {
  const applied = { rank, at: now };
  const watch = {
    openedAt: now,
    announcedRank: rank,
    applied,
    observations: [{ requestedAt: now, rank }],
    notFoundAt: [],
  };
  return ms % 2 === 0 ? watch : { ...watch, listed: { at: now, present: true } };
}

function listed(orderId: string, stored: StoredWatch): IndexedOrder {
  const { openedAt } = stored.watch;
  return { account, orderId, status: statusOf(stored.watch), at: openedAt, seenAt: openedAt, failing: false, stored };
}

it('which orders are due does not depend on when a sweep looked before', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps: readonly Step[]) => {
      expect(await dueAfter(steps, 'after each')).toEqual(await dueAfter(steps, 'at the end'));
    }),
    { numRuns: 500, examples: [[unread], [hiddenForLess]] },
  );
});
