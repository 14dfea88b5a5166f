import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../../lib/errors.ts';
import { deribit } from '../../../lib/exchange/dialects/deribit.ts';
import { driftOf } from '../../../lib/exchange/drift.ts';
import { isJsonObject, parseJson, writeJson } from '../../../lib/exchange/json.ts';
import { fieldsOf, linkedOrderIds, phaseOf, readOrder, refuseImplausibleTimes } from '../../../lib/exchange/order.ts';
import { seedFields, seedResultWith } from '../../emulator/exchange/seed-order.ts';

const seedTime = 1597129894026;

function order(members: Readonly<Record<string, string>>) {
  return readOrder(objectIn(seedResultWith(members)), deribit);
}

function objectIn(text: string) {
  const value = parseJson(text);
  if (!isJsonObject(value)) throw new Error('no object');
  return value;
}

function failureOf(act: () => unknown): Failure | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

it("parsing an order returns every field of the specification's example, to the digit", () => {
  expect(order({})).toEqual({ ...seedFields, details: {} });
});

it.each(['0', '-0.5', '1.10', '1.6e-7', '1E+3', '0.000000010', '39004881276768256.00'])(
  'parsing an order keeps the quantity %s as it was written, as a number and as a string',
  (digits) => {
    for (const field of ['amount', 'price', 'filled_amount', 'average_price'] as const) {
      expect(order({ [field]: digits })[field]).toBe(digits);
      expect(order({ [field]: `"${digits}"` })[field]).toBe(digits);
    }
  },
);

it('parsing an order keeps any decimal number that JSON can write', () => {
  const lexeme = fc
    .tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** 20n }), fc.nat(9_999), fc.integer({ min: -99, max: 99 }))
    .map(([negative, whole, fraction, exponent]) => `${negative ? '-' : ''}${whole}.${fraction}e${exponent}`);
  fc.assert(
    fc.property(lexeme, (digits) => {
      expect(order({ price: digits }).price).toBe(digits);
    }),
  );
});

it('parsing an order accepts market_price, and quantities that strings can hold and JSON numbers cannot', () => {
  expect(order({ price: '"market_price"' }).price).toBe('market_price');
  expect(order({ price: '".5"' }).price).toBe('.5');
  expect(order({ price: '"+1."' }).price).toBe('+1.');
});

it.each(['amount', 'filled_amount', 'average_price', 'advanced', 'version'])(
  'parsing an order accepts an order without %s',
  (field) => {
    expect(order({ [field]: '' })).not.toHaveProperty(field);
    expect(order({ [field]: 'null' })).not.toHaveProperty(field);
  },
);

it('parsing an order takes an empty quantity for a missing one', () => {
  expect(order({ average_price: '""' })).not.toHaveProperty('average_price');
});

it("parsing an order passes on how an option's price is quoted", () => {
  expect(order({ advanced: '"implv"' }).advanced).toBe('implv');
});

it.each([
  ['open', 'open', 'live'],
  ['untriggered', 'untriggered', 'live'],
  ['filled', 'filled', 'final'],
  ['canceled', 'canceled', 'final'],
  ['cancelled', 'canceled', 'final'],
  ['rejected', 'rejected', 'final'],
  ['triggered', 'triggered', 'final'],
  ['archived', 'archived', 'unknown'],
  ['Open', 'Open', 'unknown'],
  ['toString', 'toString', 'unknown'],
  ['rejected:insufficient_funds', 'rejected:insufficient_funds', 'final'],
  ['open:once', 'open:once', 'unknown'],
])('parsing an order shows the state %s as %s, and treats it as %s', (written, shown, phase) => {
  const read = order({ order_state: `"${written}"` });
  expect(read.order_state).toBe(shown);
  expect(phaseOf(read)).toBe(phase);
});

it('parsing an order refuses a state of 120 kB with a short message, and drops any other text of that length', () => {
  const long = JSON.stringify('x'.repeat(120_000));
  expect(() => order({ order_state: long })).toThrow('an order whose order_state is longer than 256 characters');
  const { instrument_name, details } = order({ instrument_name: long });
  expect([instrument_name, details['instrument_name']]).toEqual([undefined, 'x'.repeat(120_000)]);
});

it('parsing an order keeps fields that the specification does not name, digits exact', () => {
  const { details } = order({ usd: '1.10', deep: '{"__proto__":[1e400,{"a":-0.0}]}', label: '"x"' });
  expect(writeJson(details)).toBe('{"usd":1.10,"deep":{"__proto__":[1e400,{"a":-0.0}]},"label":"x"}');
});

it('parsing an order names the successors of the order, where they can be order ids', () => {
  const linked = (ids: string) => linkedOrderIds(order({ oto_order_ids: ids }));
  expect(linked('["OTO-80322590",39004881276768256]')).toEqual(['OTO-80322590', '39004881276768256']);
  expect(linked('["a/b",null,true,["x"],""]')).toEqual([]);
  expect(linked('"OTO-80322590"')).toEqual([]);
  expect(linked(JSON.stringify(Array.from({ length: 300 }, (_, i) => `OTO-${i}`)))).toHaveLength(8);
  expect(linked('')).toEqual([]);
});

it('parsing an order accepts times and versions written as strings', () => {
  const read = order({ creation_timestamp: '"1597129894025"', version: '"12"' });
  expect(read.creation_timestamp).toBe(1597129894025);
  expect(read.version).toBe(12);
});

it('parsing an order returns an id that is a string even where the wire sends a number', () => {
  expect(order({ order_id: '39004881276768256' }).order_id).toBe('39004881276768256');
  expect(order({ order_id: '"ETH-349280"' }).order_id).toBe('ETH-349280');
});

it.each([
  ['order_id', ''],
  ['order_id', '""'],
  ['order_id', 'true'],
  ['order_state', ''],
  ['order_state', 'null'],
  ['order_state', '""'],
  ['order_state', '1'],
  ['last_update_timestamp', ''],
  ['last_update_timestamp', '-1'],
  ['last_update_timestamp', '1597129894026.5'],
  ['last_update_timestamp', '{}'],
])('parsing an order refuses an order with %s %s, because nothing can be said about it', (field, value) => {
  const failure = failureOf(() => order({ [field]: value }));
  expect(failure?.code).toBe('invalid_response');
  expect(failure?.message).toContain(`${field} is missing or cannot be read`);
});

it.each([
  ['seconds', '1597129894'],
  ['microseconds', '1597129894026000'],
  ['microseconds, in an exponent', '1.597129894026e15'],
])('parsing an order refuses an order whose last update is in %s', (_unit, value) => {
  expect(failureOf(() => order({ last_update_timestamp: value }))?.code).toBe('invalid_response');
});

it.each([
  ['price is empty', { price: '""' }],
  ['price is null', { price: 'null' }],
  ['price is missing', { price: '' }],
  ['time_in_force is missing', { time_in_force: '' }],
  ['time_in_force is empty', { time_in_force: '""' }],
  ['order_type is missing', { order_type: '' }],
  ['direction is missing', { direction: '' }],
  ['instrument_name is missing', { instrument_name: '' }],
  ['creation_timestamp is missing', { creation_timestamp: '' }],
])('an order is readable although its %s', (_what, members) => {
  const [field = ''] = Object.keys(members);
  const read = order(members);
  expect(read).not.toHaveProperty(field);
  expect(read).toMatchObject({ order_id: '39004881276768256', order_state: 'canceled', details: {} });
  expect(driftOf(read, deribit)).toEqual([`missing ${field}`]);
});

it.each([
  ['price is "market"', 'price', '"market"'],
  ['price is a list', 'price', '[1]'],
  ['amount has a comma', 'amount', '"1,5"'],
  ['amount is hexadecimal', 'amount', '"0x10"'],
  ['amount has too many digits', 'amount', `"${'1'.repeat(65)}"`],
  ['filled_amount is beyond every number', 'filled_amount', '"1e1000"'],
  ['average_price is "NaN"', 'average_price', '"NaN"'],
  ['advanced is false', 'advanced', 'false'],
  ['time_in_force is a number', 'time_in_force', '1'],
  ['creation_timestamp is in seconds', 'creation_timestamp', '1597129894'],
  ['creation_timestamp is in microseconds', 'creation_timestamp', '1597129894025000'],
  ['creation_timestamp is no whole number', 'creation_timestamp', '1.5'],
  ['version is no whole number', 'version', '1.5'],
  ['version is a list', 'version', '[]'],
  ['version has too many digits', 'version', '12345678901'],
] as const)('an order is readable although its %s, which is kept as it was written', (_what, field, value) => {
  const read = order({ [field]: value });
  expect(read).not.toHaveProperty(field);
  expect(writeJson(read.details)).toBe(`{"${field}":${value}}`);
  expect(driftOf(read, deribit)).toEqual([`unreadable ${field}`]);
});

it.each([
  ['version is 1.0', { version: '1.0' }, 'version', 1],
  [
    'last update is 1.597129894026E12',
    { last_update_timestamp: '1.597129894026E12' },
    'last_update_timestamp',
    seedTime,
  ],
  ['last update is 1597129894026.0', { last_update_timestamp: '1597129894026.0' }, 'last_update_timestamp', seedTime],
  [
    'creation is "1.5971298940250e+12"',
    { creation_timestamp: '"1.5971298940250e+12"' },
    'creation_timestamp',
    seedTime - 1,
  ],
] as const)(
  'an order is readable although its %s, which is a whole number however it is written',
  (_what, members, field, value) => {
    const read = order(members);
    expect(read[field]).toBe(value);
    expect(driftOf(read, deribit)).toEqual([]);
  },
);

it('an order is readable although its last update is 1 ms before its creation, and both are kept', () => {
  const read = order({ creation_timestamp: String(seedTime + 1) });
  refuseImplausibleTimes(read, seedTime);
  expect(read).toMatchObject({ creation_timestamp: seedTime + 1, last_update_timestamp: seedTime });
  expect(driftOf(read, deribit)).toEqual(['created after its last update']);
});

it('an order is readable although every optional field is invalid at once', () => {
  const read = readOrder(
    objectIn(`{"order_id":1,"order_state":"filled","last_update_timestamp":${seedTime}}`),
    deribit,
  );
  expect(read).toEqual({ order_id: '1', order_state: 'filled', last_update_timestamp: seedTime, details: {} });
});

describe('times', () => {
  const hour = 3_600_000;
  const now = Date.UTC(2026, 0, 1);
  const dated = (updated: number) => () =>
    refuseImplausibleTimes(order({ last_update_timestamp: String(updated) }), now);

  it('the times of an order may lie up to an hour ahead of our clock, and as far back as 2010', () => {
    expect(failureOf(dated(now + hour))).toBeUndefined();
    expect(failureOf(dated(Date.UTC(2010, 0, 1)))).toBeUndefined();
  });

  it.each([
    ['before 2010', Date.UTC(2010, 0, 1) - 1, 'cannot be read'],
    ['over an hour ahead', now + hour + 1, 'more than an hour ahead'],
  ])('the times of an order are refused %s', (_when, updated, complaint) => {
    const failure = failureOf(dated(updated));
    expect(failure?.code).toBe('invalid_response');
    expect(failure?.message).toContain(complaint);
  });
});

it('a parsed order has only fields that have a value, and none that is undefined', () => {
  const order = {
    order_id: 'A',
    order_state: 'open',
    last_update_timestamp: 1,
    amount: undefined,
    details: { label: 'x' },
  };
  expect(fieldsOf(order)).toEqual([
    ['order_id', 'A'],
    ['order_state', 'open'],
    ['last_update_timestamp', 1],
  ]);
});
