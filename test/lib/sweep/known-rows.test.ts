import { describe, expect, test } from 'vitest';
import { createKnownRows, type KnownRows } from '../../../lib/sweep/known-rows.ts';

type Row = readonly [orderId: string, text: string];

function knownRows(...rows: readonly Row[]): KnownRows {
  const known = createKnownRows();
  for (const [orderId, text] of rows) known.set({ orderId, text, rank: 'rank' });
  return known;
}

/** Goes through a list: which rows were known, and which were expected before they came. */
function goThrough(known: KnownRows, list: readonly Row[], isSettled: (orderId: string) => boolean = () => true) {
  const earlier = known.follow(({ orderId }) => isSettled(orderId));
  const guesses: Row[] = [];
  const recognized: string[] = [];
  for (const [orderId, text] of list) {
    const next = earlier.next();
    if (next?.orderId === orderId && next.text === text) guesses.push([orderId, text]);
    if (earlier.isKnown(orderId, text)) recognized.push(orderId);
  }
  return { expected: guesses.map(([orderId]) => orderId), known: recognized };
}

const a: Row = ['a', '{"order_id":"a"}'];
const b: Row = ['b', '{"order_id":"b"}'];
const c: Row = ['c', '{"order_id":"c"}'];
const d: Row = ['d', '{"order_id":"d"}'];
const changedB: Row = ['b', '{"order_id":"b","filled_amount":1}'];

describe('rows of earlier lists', () => {
  test('all rows of a list that is as it was are known, and all after the first are expected', () => {
    const known = knownRows(a, b, c);
    expect(goThrough(known, [a, b, c])).toEqual({ expected: [], known: ['a', 'b', 'c'] });
    expect(goThrough(known, [a, b, c])).toEqual({ expected: ['b', 'c'], known: ['a', 'b', 'c'] });
  });

  test('a changed row is neither known nor expected, and the row after it still is', () => {
    const known = knownRows(a, b, c);
    goThrough(known, [a, b, c]);
    expect(goThrough(known, [a, changedB, c])).toEqual({ expected: ['c'], known: ['a', 'c'] });
  });

  test('a row that was changed and recorded is known as it is now, and no longer as it was', () => {
    const known = knownRows(a, b, c);
    goThrough(known, [a, b, c]);
    goThrough(known, [a, changedB, c]);
    known.set({ orderId: 'b', text: changedB[1], rank: 'rank' });
    expect(goThrough(known, [a, changedB, c])).toEqual({ expected: ['c'], known: ['a', 'b', 'c'] });
    expect(goThrough(known, [a, changedB, c])).toEqual({ expected: ['b', 'c'], known: ['a', 'b', 'c'] });
    expect(goThrough(known, [a, b, c]).known).toEqual(['a', 'c']);
  });

  test.each([
    ['an inserted row', [a, d, b, c], ['a', 'b', 'c']],
    ['a missing row', [a, c], ['a', 'c']],
    ['another order of rows', [c, b, a], ['a', 'b', 'c']],
    ['a row that comes twice', [a, a, b, c], ['a', 'a', 'b', 'c']],
  ] as const)('%s changes what is expected, and not what is known', (_what, list, recognized) => {
    const known = knownRows(a, b, c);
    goThrough(known, [a, b, c]);
    for (let times = 0; times < 3; times++) expect(goThrough(known, list).known.toSorted()).toEqual(recognized);
    goThrough(known, [a, b, c]);
    expect(goThrough(known, [a, b, c])).toEqual({ expected: ['b', 'c'], known: ['a', 'b', 'c'] });
  });

  test('a row that was deleted is not known, even if it is still expected', () => {
    const known = knownRows(a, b, c);
    goThrough(known, [a, b, c]);
    known.retain(({ orderId }) => orderId !== 'b');
    expect(goThrough(known, [a, b, c])).toEqual({ expected: ['b'], known: ['a', 'c'] });
  });

  test('a row whose order is not settled is not known', () => {
    const known = knownRows(a, b);
    expect(goThrough(known, [a, b], (orderId) => orderId !== 'a').known).toEqual(['b']);
  });
});
