import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { deribit } from '../../../lib/exchange/dialects/deribit.ts';
import { orangex } from '../../../lib/exchange/dialects/orangex.ts';
import { digestOfRank, phaseOfRank, rankOf, rankPattern, updatedAtOfRank } from '../../../lib/snapshots/rank.ts';
import { orderIn } from '../../../lib/snapshots/snapshot.ts';
import { seedResultWith } from '../../emulator/exchange/seed-order.ts';

function rank(members: Readonly<Record<string, string>>, volatile: readonly string[] = []) {
  return rankOf(orderIn(seedResultWith(members), orangex), volatile);
}

it('the rank of an order consists of time, version, phase, filled amount and digest', () => {
  expect(rank({})).toMatch(/^1597129894026\.0000000001\.2\.000000000000000000\.000000000000000000\.[0-9a-f]{32}$/);
  expect(rank({})).toMatch(rankPattern);
});

it.each([
  ['a later update', { last_update_timestamp: '1597129894027', version: '0', order_state: '"open"' }, {}],
  ['a greater version at the same time', { version: '10', order_state: '"open"' }, { version: '9' }],
  ['a version over none', { version: '1' }, { version: '' }],
  ['a final state over a live one', {}, { order_state: '"open"', filled_amount: '"1"' }],
  ['an unknown state over a live one', { order_state: '"x"' }, { order_state: '"open"' }],
  ['a final state over an unknown one', {}, { order_state: '"x"' }],
  ['more filled', { filled_amount: '10' }, { filled_amount: '9.5' }],
  ['more filled by the smallest part', { filled_amount: '1.000000000000000001' }, { filled_amount: '1' }],
  ['more filled, written with exponents', { filled_amount: '1.6e-7' }, { filled_amount: '0.00000015' }],
  ['more filled, far beyond any market', { filled_amount: '1e400' }, { filled_amount: '99999999999999999' }],
  ['filled over negative or unwritten', { filled_amount: '1e-18' }, { filled_amount: '-1' }],
])('the rank of an order sorts %s first', (_, high, low) => {
  expect(rank(high) > rank(low)).toBe(true);
});

it.each([
  ['0', '000000000000000000.000000000000000000'],
  ['12.50', '000000000000000012.500000000000000000'],
  ['0012', '000000000000000012.000000000000000000'],
  ['1e2', '000000000000000100.000000000000000000'],
  ['1.25E+1', '000000000000000012.500000000000000000'],
  ['125e-3', '000000000000000000.125000000000000000'],
  ['1.5e-3', '000000000000000000.001500000000000000'],
  ['0.1234567890123456789', '000000000000000000.123456789012345678'],
  ['999999999999999999', '999999999999999999.000000000000000000'],
  ['1000000000000000000', '999999999999999999.999999999999999999'],
  ['-1', '000000000000000000.000000000000000000'],
])('the rank of an order has a filled amount of %s as %s', (amount, text) => {
  expect(
    rank({ filled_amount: `"${amount}"` })
      .split('.')
      .slice(3, 5)
      .join('.'),
  ).toBe(text);
});

it('the rank of an order sorts filled amounts as numbers', () => {
  const amount = fc.tuple(fc.nat(10 ** 9), fc.integer({ min: -9, max: 8 }));
  const value = ([digits, exponent]: readonly [number, number]) => BigInt(digits) * 10n ** BigInt(exponent + 9);
  fc.assert(
    fc.property(amount, amount, (a, b) => {
      fc.pre(value(a) !== value(b));
      const [rankA, rankB] = [a, b].map(([digits, exponent]) => rank({ filled_amount: `"${digits}e${exponent}"` }));
      expect(String(rankA) < String(rankB)).toBe(value(a) < value(b));
    }),
  );
});

it('the rank of an order is the same for the same order, whatever the order of its members and the form of its quantities', () => {
  const members = { usd: '1.10', label: '"a"', nested: '{"b":1,"a":[2,{"d":1,"c":2}]}' };
  const shuffled = { nested: '{"a":[2,{"c":2,"d":1}],"b":1}', label: '"a"', usd: '1.10', price: '855' };
  expect(rank(members)).toBe(rank(shuffled));
});

it('the rank of an order differs when any field differs, known to us or not', () => {
  const changes = [
    { amount: '"2"' },
    { price: '"856"' },
    { price: '"855.0"' },
    { direction: '"sell"' },
    { instrument_name: '"x"' },
    { time_in_force: '"GTC"' },
    { average_price: '"1"' },
    { average_price: '' },
    { creation_timestamp: '1597129894024' },
    { order_type: '"market"' },
    { advanced: '"usd"' },
    { version: '' },
    { version: '0' },
    { label: '"b"' },
    { nested: '{"a":1}' },
    { nested: '{"a":"1"}' },
  ];
  expect(new Set([rank({}), ...changes.map((change) => rank(change))]).size).toBe(changes.length + 1);
});

it('the rank of an order is the same when only volatile fields differ', () => {
  const moved = { rpl: '"1.5"', trigger_reference_price: '3' };
  expect(rank(moved, ['rpl', 'trigger_reference_price'])).toBe(rank({}));
  expect(rank(moved, orangex.volatile)).not.toBe(rank({}));
  expect(rank({ trigger_reference_price: '3' }, deribit.volatile)).toBe(rank({}));
});

it('the rank of an order contains its phase and its time', () => {
  expect(phaseOfRank(rank({}))).toBe('final');
  expect(phaseOfRank(rank({ order_state: '"open"' }))).toBe('live');
  expect(phaseOfRank(rank({ order_state: '"x"' }))).toBe('unknown');
  expect(updatedAtOfRank(rank({}))).toBe(1597129894026);
});

it('the rank of an order ends with its digest, which depends on the content alone', () => {
  expect(digestOfRank(rank({}))).toMatch(/^[0-9a-f]{32}$/);
  expect(digestOfRank(rank({ rpl: '"1"' }, ['rpl']))).toBe(digestOfRank(rank({})));
  expect(digestOfRank(rank({ rpl: '"1"' }))).not.toBe(digestOfRank(rank({})));
});
