import { describe, expect, it } from 'vitest';
import { errorCatalog } from '../../../lib/errors.ts';
import { dialects } from '../../../lib/exchange/dialects/index.ts';
import { orangex } from '../../../lib/exchange/dialects/orangex.ts';

describe.each(Object.entries(dialects))('%s', (name, dialect) => {
  it('a dialect is registered under its own name', () => {
    expect(dialect.name).toBe(name);
  });

  it('a dialect has the version of its URL', () => {
    expect(dialect.url).toMatch(new RegExp(`^https://.*/${dialect.version}$`));
  });

  it('a dialect names each error as the exchange does, and cites a source', () => {
    const errors = Object.entries(dialect.errors);
    expect(errors.length).toBeGreaterThan(20);
    for (const [number, { name, code, document }] of errors) {
      expect(name, number).not.toBe('');
      expect(document, number).not.toBe('');
      expect(errorCatalog, number).toHaveProperty(code);
    }
  });

  it('a dialect cites a source for every other fact', () => {
    for (const [fact, { document }] of Object.entries(dialect.sources)) {
      expect(dialect, fact).toHaveProperty(fact);
      expect(document, fact).not.toBe('');
    }
  });

  it('a dialect lists its volatile fields among its fields', () => {
    expect(dialect.fields).toEqual(expect.arrayContaining([...dialect.volatile]));
  });

  it('a dialect treats an order as not found only where the name of the error says so', () => {
    const notFound = Object.values(dialect.errors).filter(({ code }) => code === 'order_not_found');
    for (const { name } of notFound) expect(name).toMatch(/order.*not.*(found|exist)/);
  });
});

it.each([
  [1005, 'throttled'],
  [2010, 'forbidden'],
  [5002, 'order_not_found'],
  [5010, 'exchange_error'],
  [8001, 'exchange_error'],
  [9900, 'busy'],
] as const)(
  'an OrangeX error code that nobody has seen on the wire such as %s is %s, and marked as unconfirmed',
  (number, code) => {
    expect(orangex.errors[number]).toMatchObject({ code, unconfirmed: true });
  },
);
