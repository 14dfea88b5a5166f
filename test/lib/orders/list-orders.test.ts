import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AccountListing } from '../../../lib/accounts/table.ts';
import { orderList } from '../../../lib/api/presenters.ts';
import { listOrdersRequest } from '../../../lib/api/requests.ts';
import type { ListedOrder, OrderList } from '../../../lib/api/responses.ts';
import { createListOrders } from '../../../lib/orders/list-orders.ts';
import { createDynamoReader } from '../../../lib/snapshots/dynamo-reader.ts';
import { watchItem } from '../../../lib/snapshots/items.ts';
import { snapshotOf } from '../../../lib/snapshots/snapshot.ts';
import { type OrderSummary, orderSummaryOf } from '../../../lib/snapshots/summary.ts';
import { join, type WatchDelta } from '../../../lib/snapshots/watch.ts';
import { type Engine, startDynalite } from '../../engines.ts';
import { observationOf, opened, start } from '../snapshots/observations.ts';
import { policy } from '../snapshots/table-contract.ts';
import { writeItems } from '../snapshots/write-items.ts';
import { failureOf } from '../thrown.ts';
import { createVirtualClock } from '../virtual-clock.ts';

const runs = Number(process.env['RUNS'] ?? 25);
const clock = createVirtualClock(start + 60_000);
/** Accounts are made up as the tests go: each test has its own, because the engine is shared. */
const accounts = { has: (account: string) => account !== 'nobody' };

/** The latest list of each account. */
const latestLists = new Map<string, AccountListing>();

let engine: Engine;
/** The use case as the API calls it: from the parameters of a request to its response. */
let listOrders: (parameters: Parameters<typeof listOrdersRequest>[0]) => Promise<OrderList>;
beforeAll(async () => {
  engine = await startDynalite();
  const reader = createDynamoReader({ ...engine, clock });
  const read = createListOrders({ accounts, reader, readLatestList: async (account) => latestLists.get(account) });
  listOrders = async (parameters) => {
    const request = listOrdersRequest(parameters);
    return orderList(request, await read(request), clock.now());
  };
});
afterAll(() => engine.stop());

let made = 0;
function newAccount(): string {
  return `account-${++made}`;
}

function rankOf(state: string, updatedAfter: number): string {
  const reply = { ...opened, state, updatedAfter };
  return snapshotOf(observationOf({ account: 'main', orderId: 'ANY' }, reply)).rank;
}

function seen(state: string, updatedAfter: number, requestedAfter: number): WatchDelta {
  const rank = rankOf(state, updatedAfter);
  return {
    openedAt: start,
    announcedRank: rank,
    applied: { rank, at: start + requestedAfter },
    observations: [{ requestedAt: start + requestedAfter, rank }],
  };
}

const noSummary: OrderSummary = orderSummaryOf({ order_state: 'open', last_update_timestamp: start });

async function watch(account: string, watches: Readonly<Record<string, WatchDelta>>): Promise<void> {
  const items = Object.entries(watches).map(([orderId, delta]) =>
    watchItem({ account, orderId }, { watch: join(undefined, delta), revision: 1 }, policy),
  );
  await writeItems(engine, items);
}

async function walk(
  account: string,
  state: OrderList['state'],
  limit: number,
  instrument_name?: string,
): Promise<readonly ListedOrder[]> {
  const orders: ListedOrder[] = [];
  let cursor: string | undefined;
  do {
    const page = await listOrders({ account, state, limit, instrument_name, cursor });
    expect(page.orders.length).toBeLessThanOrEqual(limit);
    if (page.cursor !== undefined) expect(page.orders).not.toEqual([]);
    orders.push(...page.orders);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return orders;
}

function idsOf(orders: readonly ListedOrder[]): readonly string[] {
  return orders.map(({ order_id }) => order_id);
}

function iso(after: number): string {
  return new Date(start + after).toISOString();
}

it("a list of an account's orders is empty where no order was ever requested", async () => {
  const account = newAccount();
  for (const state of ['live', 'final', 'attention'] as const) {
    expect(await listOrders({ account, state })).toEqual({ account, state, orders: [] });
  }
});

it("a list of an account's orders has each order in the list of its state, with its times", async () => {
  const account = newAccount();
  await watch(account, {
    unconfirmed: { openedAt: start + 1 },
    watched: seen('open', 0, 30_500),
    missing: { ...seen('open', 0, 30_000), notFoundAt: [start + 40_000] },
    unknown: seen('paused', 0, 30_000),
    older: seen('filled', 100, 30_000),
    newer: seen('canceled', 200, 30_000),
    stopped: { ...seen('open', 0, 30_000), operator: { at: start, by: 'anna', stopped: true } },
  });
  await watch(newAccount(), { foreign: seen('open', 0, 30_000) });
  expect((await listOrders({ account, state: 'live' })).orders).toEqual([
    { order_id: 'unconfirmed', status: 'unconfirmed', due_at: iso(1), opened_at: iso(1) },
    {
      order_id: 'watched',
      status: 'watched',
      due_at: iso(40_500),
      opened_at: iso(0),
      checked_at: iso(30_500),
      age_seconds: 30,
    },
  ]);
  const checked = { opened_at: iso(0), checked_at: iso(30_000), age_seconds: 30 };
  expect((await listOrders({ account, state: 'attention' })).orders).toEqual([
    { order_id: 'unknown', status: 'unknown', due_at: iso(40_000), ...checked },
    { order_id: 'missing', status: 'missing', due_at: iso(50_000), ...checked },
  ]);
  expect((await listOrders({ account, state: 'final' })).orders).toEqual([
    { order_id: 'newer', status: 'final', closed_at: iso(200), ...checked },
    { order_id: 'older', status: 'final', closed_at: iso(100), ...checked },
  ]);
});

it("a list of an account's orders has what was last seen of each order, and the time of the latest list that confirmed it", async () => {
  const account = newAccount();
  const watched = seen('open', 0, 30_500);
  const summary = { ...noSummary, order_state: 'open', instrument_name: 'BTC-PERPETUAL', filled_amount: '1.50' };
  const applied = watched.applied && { ...watched.applied, summary };
  await watch(account, {
    covered: { ...watched, applied, listed: { at: start + 31_000, present: true } },
    vanished: { ...watched, applied, listed: { at: start + 40_000, present: false } },
  });
  latestLists.set(account, { at: start + 55_000, orders: 1, ordersReadAt: start });
  const { orders } = await listOrders({ account, state: 'live' });
  const shown = new Map(orders.map((order) => [order.order_id, order]));
  expect(shown.get('covered')).toMatchObject({ order_state: 'open', filled_amount: '1.50', checked_at: iso(55_000) });
  expect(shown.get('covered')).toMatchObject({ age_seconds: 5, last_update_timestamp: start });
  expect(shown.get('vanished')).toMatchObject({ instrument_name: 'BTC-PERPETUAL', checked_at: iso(30_500) });
});

it("a list of an account's orders says of a missing order when the histories were last searched for it", async () => {
  const account = newAccount();
  await watch(account, {
    missing: { ...seen('open', 0, 30_000), notFoundAt: [start + 40_000], lookedUpAt: [start + 41_000] },
  });
  const { orders } = await listOrders({ account, state: 'attention' });
  expect(orders).toMatchObject([{ status: 'missing', looked_up_at: iso(41_000), due_at: iso(50_000) }]);
});

it("a list of an account's orders has each order once under its instrument, in pages of any size", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { maxLength: 12 }),
      fc.integer({ min: 1, max: 5 }),
      async (wanted, limit) => {
        const account = newAccount();
        const watches = wanted.map((isWanted, i): [string, WatchDelta] => {
          const delta = seen('open', 0, 30_000 + i);
          const summary = { ...noSummary, instrument_name: isWanted ? 'ETH-PERPETUAL' : 'BTC-PERPETUAL' };
          return [`ORDER-${i}`, { ...delta, applied: delta.applied && { ...delta.applied, summary } }];
        });
        await watch(account, Object.fromEntries(watches));
        const found = await walk(account, 'live', limit, 'ETH-PERPETUAL');
        const expected = watches.map(([id]) => id).filter((_, i) => wanted[i]);
        expect(idsOf(found)).toEqual(expected);
      },
    ),
    { numRuns: runs },
  );
});

it("a list of an account's orders has twenty orders a page by default", async () => {
  const account = newAccount();
  const ids = Array.from({ length: 25 }, (_, i) => `ORDER-${100 + i}`);
  await watch(account, Object.fromEntries(ids.map((id, i) => [id, { openedAt: start + i }])));
  const { orders, cursor = '' } = await listOrders({ account, state: 'live' });
  expect(idsOf(orders)).toEqual(ids.slice(0, 20));
  const second = await listOrders({ account, state: 'live', cursor });
  expect(idsOf(second.orders)).toEqual(ids.slice(20));
  expect(second.cursor).toBeUndefined();
  expect((await listOrders({ account, state: 'live', limit: 25 })).cursor).toBeUndefined();
});

it("a list of an account's orders is complete, unique and in order, in pages of any size", async () => {
  const after = fc.constantFrom(0, 1, 2, 3);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(after, fc.boolean()), { maxLength: 12 }),
      fc.integer({ min: 1, max: 13 }),
      async (orders, limit) => {
        const account = newAccount();
        const watches = orders.map(([time, isFinal], i): [string, WatchDelta] => [
          `ORDER-${i}`,
          isFinal ? seen('filled', time, 30_000) : { openedAt: start + time },
        ]);
        await watch(account, Object.fromEntries(watches));
        const live = await walk(account, 'live', limit);
        const final = await walk(account, 'final', limit);
        const idsWhere = (wanted: boolean) =>
          watches
            .map(([id]) => id)
            .filter((_, i) => orders[i]?.[1] === wanted)
            .toSorted();
        expect(idsOf(live).toSorted()).toEqual(idsWhere(false));
        expect(idsOf(final).toSorted()).toEqual(idsWhere(true));
        const due = live.map(({ due_at }) => due_at);
        const closed = final.map(({ closed_at }) => closed_at);
        expect(due).toEqual(due.toSorted());
        expect(closed).toEqual(closed.toSorted().toReversed());
      },
    ),
    { numRuns: 3 * runs },
  );
});

it("a list of an account's orders continues after an order that has left the list meanwhile", async () => {
  const account = newAccount();
  await watch(account, { a: { openedAt: start + 1 }, b: { openedAt: start + 2 }, c: { openedAt: start + 3 } });
  const { cursor = '' } = await listOrders({ account, state: 'live', limit: 1 });
  await watch(account, { a: seen('filled', 0, 30_000) });
  expect(idsOf((await listOrders({ account, state: 'live', cursor })).orders)).toEqual(['b', 'c']);
});

it('a request for a list is refused for an account that the stage lacks', async () => {
  expect((await failureOf(listOrders({ account: 'nobody', state: 'live' }))).code).toBe('unknown_account');
});

it('a request for a list is refused for the cursor of another list, and reveals nothing of it', async () => {
  const account = newAccount();
  const other = newAccount();
  for (const each of [account, other]) {
    await watch(each, { a: { openedAt: start }, b: { openedAt: start + 1 }, c: seen('filled', 0, 0) });
  }
  const { cursor = '' } = await listOrders({ account, state: 'live', limit: 1 });
  for (const request of [
    { account: other, state: 'live' },
    { account, state: 'final' },
    { account, state: 'attention' },
  ] as const) {
    const failure = await failureOf(listOrders({ ...request, cursor }));
    expect(failure).toMatchObject({ code: 'bad_request', members: { parameters: ['cursor'] } });
  }
});
