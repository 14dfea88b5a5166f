import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeCursor } from '../../../lib/api/cursor.ts';
import { history } from '../../../lib/api/presenters.ts';
import { listSnapshotsRequest } from '../../../lib/api/requests.ts';
import type { History, SnapshotRow } from '../../../lib/api/responses.ts';
import { systemClock } from '../../../lib/clock.ts';
import { createListSnapshots } from '../../../lib/orders/list-snapshots.ts';
import { createDynamoReader } from '../../../lib/snapshots/dynamo-reader.ts';
import { notFoundItem, snapshotItem, watchCommandItem } from '../../../lib/snapshots/items.ts';
import { updatedAtOfRank } from '../../../lib/snapshots/rank.ts';
import { type OrderKey, type Snapshot, snapshotOf } from '../../../lib/snapshots/snapshot.ts';
import { type Engine, startDynalite } from '../../engines.ts';
import { answered, observationOf, opened, type ResponseOf, start } from '../snapshots/observations.ts';
import { writeItems } from '../snapshots/write-items.ts';
import { failureOf } from '../thrown.ts';

const hour = 3_600_000;
const runs = Number(process.env['RUNS'] ?? 50);

let engine: Engine;
type HistoryParameters = Parameters<typeof listSnapshotsRequest>[0];
/** The use case as the API calls it: from the parameters of a request to its response. */
let listSnapshots: (parameters: HistoryParameters) => Promise<History>;
beforeAll(async () => {
  engine = await startDynalite();
  const reader = createDynamoReader({ ...engine, clock: systemClock });
  const read = createListSnapshots({ accounts: new Set(['main', 'other']), reader });
  listSnapshots = async (parameters) => {
    const request = listSnapshotsRequest(parameters);
    return history(request, await read(request));
  };
});
afterAll(() => engine.stop());

let orders = 0;
/** An order of its own for each test: the engine is shared. */
function newKey(account = 'main'): OrderKey {
  return { account, orderId: `ORDER-${++orders}` };
}

/** Keeps the states, and gives their snapshots by descending rank. */
async function keep(key: OrderKey, states: readonly Partial<ResponseOf>[]): Promise<readonly Snapshot[]> {
  const snapshots = states.map((state) => snapshotOf(observationOf(key, { ...opened, ...state })));
  const byRank = new Map(snapshots.map((snapshot) => [snapshot.rank, snapshot]));
  await writeItems(engine, [...byRank.values()].map(snapshotItem));
  return [...byRank.values()].toSorted((a, b) => (a.rank < b.rank ? 1 : -1));
}

type Requested = Omit<HistoryParameters, 'account' | 'order_id'>;
function request({ account, orderId }: OrderKey, requested: Requested = {}): Promise<History> {
  return listSnapshots({ account, order_id: orderId, ...requested });
}

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

function iso(after: number): string {
  return new Date(start + after).toISOString();
}

function ranksOf(snapshots: readonly { readonly rank: string }[]): readonly string[] {
  return snapshots.map(({ rank }) => rank);
}

describe('the history of an order', () => {
  it('is empty for one that was never seen', async () => {
    const key = newKey();
    expect(await request(key)).toEqual({ account: 'main', order_id: key.orderId, snapshots: [] });
    expect(await request(key, { at: iso(0) })).toMatchObject({ snapshots: [] });
    expect(await request(key, { believed_at: iso(0) })).toMatchObject({ snapshots: [], audit_entries: [] });
  });

  it('has each state with its provenance, and what changed since the one before', async () => {
    const key = newKey();
    const [filled, open] = await keep(key, [{}, { state: 'filled', filled: '10', updatedAfter: 7, version: 2 }]);
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

  it('has the exchange’s time where it said one', async () => {
    const key = newKey();
    const snapshot = { ...snapshotOf(observationOf(key, opened)), exchangeTime: start + 5 };
    await writeItems(engine, [snapshotItem(snapshot)]);
    expect((await request(key)).snapshots).toMatchObject([{ exchange_time: iso(5) }]);
  });

  it('compares the oldest row of a page and of a range with the state before it', async () => {
    const key = newKey();
    await keep(
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

  it('has twenty rows a page by default', async () => {
    const key = newKey();
    const kept = await keep(
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

  it('is complete, unique and in order, in pages of any size and in any range', async () => {
    const after = fc.option(fc.constantFrom(0, 1, 2, 3, 4_999, 5_000, 5_001), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(
        fc.array(answered, { maxLength: 12 }),
        fc.integer({ min: 1, max: 13 }),
        after,
        after,
        async (states, limit, sinceAfter, untilAfter) => {
          fc.pre(sinceAfter === undefined || untilAfter === undefined || sinceAfter <= untilAfter);
          const key = newKey();
          const kept = await keep(key, states);
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

  it('shows what arrives while somebody turns the pages, if it is older than the page', async () => {
    const key = newKey();
    const kept = await keep(key, [{ updatedAfter: 1 }, { updatedAfter: 5 }, { updatedAfter: 9 }]);
    const { cursor = '' } = await request(key, { limit: 1 });
    const [late] = await keep(key, [{ updatedAfter: 7 }]);
    expect(ranksOf((await request(key, { cursor })).snapshots)).toEqual(
      ranksOf([late, ...kept.slice(1)].filter((s) => !!s)),
    );
  });
});

describe('time travel', () => {
  /**
   * Opened at 0 and seen at 10.05 s; filled at 9 s, seen at 20.05 s. A partial fill at 5 s was seen at 30.05 s only, by an
   * answer that arrived late.
   */
  async function lateOrder() {
    const key = newKey();
    const [filled, partial, open] = await keep(key, [
      { filled: '0' },
      { filled: '10', state: 'filled', updatedAfter: 9_000, requestedAfter: 10_000 },
      { filled: '4', updatedAfter: 5_000, requestedAfter: 20_000, request: 2 },
    ]);
    if (!filled || !partial || !open) throw new Error('three snapshots');
    await writeItems(engine, [
      notFoundItem({ ...key, requestedAt: start + 15_000, requestId: 'miss', observedBy: 'check-open-orders' }),
      watchCommandItem({ ...key, at: start + 16_000, requestId: 'word', by: 'anna', stopped: true }),
      watchCommandItem({ ...key, at: start + 25_000, requestId: 'again', by: 'ben', stopped: false }),
    ]);
    return { key, filled, partial, open };
  }
  const notFoundAt = { kind: 'not_found', at: iso(15_000), request_id: 'miss', observed_by: 'check-open-orders' };
  const stopped = { kind: 'watch_stopped', at: iso(16_000), request_id: 'word', by: 'anna' };
  const started = { kind: 'watch_started', at: iso(25_000), request_id: 'again', by: 'ben' };

  it('at a time of the exchange finds the state in force then, whenever it was seen', async () => {
    const { key, filled, partial, open } = await lateOrder();
    const at = async (after: number) => ranksOf((await request(key, { at: iso(after) })).snapshots);
    expect(await at(-1)).toEqual([]);
    expect(await at(0)).toEqual([open.rank]);
    expect(await at(4_999)).toEqual([open.rank]);
    expect(await at(5_000)).toEqual([partial.rank]);
    expect(await at(8_999)).toEqual([partial.rank]);
    expect(await at(9_000)).toEqual([filled.rank]);
    expect(await at(10 * hour)).toEqual([filled.rank]);
    const [row] = (await request(key, { at: iso(9_000) })).snapshots;
    expect(row?.changes).toContainEqual({ field: 'filled_amount', from: '4', to: '10' });
    expect((await request(key, { at: iso(9_000) })).audit_entries).toBeUndefined();
  });

  it('believed at a time of ours finds what the table said then, and why', async () => {
    const { key, filled, open } = await lateOrder();
    const believed = (after: number) => request(key, { believed_at: iso(after) });
    expect(await believed(10_049)).toMatchObject({ snapshots: [], audit_entries: [] });
    expect(await believed(10_050)).toMatchObject({ snapshots: [{ rank: open.rank }], audit_entries: [] });
    expect(await believed(15_000)).toMatchObject({ snapshots: [{ rank: open.rank }], audit_entries: [notFoundAt] });
    expect(await believed(20_049)).toMatchObject({ snapshots: [{ rank: open.rank }] });
    const then = await believed(20_050);
    expect(then).toMatchObject({ snapshots: [{ rank: filled.rank }] });
    expect(then.audit_entries).toEqual([stopped, notFoundAt]);
    // The partial fill was not known yet, so the change is from what was believed before.
    expect(then.snapshots[0]?.changes).toContainEqual({ field: 'filled_amount', from: '0', to: '10' });
    const now = await believed(30_050);
    expect(now.audit_entries).toEqual([started, stopped, notFoundAt]);
    expect(now.snapshots[0]?.changes).toContainEqual({ field: 'filled_amount', from: '4', to: '10' });
  });

  it('shows what we believed at one time about another time of the exchange', async () => {
    const { key, partial, open } = await lateOrder();
    const requested = { at: iso(6_000), believed_at: iso(20_050) };
    expect(ranksOf((await request(key, requested)).snapshots)).toEqual([open.rank]);
    expect(ranksOf((await request(key, { at: iso(6_000) })).snapshots)).toEqual([partial.rank]);
    expect(ranksOf((await request(key, { ...requested, believed_at: iso(30_050) })).snapshots)).toEqual([partial.rank]);
    expect((await request(key, requested)).audit_entries).toEqual([stopped, notFoundAt]);
  });

  it('agrees with the whole history, whatever arrived late', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(answered, { maxLength: 8 }),
        fc.integer({ min: -1, max: 5_001 }),
        fc.integer({ min: 10_000, max: 75_000 }),
        async (states, atAfter, believedAfter) => {
          const key = newKey();
          const kept = await keep(key, states);
          const known = kept.filter(({ provenance }) => provenance.firstObservedAt <= start + believedAfter);
          const isBy = ({ rank }: Snapshot) => updatedAtOfRank(rank) <= start + atAfter;
          const first = (snapshots: readonly Snapshot[]) => ranksOf(snapshots.slice(0, 1));
          const at = { at: iso(atAfter) };
          const believed = { believed_at: iso(believedAfter) };
          expect(ranksOf((await request(key, at)).snapshots)).toEqual(first(kept.filter(isBy)));
          expect(ranksOf((await request(key, believed)).snapshots)).toEqual(first(known));
          expect(ranksOf((await request(key, { ...at, ...believed })).snapshots)).toEqual(first(known.filter(isBy)));
        },
      ),
      { numRuns: Math.ceil(runs / 2) },
    );
  });

  it('knows an order whose exchange is as far ahead of our clock as is believed', async () => {
    const key = newKey();
    const [ahead] = await keep(key, [{ updatedAfter: 10_050 + hour }]);
    expect(ranksOf((await request(key, { believed_at: iso(10_050) })).snapshots)).toEqual([ahead?.rank]);
  });

  it('has the hundred latest not-found replies', async () => {
    const key = newKey();
    const notFoundAnswers = Array.from({ length: 105 }, (_, i) =>
      notFoundItem({ ...key, requestedAt: start + i, requestId: 'r', observedBy: 'get-order' }),
    );
    await writeItems(engine, notFoundAnswers);
    const { audit_entries: entries = [] } = await request(key, { believed_at: iso(hour) });
    expect(entries.map(({ at }) => at)).toEqual(Array.from({ length: 100 }, (_, i) => iso(104 - i)));
  });

  it('reads a time in any zone, and to the millisecond', async () => {
    const { key, partial } = await lateOrder();
    for (const at of ['2026-01-01T00:00:05Z', '2026-01-01T02:00:05.000+02:00', '2025-12-31T19:00:05.000-05:00']) {
      expect(ranksOf((await request(key, { at })).snapshots)).toEqual([partial.rank]);
    }
  });
});

describe('a request for history is refused', () => {
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
    [
      'since after until',
      { since: iso(1), until: iso(0) },
      ['since'],
      'Parameter "since" must not be later than until.',
    ],
  ])('for %s', async (_, requested, parameters, message) => {
    const failure = await failureOf(request(newKey(), requested));
    expect(failure).toMatchObject({ code: 'bad_request', message, members: { parameters } });
  });

  it('for an account that the stage lacks', async () => {
    expect((await failureOf(request(newKey('nobody')))).code).toBe('unknown_account');
  });

  it('for the cursor of another list, and reveals nothing of it', async () => {
    const key = newKey();
    const foreign = newKey('other');
    for (const each of [key, foreign])
      await keep(each, [{ updatedAfter: 1 }, { updatedAfter: 2 }, { updatedAfter: 3 }]);
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
});

it('a forged cursor leads to nothing outside of the range', async () => {
  const key = newKey();
  const [newest, , oldest] = await keep(key, [{ updatedAfter: 1 }, { updatedAfter: 2 }, { updatedAfter: 3 }]);
  const range = { since: iso(2), until: iso(2) };
  const scope = ['listSnapshots', key.account, key.orderId, start + 2, start + 2];
  for (const { rank } of [newest, oldest].filter((snapshot) => !!snapshot)) {
    const failure = await failureOf(request(key, { ...range, cursor: writeCursor(scope, rank) }));
    expect(failure).toMatchObject({ code: 'bad_request', members: { parameters: ['cursor'] } });
  }
});

/** By default some more than DynamoDB reads in one request. */
const many = Number(process.env['SNAPSHOTS'] ?? 2_000);

describe('a history of thousands of snapshots', () => {
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

  it('takes one request a page, and one for the state at a time', async () => {
    const first = await requestsDuring({ limit: 100 });
    const second = await requestsDuring({ limit: 100, cursor: first.history.cursor ?? '' });
    const amid = await requestsDuring({ since: iso(200 * many), until: iso(500 * many) });
    const at = await requestsDuring({ at: iso(500 * many + 500) });
    const believed = await requestsDuring({ believed_at: iso(500 * many + 10_500) });
    console.log(
      `requests over ${many} snapshots: first page ${first.requests}, second page ${second.requests}, ` +
        `page of a range ${amid.requests}, at ${at.requests}, believed_at ${believed.requests} with its evidence`,
    );
    expect([first, second, amid, at].map((requested) => requested.requests)).toEqual([1, 1, 1, 1]);
    const filled = ({ history }: typeof first) => history.snapshots.map(({ order }) => order.filled_amount);
    expect(filled(second)).toEqual(Array.from({ length: 100 }, (_, i) => String(many - 101 - i)));
    expect(filled(amid)[0]).toBe(String(many / 2));
    expect(filled(at)).toEqual([String(many / 2)]);
    expect(filled(believed)).toEqual([String(many / 2)]);
  });
});
