import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeCursor } from '../../../lib/api/cursor.ts';
import type { SnapshotRow } from '../../../lib/api/responses.ts';
import { snapshotItem } from '../../../lib/snapshots/items.ts';
import { updatedAtOfRank } from '../../../lib/snapshots/rank.ts';
import { type OrderKey, snapshotOf } from '../../../lib/snapshots/snapshot.ts';
import { anyReply, observationOf, opened, start } from '../snapshots/observations.ts';
import { writeItems } from '../snapshots/write-items.ts';
import { failureOf } from '../thrown.ts';
import {
  engine,
  hour,
  iso,
  newKey,
  type Requested,
  ranksOf,
  request,
  runs,
  startEngineForFile,
  writeHistory,
} from './histories.ts';

startEngineForFile();

/** All pages, each row with the cursor's help once. */
async function walk(key: OrderKey, requested: Requested): Promise<readonly SnapshotRow[]> {
  const rows: SnapshotRow[] = [];
  let cursor: string | undefined;
  do {
    const page = await request(key, { ...requested, ...(cursor !== undefined && { cursor }) });
    rows.push(...page.snapshots);
    cursor = page.cursor;
    // A page that leads on has something in it, or nobody would ever arrive.
    if (cursor !== undefined) expect(page.snapshots).not.toEqual([]);
  } while (cursor !== undefined);
  return rows;
}

it('the history of an order is empty for an order that was never seen', async () => {
  const key = newKey();
  expect(await request(key)).toEqual({ account: 'main', order_id: key.orderId, snapshots: [] });
  expect(await request(key, { at: iso(0) })).toMatchObject({ snapshots: [] });
  expect(await request(key, { believed_at: iso(0) })).toMatchObject({ snapshots: [], audit_entries: [] });
});

it('the history of an order has each state with its provenance, and what changed since the state before', async () => {
  const key = newKey();
  const [filled, open] = await writeHistory(key, [{}, { state: 'filled', filled: '10', updatedAfter: 7, version: 2 }]);
  if (!filled || !open) throw new Error('two snapshots');
  const { snapshots } = await request(key);
  expect(snapshots[0]).toEqual({
    rank: filled.rank,
    digest: expect.stringMatching(/^[0-9a-f]{32}$/),
    order: filled.order,
    final: true,
    requested_at: iso(10_000),
    first_observed_at: iso(10_050),
    request_id: filled.provenance.requestId,
    observed_by: 'get-order',
    key_version: 'v1',
    changes: [
      { field: 'order_state', from: 'open', to: 'filled' },
      { field: 'last_update_timestamp', from: start, to: start + 7 },
      { field: 'filled_amount', from: '0', to: '10' },
      { field: 'version', from: 1, to: 2 },
    ],
  });
  expect(filled.rank.endsWith(snapshots[0]?.digest ?? 'none')).toBe(true);
  expect(snapshots[1]).toMatchObject({ rank: open.rank, final: false, changes: [] });
  expect(snapshots).toHaveLength(2);
});

it('the history of an order has the exchange’s time where the exchange sent one', async () => {
  const key = newKey();
  const snapshot = { ...snapshotOf(observationOf(key, opened)), exchangeTime: start + 5 };
  await writeItems(engine, [snapshotItem(snapshot)]);
  expect((await request(key)).snapshots).toMatchObject([{ exchange_time: iso(5) }]);
});

it('the history of an order compares the oldest row of a page and of a range with the state before it', async () => {
  const key = newKey();
  await writeHistory(
    key,
    ['1', '2', '3'].map((filled, i) => ({ filled, updatedAfter: i })),
  );
  const filled = { field: 'filled_amount', from: '1', to: '2' };
  const [, oldestOfPage] = (await request(key, { limit: 2 })).snapshots;
  expect(oldestOfPage?.changes).toContainEqual(filled);
  const [, oldestOfRange, ...others] = (await request(key, { since: iso(1) })).snapshots;
  expect(oldestOfRange?.changes).toContainEqual(filled);
  expect(others).toEqual([]);
});

it('the history of an order has twenty rows a page by default', async () => {
  const key = newKey();
  const kept = await writeHistory(
    key,
    Array.from({ length: 25 }, (_, i) => ({ updatedAfter: i })),
  );
  const first = await request(key);
  expect(ranksOf(first.snapshots)).toEqual(ranksOf(kept.slice(0, 20)));
  const second = await request(key, first.cursor === undefined ? {} : { cursor: first.cursor });
  expect(ranksOf(second.snapshots)).toEqual(ranksOf(kept.slice(20)));
  expect(second.cursor).toBeUndefined();
  expect((await request(key, { limit: 25 })).cursor).toBeUndefined();
  expect((await request(key, { since: iso(5) })).cursor).toBeUndefined();
  expect(await request(key, { since: iso(4) })).toHaveProperty('cursor');
});

it('the history of an order is complete, unique and in order, in pages of any size and in any range', async () => {
  const after = fc.option(fc.constantFrom(0, 1, 2, 3, 4_999, 5_000, 5_001), { nil: undefined });
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyReply, { maxLength: 12 }),
      fc.integer({ min: 1, max: 13 }),
      after,
      after,
      async (states, limit, sinceAfter, untilAfter) => {
        fc.pre(sinceAfter === undefined || untilAfter === undefined || sinceAfter <= untilAfter);
        const key = newKey();
        const kept = await writeHistory(key, states);
        const rows = await walk(key, {
          limit,
          ...(sinceAfter !== undefined && { since: iso(sinceAfter) }),
          ...(untilAfter !== undefined && { until: iso(untilAfter) }),
        });
        const inRange = kept.filter(({ rank }) => {
          const updatedAfter = updatedAtOfRank(rank) - start;
          return updatedAfter >= (sinceAfter ?? 0) && updatedAfter <= (untilAfter ?? hour);
        });
        expect(ranksOf(rows)).toEqual(ranksOf(inRange));
        const first = kept.at(-1);
        for (const { rank, changes } of rows) expect(changes.length === 0).toBe(rank === first?.rank);
      },
    ),
    { numRuns: runs },
  );
});

it('the history of an order shows what arrives while somebody pages through, if it is older than the page', async () => {
  const key = newKey();
  const kept = await writeHistory(key, [{ updatedAfter: 1 }, { updatedAfter: 5 }, { updatedAfter: 9 }]);
  const { cursor = '' } = await request(key, { limit: 1 });
  const [late] = await writeHistory(key, [{ updatedAfter: 7 }]);
  expect(ranksOf((await request(key, { cursor })).snapshots)).toEqual(
    ranksOf([late, ...kept.slice(1)].filter((s) => !!s)),
  );
});

it.each<[string, Requested, readonly string[], string]>([
  [
    'a limit with at',
    { at: iso(0), limit: 5 },
    ['limit'],
    'Parameter "limit" cannot be combined with at: leave it out.',
  ],
  [
    'since and until with believed_at',
    { believed_at: iso(0), since: iso(0), until: iso(1) },
    ['since', 'until'],
    'Parameter "since" cannot be combined with believed_at: leave it out. Parameter "until" cannot be combined with believed_at: leave it out.',
  ],
  [
    'a cursor with both times',
    { at: iso(0), believed_at: iso(0), cursor: 'AAAA' },
    ['cursor'],
    'Parameter "cursor" cannot be combined with at and believed_at: leave it out.',
  ],
  ['since after until', { since: iso(1), until: iso(0) }, ['since'], 'Parameter "since" must not be later than until.'],
])('a request for the history of an order is refused for %s', async (_, requested, parameters, message) => {
  const failure = await failureOf(request(newKey(), requested));
  expect(failure).toMatchObject({ code: 'bad_request', message, members: { parameters } });
});

it('a request for the history of an order is refused for an account that the stage lacks', async () => {
  expect((await failureOf(request(newKey('nobody')))).code).toBe('unknown_account');
});

it('a request for the history of an order is refused for the cursor of another list, and reveals nothing of it', async () => {
  const key = newKey();
  const foreign = newKey('other');
  for (const each of [key, foreign])
    await writeHistory(each, [{ updatedAfter: 1 }, { updatedAfter: 2 }, { updatedAfter: 3 }]);
  const { cursor = '' } = await request(key, { limit: 1, since: iso(0) });
  expect(await request(key, { limit: 2, since: iso(0), cursor })).toHaveProperty('snapshots.length', 2);
  for (const [other, requested] of [
    [foreign, { since: iso(0) }],
    [{ ...key, account: 'other' }, { since: iso(0) }],
    [{ ...foreign, account: 'main' }, { since: iso(0) }],
    [key, { since: iso(1) }],
    [key, { since: iso(0), until: iso(5) }],
    [key, {}],
  ] as const) {
    const failure = await failureOf(request(other, { ...requested, cursor }));
    expect(failure).toMatchObject({ code: 'bad_request', members: { parameters: ['cursor'] } });
  }
});

it('a forged cursor leads to nothing outside of its range', async () => {
  const key = newKey();
  const [newest, , oldest] = await writeHistory(key, [{ updatedAfter: 1 }, { updatedAfter: 2 }, { updatedAfter: 3 }]);
  const range = { since: iso(2), until: iso(2) };
  const scope = ['listSnapshots', key.account, key.orderId, start + 2, start + 2];
  for (const { rank } of [newest, oldest].filter((snapshot) => !!snapshot)) {
    const failure = await failureOf(request(key, { ...range, cursor: writeCursor(scope, rank) }));
    expect(failure).toMatchObject({ code: 'bad_request', members: { parameters: ['cursor'] } });
  }
});

/** By default some more than DynamoDB reads in one request. */
const many = Number(process.env['SNAPSHOTS'] ?? 2_000);

describe('a long history', () => {
  const key = { account: 'main', orderId: 'LONG' };
  let requests = 0;
  beforeAll(async () => {
    const snapshots = Array.from({ length: many }, (_, i) =>
      snapshotOf(
        observationOf(key, { ...opened, updatedAfter: i * 1_000, filled: String(i), requestedAfter: i * 1_000 }),
      ),
    );
    await writeItems(engine, snapshots.map(snapshotItem));
    engine.client.middlewareStack.add(
      (next) => (args) => {
        requests++;
        return next(args);
      },
      { step: 'finalizeRequest' },
    );
  }, 120_000);

  /** How many requests DynamoDB gets meanwhile. */
  async function requestsDuring(requested: Requested) {
    requests = 0;
    const history = await request(key, requested);
    return { requests, history };
  }

  it('a history of thousands of snapshots takes one request to the table per page, and one for the state at a time', async () => {
    const first = await requestsDuring({ limit: 100 });
    const second = await requestsDuring({ limit: 100, cursor: first.history.cursor ?? '' });
    const amid = await requestsDuring({ since: iso(200 * many), until: iso(500 * many) });
    const at = await requestsDuring({ at: iso(500 * many + 500) });
    const believed = await requestsDuring({ believed_at: iso(500 * many + 10_500) });
    console.log(
      `requests over ${many} snapshots: first page ${first.requests}, second page ${second.requests}, ` +
        `page of a range ${amid.requests}, at ${at.requests}, believed_at ${believed.requests} with its audit entries`,
    );
    expect([first, second, amid, at].map((requested) => requested.requests)).toEqual([1, 1, 1, 1]);
    const filled = ({ history }: typeof first) => history.snapshots.map(({ order }) => order.filled_amount);
    expect(filled(second)).toEqual(Array.from({ length: 100 }, (_, i) => String(many - 101 - i)));
    expect(filled(amid)[0]).toBe(String(many / 2));
    expect(filled(at)).toEqual([String(many / 2)]);
    expect(filled(believed)).toEqual([String(many / 2)]);
  });
});
