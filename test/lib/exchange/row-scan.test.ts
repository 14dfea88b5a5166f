import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRowScan, rowOrderId } from '../../../lib/exchange/row-scan.ts';
import { codePoint } from '../code-point.ts';

/** What a scan makes of a text that comes in these pieces, when `expected` says which row may come at each place. */
function scan(pieces: readonly string[], expected: readonly (string | undefined)[] = []) {
  const rows: string[] = [];
  const take = createRowScan(
    (row) => rows.push(row),
    () => expected[rows.length],
  );
  return { frame: pieces.map(take).join(''), rows };
}

/** The text in pieces that end where the numbers say, modulo its length. */
function cut(text: string, cuts: readonly number[]): readonly string[] {
  const ends = [...new Set(cuts.map((at) => at % (text.length + 1)))].sort((a, b) => a - b);
  return [...ends, text.length].map((end, index) => text.slice(index === 0 ? 0 : ends[index - 1], end));
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

const space = fc.constantFrom('', ' ', '\n\t', '\r');
/** Strings that look like structure, with escapes of all kinds. */
const awkward = fc.oneof(
  fc.string({ unit: codePoint, maxLength: 8 }),
  fc.constantFrom('}', ']', '[{', '","', '\\', '\\"', '"', 'order_id', 'result', '{"order_id":"x"}', 'ü€😀'),
);
const writtenAs = (texts: fc.Arbitrary<string>) =>
  texts.chain((text) =>
    fc.constantFrom(
      JSON.stringify(text),
      // Every character escaped.
      `"${[...Array(text.length).keys()].map((at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`,
    ),
  );
const written = writtenAs(awkward);
/**
 * None with a backslash in it: where an object before had the name `\`, the JSON.parse of Node 24 reads `"\n"` as that
 * name. We read names of the exchange with other parsers.
 */
const names = awkward.filter((text) => !text.includes('\\'));
const number = fc.constantFrom('0', '-1.50', '1.6e-7', '39004881276768256', '1234567890123456789012', '1E400');
const { value } = fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    written,
    number,
    fc.constantFrom('null', 'true', 'false'),
    tie('list'),
    tie('object'),
  ),
  list: fc
    .tuple(fc.array(tie('value'), { maxLength: 3 }), space)
    .map(([items, gap]) => `[${gap}${items.join(`${gap},`)}${gap}]`),
  object: fc
    .tuple(
      fc.uniqueArray(fc.tuple(writtenAs(names), tie('value')), {
        maxLength: 3,
        selector: ([name]) => JSON.parse(name),
      }),
      space,
    )
    .map(
      ([members, gap]) =>
        `{${gap}${members.map(([name, member]) => `${name}${gap}:${gap}${member}`).join(`${gap},${gap}`)}${gap}}`,
    ),
}));

const list = fc
  .tuple(fc.array(value, { maxLength: 6 }), space)
  .map(([rows, gap]) => ({ rows, text: `[${gap}${rows.join(`${gap},${gap}`)}${gap}]` }));
/** Each name once: of an escaped name that comes twice, the JSON.parse of Node 24 may keep the first value. */
const others = fc
  .uniqueArray(
    fc.tuple(
      names.filter((name) => name !== 'result'),
      value,
    ),
    { maxLength: 6, selector: ([name]) => name },
  )
  .map((members) => [members.slice(0, 3), members.slice(3)] as const);
const resultName = fc.constantFrom('"result"', '"\\u0072esult"', '"resul\\u0074"');
const reply = fc.tuple(list, others, resultName, space).map(([{ rows, text }, [before, after], name, gap]) => {
  const write = (members: typeof before) =>
    members.map(([key, member]) => `${JSON.stringify(key)}${gap}:${gap}${member}`);
  const members = [...write(before), `${name}${gap}:${gap}${text}`, ...write(after)];
  return { rows, text: `${gap}{${gap}${members.join(`${gap},${gap}`)}${gap}}${gap}`, list: text };
});
const cuts = fc.array(fc.nat(), { maxLength: 12 });

test('the scan for rows in a list reply finds the rows that JSON.parse finds, verbatim, however the text is chunked', () => {
  fc.assert(
    fc.property(reply, cuts, ({ rows, text, list: listText }, where) => {
      const { frame, rows: found } = scan(cut(text, where));
      expect(found).toEqual(rows);
      expect(found.map((row) => JSON.parse(row))).toEqual(JSON.parse(listText));
      const framed = JSON.parse(frame);
      expect(framed).toEqual({ ...JSON.parse(text), result: rows.length === 0 ? [] : [rows.length] });
    }),
    { numRuns: 500 },
  );
});

test('the scan for rows in a list reply leaves valid JSON exactly when the whole reply is JSON, whatever was changed in it', () => {
  const damage = fc.tuple(
    fc.nat(),
    fc.nat({ max: 2 }),
    fc.constantFrom('', ',', ']', '}', '[', '{', '"', '\\', ':', '0', ' '),
  );
  fc.assert(
    fc.property(reply, damage, cuts, ({ text }, [at, length, put], where) => {
      const start = at % (text.length + 1);
      const damaged = text.slice(0, start) + put + text.slice(start + length);
      const { frame, rows } = scan(cut(damaged, where));
      expect(isJson(frame) && rows.every(isJson)).toBe(isJson(damaged));
    }),
    { numRuns: 2_000 },
  );
});

test('the scan for rows in a list reply gives the same result whichever rows are expected', () => {
  fc.assert(
    fc.property(reply, cuts, fc.array(fc.nat()), fc.array(value), ({ rows, text }, where, picks, guesses) => {
      const pieces = cut(text, where);
      const objects = [...rows, ...guesses].filter((row) => row.startsWith('{'));
      // Often the right row, sometimes that of another place or of no place.
      const expected = rows.map((row, at) => {
        const pick = picks[at] ?? 0;
        return pick % 2 === 0 && row.startsWith('{') ? row : objects[pick % objects.length];
      });
      expect(scan(pieces, expected)).toEqual(scan(pieces));
    }),
    { numRuns: 1_000 },
  );
});

test('the scan for rows in a list reply takes no row for the expected one that only starts like it', () => {
  const text = '{"result":[{"a":1,"b":2},{"a":1}]}';
  for (const expected of ['{"a":1}', '{"a":1,"b":2}', '{"a":1,"b":2,"c":3}']) {
    expect(scan([text], [expected, expected])).toEqual(scan([text]));
  }
});

test('the scan for rows in a list reply gives the same result when fed character by character', () => {
  const text = '{"id":1,"result":[ {"a":"]}\\""} , [1,[2]],"x\\\\", -1.5e+3 ,null],"usIn":5}';
  const rows = ['{"a":"]}\\""}', '[1,[2]]', '"x\\\\"', '-1.5e+3', 'null'];
  expect(scan([...text]).rows).toEqual(rows);
  expect(scan([text])).toEqual({ rows, frame: '{"id":1,"result":[     5],"usIn":5}' });
});

test.each([
  '{"result":{"result":[1]}}',
  '{"a":[1],"b":{"result":[1]}}',
  '{"error":"result","data":[1]}',
  '{"a":"result","b":[1]}',
  '{"result":5,"x":[1]}',
  '{"result":"[1]"}',
  '<html>[1]</html>',
  '[1]',
])('the scan for rows in a list reply takes no row out of %s', (text) => {
  expect(scan([text])).toEqual({ frame: text, rows: [] });
});

test('the scan for rows in a list reply takes the rows of both results of a reply with two, and leaves both names for the check that refuses it', () => {
  expect(scan(['{"result":[1],"result":[2]}'])).toEqual({
    frame: '{"result":[1],"result":[1]}',
    rows: ['1', '2'],
  });
});

test('the scan for rows in a list reply leaves the frame open when the text breaks off in a row', () => {
  expect(scan(['{"result":[{"a":1},{"b"'])).toEqual({ frame: '{"result":[', rows: ['{"a":1}'] });
});

test('the order id of a list row is the one that JSON.parse finds, whatever surrounds it', () => {
  const id = fc.oneof(written, number);
  const members = fc.array(
    fc.tuple(
      awkward.filter((name) => name !== 'order_id'),
      value,
    ),
    { maxLength: 4 },
  );
  const name = fc.constantFrom('"order_id"', '"order\\u005fid"');
  fc.assert(
    fc.property(members, members, id, name, space, (before, after, idText, idName, gap) => {
      const write = (all: typeof before) => all.map(([key, member]) => `${JSON.stringify(key)}${gap}:${gap}${member}`);
      const all = [...write(before), `${idName}${gap}:${gap}${idText}`, ...write(after)];
      const row = `{${gap}${all.join(`${gap},${gap}`)}${gap}}`;
      expect(rowOrderId(row)).toBe(idText.startsWith('"') ? JSON.parse(idText) : idText);
    }),
    { numRuns: 1_000 },
  );
});

test.each([
  '{}',
  '[]',
  'null',
  '"order_id"',
  '[{"order_id":"a"}]',
  '{"order":{"order_id":"a"}}',
  '{"a":["order_id","b"]}',
  '{"order_id":null}',
  '{"order_id":true}',
  '{"order_id":["a"]}',
  '{"order_id":{"a":"b"}}',
  '{"order_id":"a","order_id":"a"}',
  '{"order_id":"a","order\\u005fid":"b"}',
  '{"label":"order_id"}',
])('the order id of a list row is not found in %s', (row) => {
  expect(rowOrderId(row)).toBeUndefined();
});

test('the order id of a list row keeps every digit', () => {
  expect(rowOrderId('{"a":"order_id","order_id":39004881276768257}')).toBe('39004881276768257');
  expect(rowOrderId('{"order_id" : "ETH-SLIS-12"}')).toBe('ETH-SLIS-12');
});
