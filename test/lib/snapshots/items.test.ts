import { describe, expect, it } from 'vitest';
import type { Item } from '../../../lib/dynamo.ts';
import { orangex } from '../../../lib/exchange/dialects/orangex.ts';
import {
  headItem,
  notFoundItem,
  snapshotItem,
  snapshotPrefix,
  upToKey,
  watchCommandItem,
  watchItem,
} from '../../../lib/snapshots/items.ts';
import { readAuditEntry, readListed, readSnapshot, readWatch, sortKeyOf } from '../../../lib/snapshots/read-items.ts';
import { orderIn, type Snapshot, snapshotOf } from '../../../lib/snapshots/snapshot.ts';
import { join, type Watch, type WatchDelta } from '../../../lib/snapshots/watch.ts';
import { failureOf, printed } from '../thrown.ts';
import { observationOf, start } from './observations.ts';
import { policy } from './table-contract.ts';

const key = { account: 'main', orderId: 'ORDER-1' };
const answer = {
  state: 'open',
  updatedAfter: 0,
  version: 1,
  filled: '0',
  label: '',
  rpl: '0',
  requestedAfter: 100,
  took: 50,
  request: 1,
};
const snapshot: Snapshot = snapshotOf(observationOf(key, answer));
const timed: Snapshot = { ...snapshot, exchangeTime: start + 1 };
const final: Snapshot = snapshotOf(observationOf(key, { ...answer, state: 'filled', updatedAfter: 2 }));

const watched: WatchDelta = {
  openedAt: start,
  announcedRank: snapshot.rank,
  applied: { rank: snapshot.rank, at: start + 5 },
  observations: [{ requestedAt: start + 100, rank: snapshot.rank }],
};
const stopped: WatchDelta = { ...watched, operator: { at: start, by: 'anna', stopped: true } };
const missing: WatchDelta = { ...watched, notFoundAt: [start + 200] };
const closed: WatchDelta = {
  openedAt: start,
  announcedRank: final.rank,
  applied: { rank: final.rank, at: start },
  observations: [],
};

function without(item: Item, attribute: string): Item {
  return Object.fromEntries(Object.entries(item).filter(([name]) => name !== attribute));
}

/** What reading a spoiled item fails with, as it could be printed. */
async function refusal(read: () => unknown) {
  const failure = await failureOf(Promise.resolve().then(read));
  return { code: failure.code, message: failure.message, printed: printed(failure) };
}

describe('a snapshot', () => {
  it.each([
    ['snapshot', snapshotItem, snapshot, `S#${snapshot.rank}`],
    ['snapshot with the exchange’s time', snapshotItem, timed, `S#${snapshot.rank}`],
    ['head', headItem, snapshot, 'NOW#HEAD'],
    ['head with the exchange’s time', headItem, timed, 'NOW#HEAD'],
  ] as const)('is read back from the item of a %s', (_, write, written, sortKey) => {
    const item = write(written);
    expect(readSnapshot(item)).toEqual(written);
    expect(item['pk']).toEqual({ S: 'main#ORDER-1' });
    expect(sortKeyOf(item)).toBe(sortKey);
  });

  it('keeps the wire’s own text, and shows what people look for', () => {
    const item = snapshotItem(snapshot);
    expect(item).toMatchObject({
      schema: { N: '1' },
      result: { S: observationOf(key, answer).result },
      order_state: { S: 'open' },
      instrument_name: { S: 'BTC-PERPETUAL' },
      dialect: { S: 'orangex' },
      observed_by: { S: 'get-order' },
      key_version: { S: 'v1' },
    });
    expect(item).not.toHaveProperty('list');
  });

  const attributes = [
    'schema',
    'account',
    'order_id',
    'rank',
    'dialect',
    'result',
    'requested_at',
    'first_observed_at',
  ];
  it.each([...attributes, 'request_id', 'observed_by', 'key_version'])(
    'without its %s is refused by name',
    async (name) => {
      const { code, message } = await refusal(() => readSnapshot(without(snapshotItem(snapshot), name)));
      expect(code).toBe('store_corrupt');
      expect(message).toContain(`see ${name}.`);
    },
  );

  it.each<[string, Item]>([
    ['schema.N', { schema: { N: '2' } }],
    ['schema.N', { schema: { S: '1' } }],
    ['dialect', { dialect: { S: 'spoiled-value' } }],
    ['rank.S', { rank: { N: '7788' } }],
    ['requested_at.N', { requested_at: { S: 'spoiled-value' } }],
    ['exchange_time.N', { exchange_time: { S: 'spoiled-value' } }],
  ])('whose %s is spoiled is refused by name, and the value stays untold', async (name, spoiled) => {
    const refused = await refusal(() => readSnapshot({ ...snapshotItem(snapshot), ...spoiled }));
    expect(refused.code).toBe('store_corrupt');
    expect(refused.message).toBe(`An item of the table is not of the shape that this version reads: see ${name}.`);
    expect(refused.printed).not.toMatch(/spoiled-value|7788/);
  });

  it.each(['', '{"amount":"spoiled-value', '[]', '"spoiled-value"', '{}', '{"order_id":"spoiled-value"}'])(
    'whose result is %j is refused, and the text stays untold',
    async (result) => {
      const refused = await refusal(() => readSnapshot({ ...snapshotItem(snapshot), result: { S: result } }));
      expect(refused.code).toBe('store_corrupt');
      expect(refused.message).toContain('result');
      expect(refused.printed).not.toContain('spoiled-value');
    },
  );
});

describe('a watch', () => {
  it.each<[string, WatchDelta]>([
    ['was only opened', { openedAt: start }],
    ['is watched', watched],
    ['is missing', missing],
    ['was stopped by a person', stopped],
    ['is final', closed],
  ])('that %s is read back', (_, delta) => {
    const watch: Watch = join(undefined, delta);
    expect(readWatch(watchItem(key, { watch, revision: 7 }, policy))).toEqual({ watch, revision: 7 });
  });

  it.each<[string, WatchDelta, string | undefined, number | undefined]>([
    ['unconfirmed', { openedAt: start }, 'main#live', start],
    ['watched', watched, 'main#live', start + 100 + policy.minMs],
    ['missing', missing, 'main#attention', start + 200 + policy.minMs],
    ['unconfirmed', { openedAt: start, notFoundAt: [start + 9] }, 'main#live', start + 9 + policy.minMs],
    // Five checks, some minutes' worth, did not find it, or were refused.
    [
      'unconfirmed',
      { openedAt: start, failedAt: [1, 2, 3, 4].map((n) => start + n) },
      'main#live',
      start + 4 + 8 * policy.minMs,
    ],
    [
      'unconfirmed',
      { openedAt: start, failedAt: [1, 2, 3, 4, 5].map((n) => start + n) },
      'main#attention',
      start + 5 + Math.min(16 * policy.minMs, policy.maxMs),
    ],
    ['final', closed, 'main#final', start + 2],
    ['stopped', stopped, undefined, undefined],
    // An operator may stop the watch of an order that was never seen, and start it again.
    ['stopped', { openedAt: start, operator: { at: start, by: 'anna', stopped: true } }, undefined, undefined],
  ])('that is %s is listed accordingly', (status, delta, list, at) => {
    const item = watchItem(key, { watch: join(undefined, delta), revision: 1 }, policy);
    expect(item['status']?.S).toBe(status);
    expect(item['list']?.S).toBe(list);
    expect(item['list_at']?.N).toBe(at === undefined ? undefined : String(at));
  });

  it.each(['1e400', '8640000000000001', '-1e300', 'NaN'])(
    'with a time of %s, which no date has, is refused',
    (time) => {
      const item = watchItem(key, { watch: join(undefined, watched), revision: 1 }, policy);
      expect(() => readWatch({ ...item, opened_at: { N: time } })).toThrow(
        expect.objectContaining({ code: 'store_corrupt' }),
      );
    },
  );

  it('is read from its list with its time there, and when it was last seen or became known', () => {
    const listed = (delta: WatchDelta) =>
      readListed(watchItem(key, { watch: join(undefined, delta), revision: 1 }, policy));
    const seenAt = start + 100;
    expect(listed(watched)).toEqual({
      ...key,
      status: 'watched',
      at: seenAt + policy.minMs,
      seenAt,
      failing: false,
      stored: { watch: join(undefined, watched), revision: 1 },
    });
    for (const failing of [{ failedAt: [start + 200] }, { attemptedAt: start + 200 }]) {
      expect(listed({ ...watched, ...failing })).toMatchObject({ failing: true });
    }
    expect(listed({ openedAt: start })).toEqual({
      ...key,
      status: 'unconfirmed',
      at: start,
      seenAt: start,
      failing: false,
      stored: { watch: join(undefined, { openedAt: start }), revision: 1 },
    });
  });

  it.each(['schema', 'account', 'order_id', 'status', 'list_at', 'opened_at'])(
    'that its list shows without its %s is refused',
    async (name) => {
      const item = watchItem(key, { watch: join(undefined, watched), revision: 1 }, policy);
      const { code, message } = await refusal(() => readListed(without(item, name)));
      expect(code).toBe('store_corrupt');
      expect(message).toContain(`see ${name}.`);
    },
  );

  it('knows no recorded rank without its time', () => {
    const item = watchItem(key, { watch: join(undefined, watched), revision: 1 }, policy);
    expect(readWatch(without(item, 'applied_at')).watch).not.toHaveProperty('applied_rank');
  });

  it.each<[string, Item]>([
    ['schema.N', { schema: { N: '0' } }],
    ['revision.N', { revision: { S: 'spoiled-value' } }],
    ['opened_at.N', { opened_at: { BOOL: true } }],
    ['observations.L', { observations: { S: 'spoiled-value' } }],
    ['observations.L.0.M.requested_at', { observations: { L: [{ M: { rank: { S: 'spoiled-value' } } }] } }],
    ['not_found_at.L.0.N', { not_found_at: { L: [{ S: 'spoiled-value' }] } }],
    [
      'operator.M.stopped.BOOL',
      { operator: { M: { at: { N: '1' }, by: { S: 'a' }, stopped: { S: 'spoiled-value' } } } },
    ],
  ])('whose %s is spoiled is refused by name, and the value stays untold', async (name, spoiled) => {
    const item = watchItem(key, { watch: join(undefined, stopped), revision: 1 }, policy);
    const refused = await refusal(() => readWatch({ ...item, ...spoiled }));
    expect(refused.code).toBe('store_corrupt');
    expect(refused.message).toBe(`An item of the table is not of the shape that this version reads: see ${name}.`);
    expect(refused.printed).not.toContain('spoiled-value');
  });

  it.each(['schema', 'revision', 'opened_at', 'observations', 'not_found_at'])(
    'without its %s is refused',
    async (name) => {
      const item = watchItem(key, { watch: join(undefined, watched), revision: 1 }, policy);
      const { code, message } = await refusal(() => readWatch(without(item, name)));
      expect(code).toBe('store_corrupt');
      expect(message).toContain(`see ${name}.`);
    },
  );
});

describe('a miss', () => {
  it('is evidence under its time, and sorts by it', () => {
    const early = notFoundItem({ ...key, requestedAt: 999, requestId: 'r', observedBy: 'get-order' });
    const late = notFoundItem({ ...key, requestedAt: start, requestId: 'r', observedBy: 'get-order' });
    expect(sortKeyOf(early)).toBe('E#0000000000999#r');
    expect(sortKeyOf(early) < sortKeyOf(late)).toBe(true);
    expect(late).toMatchObject({ kind: { S: 'not_found' }, observed_by: { S: 'get-order' }, request_id: { S: 'r' } });
  });
});

describe('a note', () => {
  const notFound = notFoundItem({ ...key, requestedAt: start, requestId: 'r', observedBy: 'get-order' });

  it('is a miss, or a watch command', () => {
    const command = { ...key, at: start + 1, by: 'anna', requestId: 'w' };
    const noted = { at: start + 1, requestId: 'w', by: 'anna' };
    expect(readAuditEntry(notFound)).toEqual({ kind: 'not_found', at: start, requestId: 'r', observedBy: 'get-order' });
    expect(readAuditEntry(watchCommandItem({ ...command, stopped: true }))).toEqual({
      ...noted,
      kind: 'watch_stopped',
    });
    expect(readAuditEntry(watchCommandItem({ ...command, stopped: false }))).toEqual({
      ...noted,
      kind: 'watch_started',
    });
  });

  it.each(['schema', 'kind', 'at', 'request_id'])('without its %s is refused', async (name) => {
    const { code, message } = await refusal(() => readAuditEntry(without(notFound, name)));
    expect(code).toBe('store_corrupt');
    expect(message).toContain(`see ${name}.`);
  });

  it('of a kind that nobody writes is refused, and the value stays untold', async () => {
    const refused = await refusal(() => readAuditEntry({ ...notFound, kind: { S: 'spoiled-value' } }));
    expect(refused.code).toBe('store_corrupt');
    expect(refused.printed).not.toContain('spoiled-value');
  });
});

describe('the key up to a time', () => {
  const { sk } = snapshotItem(snapshot);

  it('comes after every item of that time, and before those of the next millisecond', () => {
    expect(upToKey(snapshotPrefix, start) > String(sk?.S)).toBe(true);
    expect(upToKey(snapshotPrefix, start - 1) < String(sk?.S)).toBe(true);
  });

  it('keeps its order for times that have more digits than any item, or a sign', () => {
    expect(upToKey(snapshotPrefix, Date.UTC(2300, 0)) > String(sk?.S)).toBe(true);
    expect(upToKey(snapshotPrefix, Date.UTC(1900, 0)) < String(sk?.S)).toBe(true);
  });
});

describe('an item', () => {
  it('that does not say what it is, is refused', async () => {
    const refused = await refusal(() => sortKeyOf(without(headItem(snapshot), 'sk')));
    expect(refused).toMatchObject({ code: 'store_corrupt', message: expect.stringContaining('see sk.') });
  });

  it.each(['[]', '7', 'null', '"text"'])('cannot be made of the result %s', async (result) => {
    expect((await refusal(() => orderIn(result, orangex))).code).toBe('invalid_response');
  });
});
