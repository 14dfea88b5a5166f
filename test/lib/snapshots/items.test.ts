import { describe, expect, it } from 'vitest';
import type { Item } from '../../../lib/dynamo.ts';
import { orangex } from '../../../lib/exchange/dialects/orangex.ts';
import {
  headItem,
  notFoundItem,
  snapshotItem,
  snapshotPrefix,
  sortKeyAfter,
  watchCommandItem,
} from '../../../lib/snapshots/items.ts';
import { readAuditEntry, readSnapshot, sortKeyOf } from '../../../lib/snapshots/read-items.ts';
import { orderIn, type Snapshot } from '../../../lib/snapshots/snapshot.ts';
import { key, refusal, reply, snapshot, without } from './item-examples.ts';
import { observationOf, start } from './observations.ts';

const timed: Snapshot = { ...snapshot, exchangeTime: start + 1 };

describe('snapshots', () => {
  it.each([
    ['snapshot', snapshotItem, snapshot, `S#${snapshot.rank}`],
    ['snapshot with the exchange’s time', snapshotItem, timed, `S#${snapshot.rank}`],
    ['head', headItem, snapshot, 'NOW#HEAD'],
    ['head with the exchange’s time', headItem, timed, 'NOW#HEAD'],
  ] as const)('the item of a snapshot of a %s is read back as it was', (_, write, written, sortKey) => {
    const item = write(written);
    expect(readSnapshot(item)).toEqual(written);
    expect(item['pk']).toEqual({ S: 'main#ORDER-1' });
    expect(sortKeyOf(item)).toBe(sortKey);
  });

  it('the item of a snapshot has the wire’s own text, and the attributes that people look for', () => {
    const item = snapshotItem(snapshot);
    expect(item).toMatchObject({
      schema: { N: '1' },
      result: { S: observationOf(key, reply).result },
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
    'the item of a snapshot without its %s is refused, and the attribute is named',
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
  ])('the item of a snapshot with an invalid %s is refused, and its value is not quoted', async (name, spoiled) => {
    const refused = await refusal(() => readSnapshot({ ...snapshotItem(snapshot), ...spoiled }));
    expect(refused.code).toBe('store_corrupt');
    expect(refused.message).toBe(`An item of the table has a shape that this version cannot read: see ${name}.`);
    expect(refused.printed).not.toMatch(/spoiled-value|7788/);
  });

  it.each(['', '{"amount":"spoiled-value', '[]', '"spoiled-value"', '{}', '{"order_id":"spoiled-value"}'])(
    'the item of a snapshot with the result %j is refused, and the text is not quoted',
    async (result) => {
      const refused = await refusal(() => readSnapshot({ ...snapshotItem(snapshot), result: { S: result } }));
      expect(refused.code).toBe('store_corrupt');
      expect(refused.message).toContain('result');
      expect(refused.printed).not.toContain('spoiled-value');
    },
  );
});

it('the item of a not-found reply is an audit entry under its time, and sorts by that time', () => {
  const early = notFoundItem({ ...key, requestedAt: 999, requestId: 'r', observedBy: 'get-order' });
  const late = notFoundItem({ ...key, requestedAt: start, requestId: 'r', observedBy: 'get-order' });
  expect(sortKeyOf(early)).toBe('E#0000000000999#r');
  expect(sortKeyOf(early) < sortKeyOf(late)).toBe(true);
  expect(late).toMatchObject({ kind: { S: 'not_found' }, observed_by: { S: 'get-order' }, request_id: { S: 'r' } });
});

describe('audit entries', () => {
  const notFound = notFoundItem({ ...key, requestedAt: start, requestId: 'r', observedBy: 'get-order' });

  it('an audit entry is a not-found reply, or a watch command', () => {
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

  it.each(['schema', 'kind', 'at', 'request_id'])('an audit entry without its %s is refused', async (name) => {
    const { code, message } = await refusal(() => readAuditEntry(without(notFound, name)));
    expect(code).toBe('store_corrupt');
    expect(message).toContain(`see ${name}.`);
  });

  it('an audit entry of an unknown kind is refused, and its value is not quoted', async () => {
    const refused = await refusal(() => readAuditEntry({ ...notFound, kind: { S: 'spoiled-value' } }));
    expect(refused.code).toBe('store_corrupt');
    expect(refused.printed).not.toContain('spoiled-value');
  });
});

describe('sort keys', () => {
  const { sk } = snapshotItem(snapshot);

  it('the sort key up to a time sorts after every item of that time, and before those of the next millisecond', () => {
    expect(sortKeyAfter(snapshotPrefix, start) > String(sk?.S)).toBe(true);
    expect(sortKeyAfter(snapshotPrefix, start - 1) < String(sk?.S)).toBe(true);
  });

  it('the sort key up to a time keeps its order for times that have more digits than any item, or a sign', () => {
    expect(sortKeyAfter(snapshotPrefix, Date.UTC(2300, 0)) > String(sk?.S)).toBe(true);
    expect(sortKeyAfter(snapshotPrefix, Date.UTC(1900, 0)) < String(sk?.S)).toBe(true);
  });
});

it('an item of the snapshot table without a kind is refused', async () => {
  const refused = await refusal(() => sortKeyOf(without(headItem(snapshot), 'sk')));
  expect(refused).toMatchObject({ code: 'store_corrupt', message: expect.stringContaining('see sk.') });
});

it.each(['[]', '7', 'null', '"text"'])(
  'an item of the snapshot table cannot be made of the result %s',
  async (result) => {
    expect((await refusal(() => orderIn(result, orangex))).code).toBe('invalid_response');
  },
);
