import { expect, it } from 'vitest';
import { deribit } from '../../../lib/exchange/dialects/deribit.ts';
import { orangex } from '../../../lib/exchange/dialects/orangex.ts';
import { driftOf } from '../../../lib/exchange/drift.ts';
import { orderIn } from '../../../lib/snapshots/snapshot.ts';
import { seedResultWith } from '../../emulator/exchange/seed-order.ts';

function order(members: Readonly<Record<string, string>>) {
  return orderIn(seedResultWith(members), orangex);
}

it.each([
  ['nothing new', {}, []],
  [
    'more linked orders than are watched',
    { oto_order_ids: '[1,2,3,4,5,6,7,8,9]' },
    ['field oto_order_ids', 'over 8 oto_order_ids'],
  ],
  ['the fields that its exchange is known for', { rpl: '"1"', leverage: '5' }, []],
  ['fields of nobody', { sparkle: 'true', rpl: '"1"' }, ['field sparkle']],
  ["another exchange's fields", { usd: '1' }, ['field usd']],
  ['a state that we have no name for', { order_state: '"archived"' }, ['order_state archived']],
  ['a third direction', { direction: '"sideways"' }, ['direction sideways']],
  [
    'names that could be anything',
    { 'a b': '1', direction: '"x y"' },
    ['field of an unusual name', 'direction of an unusual name'],
  ],
])('the drift of an order is reported: %s', (_, members, drift) => {
  expect(driftOf(order(members), orangex)).toEqual(drift);
});

it('a field counts as drift on an exchange whose orders do not have it', () => {
  expect(driftOf(order({ usd: '1' }), deribit)).toEqual([]);
  expect(driftOf(order({ rpl: '1' }), deribit)).toEqual(['field rpl']);
});
