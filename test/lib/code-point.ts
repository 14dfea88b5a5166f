import * as fc from 'fast-check';

const surrogates = { first: 0xd800, count: 0x800 };

/** For strings of any code points: fast-check's own `unit: 'binary'` takes a second of CPU, for a map of all of them. */
export const codePoint = fc.integer({ min: 0, max: 0x10ffff - surrogates.count }).map(
  (index) => String.fromCodePoint(index < surrogates.first ? index : index + surrogates.count),
  (text) => {
    const point = typeof text === 'string' ? text.codePointAt(0) : undefined;
    if (point === undefined || text !== String.fromCodePoint(point)) throw new Error('That is not one code point.');
    return point < surrogates.first ? point : point - surrogates.count;
  },
);
