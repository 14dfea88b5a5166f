import { format, inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Secret } from '../../../lib/exchange/secret.ts';

const canary = 'canary-4f1d';
const secret = new Secret(canary);

test('a Secret gives its text only through reveal', () => {
  expect(secret.reveal()).toBe(canary);
});

test('a Secret prints as [redacted] however it is printed', () => {
  const printed = [
    String(secret),
    secret.toString(),
    `${secret}`,
    JSON.stringify(secret),
    JSON.stringify({ nested: [secret] }),
    inspect(secret),
    inspect({ nested: { secret } }, { depth: null, showHidden: true }),
    format('%s %o %j', secret, secret, secret),
  ];
  for (const text of printed) {
    expect(text).toContain('[redacted]');
    expect(text).not.toContain(canary);
  }
});

test('a Secret has no property that holds the text', () => {
  expect(JSON.stringify(Object.getOwnPropertyDescriptors(secret))).not.toContain(canary);
  expect({ ...secret }).toEqual({});
});
