import { expect, test } from 'vitest';
import { readPattern } from './pattern.ts';

test.each([
  [{ a: ['x', 'y'] }, { a: 'y', b: 1 }, true],
  [{ a: ['x'] }, { a: 'z' }, false],
  [{ a: ['x'] }, {}, false],
  [{ a: [1, null, true] }, { a: null }, true],
  [{ a: [1] }, { a: '1' }, false],
  [{ a: { b: ['x'] } }, { a: { b: 'x' } }, true],
  [{ a: { b: ['x'] } }, { a: 'x' }, false],
  [{ a: ['x'], b: ['y'] }, { a: 'x', b: 'z' }, false],
  [{ a: [{ 'anything-but': 'x' }] }, { a: 'y' }, true],
  [{ a: [{ 'anything-but': ['x', 'y'] }] }, { a: 'y' }, false],
  [{ a: [{ 'anything-but': ['x'] }] }, {}, false],
  [{ a: [{ exists: false }] }, {}, true],
  [{ a: [{ exists: true }] }, { a: 0 }, true],
  [{ a: [{ prefix: 'NOW#' }] }, { a: 'NOW#HEAD' }, true],
  [{ a: [{ prefix: 'NOW#' }] }, { a: 7 }, false],
  [{ a: [{ suffix: '#HEAD' }] }, { a: 'NOW#HEAD' }, true],
  [{}, {}, true],
])('whether the event pattern %j lets the event %j through is %s', (pattern, event, expected) => {
  expect(readPattern(JSON.stringify(pattern), 'Here')(event)).toBe(expected);
});

test.each([
  ['nonsense', 'Here is not JSON.'],
  ['"x"', 'Here filters by "x", which cannot be worked out here.'],
  ['{"a":[{"numeric":[">",1]}]}', 'Here.a filters by {"numeric":[">",1]}, which cannot be worked out here.'],
  ['{"a":[{"anything-but":{"prefix":"x"}}]}', 'Here.a filters by {"anything-but":{"prefix":"x"}}'],
  ['{"a":[{"prefix":"x","suffix":"y"}]}', 'Here.a filters by {"prefix":"x","suffix":"y"}'],
  ['{"a":[[]]}', 'Here.a filters by []'],
])('the emulator refuses an event pattern that it does not support: %s', (pattern, message) => {
  expect(() => readPattern(pattern, 'Here')).toThrow(message);
});
