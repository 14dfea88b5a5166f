import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../../lib/errors.ts';
import { isJsonObject, parseJson, writeJson } from '../../../lib/exchange/json.ts';
import { linkedOrderIds, orderId, phaseOf, readOrder, refuseImplausibleTimes } from '../../../lib/exchange/order.ts';
import { seedFields, seedResultWith } from '../../emulator/exchange/seed-order.ts';

function order(members: Readonly<Record<string, string>>) {
  return readOrder(objectIn(seedResultWith(members)));
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

describe('an order', () => {
  it("has every field of the specification's example, to the digit", () => {
    expect(order({})).toEqual({ ...seedFields, details: {} });
  });

  it.each(['0', '-0.5', '1.10', '1.6e-7', '1E+3', '0.000000010', '39004881276768256.00'])(
    'keeps the quantity %s as it was written, as a number and as a string',
    (digits) => {
      for (const field of ['amount', 'price', 'filled_amount', 'average_price'] as const) {
        expect(order({ [field]: digits })[field]).toBe(digits);
        expect(order({ [field]: `"${digits}"` })[field]).toBe(digits);
      }
    },
  );

  it('keeps any decimal number that JSON can write', () => {
    const lexeme = fc
      .tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** 20n }), fc.nat(9_999), fc.integer({ min: -99, max: 99 }))
      .map(([negative, whole, fraction, exponent]) => `${negative ? '-' : ''}${whole}.${fraction}e${exponent}`);
    fc.assert(
      fc.property(lexeme, (digits) => {
        expect(order({ price: digits }).price).toBe(digits);
      }),
    );
  });

  it('takes market_price, and quantities that strings may write and JSON may not', () => {
    expect(order({ price: '"market_price"' }).price).toBe('market_price');
    expect(order({ price: '".5"' }).price).toBe('.5');
    expect(order({ price: '"+1."' }).price).toBe('+1.');
  });

  it.each(['amount', 'filled_amount', 'average_price', 'advanced', 'version'])('may lack %s', (field) => {
    expect(order({ [field]: '' })).not.toHaveProperty(field);
    expect(order({ [field]: 'null' })).not.toHaveProperty(field);
  });

  it('takes an empty quantity for none', () => {
    expect(order({ average_price: '""' })).not.toHaveProperty('average_price');
  });

  it('passes on what options say of their price', () => {
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
  ])('whose state is %s is shown as %s and taken for %s', (written, shown, phase) => {
    const read = order({ order_state: `"${written}"` });
    expect(read.order_state).toBe(shown);
    expect(phaseOf(read)).toBe(phase);
  });

  it('keeps what the specification does not name, digits exact', () => {
    const { details } = order({ usd: '1.10', deep: '{"__proto__":[1e400,{"a":-0.0}]}', label: '"x"' });
    expect(writeJson(details)).toBe('{"usd":1.10,"deep":{"__proto__":[1e400,{"a":-0.0}]},"label":"x"}');
  });

  it('names the orders that live on after it, as far as they can be ids', () => {
    const linked = (ids: string) => linkedOrderIds(order({ oto_order_ids: ids }));
    expect(linked('["OTO-80322590",39004881276768256]')).toEqual(['OTO-80322590', '39004881276768256']);
    expect(linked('["a/b",null,true,["x"],""]')).toEqual([]);
    expect(linked('"OTO-80322590"')).toEqual([]);
    expect(linked('')).toEqual([]);
  });

  it('takes times and versions written as strings', () => {
    const read = order({ creation_timestamp: '"1597129894025"', version: '"12"' });
    expect(read.creation_timestamp).toBe(1597129894025);
    expect(read.version).toBe(12);
  });

  it('has an id that is a string even where the wire sends a number', () => {
    expect(order({ order_id: '39004881276768256' }).order_id).toBe('39004881276768256');
    expect(orderId(objectIn('{"order_id":"ETH-349280"}'))).toBe('ETH-349280');
  });

  it.each([
    ['order_id', '', 'order_id is missing'],
    ['order_id', 'true', 'order_id is missing'],
    ['order_state', '', 'order_state is missing'],
    ['order_state', '""', 'order_state is not a text'],
    ['order_state', '1', 'order_state is not a text'],
    ['direction', 'null', 'direction is missing'],
    ['price', '', 'price is missing'],
    ['price', '"cheap"', 'price is neither a decimal number nor market_price'],
    ['price', '[1]', 'price is neither'],
    ['amount', '"1,5"', 'amount is neither'],
    ['amount', '"0x10"', 'amount is neither'],
    ['amount', `"${'1'.repeat(65)}"`, 'amount is neither'],
    ['filled_amount', '"1e1000"', 'filled_amount is neither'],
    ['creation_timestamp', '', 'creation_timestamp is missing'],
    ['creation_timestamp', '1.5', 'creation_timestamp is not a whole number of milliseconds'],
    ['creation_timestamp', '{}', 'creation_timestamp is not'],
    ['last_update_timestamp', '-1', 'last_update_timestamp is not'],
    ['last_update_timestamp', '15971298940260', 'last_update_timestamp is not'],
    ['version', '1.5', 'version is not a whole number'],
    ['version', '[]', 'version is not a whole number'],
    ['version', '12345678901', 'version is not a whole number'],
  ])('with %s %s is refused: %s', (field, value, complaint) => {
    const failure = failureOf(() => order({ [field]: value }));
    expect(failure?.code).toBe('invalid_response');
    expect(failure?.message).toContain(complaint);
  });
});

describe('the times of an order', () => {
  const hour = 3_600_000;
  const now = Date.UTC(2026, 0, 1);
  const dated = (created: number, updated: number) => () =>
    refuseImplausibleTimes(order({ creation_timestamp: String(created), last_update_timestamp: String(updated) }), now);

  it('may lie up to an hour ahead of our clock, and as far back as 2010', () => {
    expect(failureOf(dated(now, now + hour))).toBeUndefined();
    expect(failureOf(dated(Date.UTC(2010, 0, 1), now))).toBeUndefined();
  });

  it.each([
    ['before 2010', Date.UTC(2010, 0, 1) - 1, now],
    ['before its creation', now, now - 1],
    ['over an hour ahead', now, now + hour + 1],
  ])('are refused %s', (complaint, created, updated) => {
    const failure = failureOf(dated(created, updated));
    expect(failure?.code).toBe('invalid_response');
    expect(failure?.message).toContain(complaint);
  });
});
