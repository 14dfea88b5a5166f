import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  canonicalJson,
  isJsonObject,
  JsonError,
  memberText,
  parseJson,
  scalarText,
  writeJson,
} from '../../../lib/exchange/json.ts';
import { codePoint } from '../code-point.ts';
import { printed } from '../thrown.ts';

const digits = fc.stringMatching(/^[0-9]{1,40}$/);
const integer = fc.stringMatching(/^(0|[1-9][0-9]{0,40})$/);
/** A JSON number as text, in every form that the grammar allows. */
const lexeme = fc
  .tuple(
    fc.constantFrom('', '-'),
    integer,
    fc.option(digits),
    fc.option(fc.tuple(fc.constantFrom('e', 'E', 'e-', 'E+'), digits)),
  )
  .map(([sign, whole, fraction, exponent]) => {
    return sign + whole + (fraction === null ? '' : `.${fraction}`) + (exponent === null ? '' : exponent.join(''));
  });

/** Any but those that look like an index, which JavaScript puts ahead of the others. */
const memberName = fc.string({ unit: codePoint, maxLength: 8 }).filter((name) => !/^\d+$/.test(name));

/** JSON text without spaces, with the value of every number as it was drawn. */
const { json: jsonText } = fc.letrec<{ json: string; array: string; object: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small' },
    lexeme,
    fc.string({ unit: codePoint }).map((text) => JSON.stringify(text)),
    fc.constantFrom('null', 'true', 'false'),
    tie('array'),
    tie('object'),
  ),
  array: fc.array(tie('json'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
  object: fc
    .uniqueArray(fc.tuple(memberName, tie('json')), { maxLength: 4, selector: ([name]) => name })
    .map((members) => `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`),
}));

test('JSON keeps its digits when any number is read and written', () => {
  fc.assert(
    fc.property(lexeme, (text) => {
      expect(writeJson(parseJson(text))).toBe(text);
      expect(writeJson(parseJson(`{"a":[${text}]}`))).toBe(`{"a":[${text}]}`);
      expect(scalarText(parseJson(text))).toBe(text);
    }),
    { numRuns: 2_000 },
  );
});

test('JSON keeps its digits when any JSON text is read and written', () => {
  fc.assert(
    fc.property(jsonText, (text) => {
      expect(writeJson(parseJson(text))).toBe(text);
    }),
    { numRuns: 1_000 },
  );
});

test('memberText finds a member between any others, verbatim', () => {
  const padding = fc.stringMatching(/^[ \t\n\r]{0,3}$/);
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(memberName, jsonText), { minLength: 1, maxLength: 5, selector: ([name]) => name }),
      padding,
      fc.nat(),
      (members, space, pick) => {
        const written = members.map(([name, value]) => `${JSON.stringify(name)}${space}:${space}${value}${space}`);
        const text = `${space}{${space}${written.join(`,${space}`)}}${space}`;
        const [name = '', value] = members[pick % members.length] ?? [];
        parseJson(text);
        expect(memberText(text, name)).toBe(value);
        expect(memberText(text, `${members.map(([other]) => other).join('')}!`)).toBeUndefined();
      },
    ),
    { numRuns: 1_000 },
  );
});

test('memberText is not misled by the same name at a deeper level, or inside a string', () => {
  const text = '{"a":{"result":1},"b":"\\"result\\":2","c":["result",{"result":3}],"result": {"x":"}"} }';
  expect(memberText(text, 'result')).toBe('{"x":"}"}');
});

test('memberText reads a name that is written with escapes', () => {
  expect(memberText('{"r\\u0065sult":1.0}', 'result')).toBe('1.0');
});

test('memberText finds nothing in a value that is not an object', () => {
  expect(memberText('[{"result":1}]', 'result')).toBeUndefined();
  expect(memberText('"result"', 'result')).toBeUndefined();
});

test.each([
  ['', 'nothing'],
  ['{', 'half an object'],
  ['{"a":1}x', 'something after the end'],
  ['<html>', 'HTML'],
  ['{"a":NaN}', 'a number that JSON has not'],
  ['01', 'a leading zero'],
  ['"\\', 'half an escape'],
])('parseJson refuses %j: %s', (text) => {
  expect(() => parseJson(text)).toThrow(JsonError);
});

test('parseJson refuses a key that is given twice with different values', () => {
  expect(() => parseJson('{"state":"open","state":"filled"}')).toThrow(JsonError);
});

test('parseJson refuses values nested deeper than 32, however deep, and accepts values nested 32 deep', () => {
  const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
  expect(writeJson(parseJson(nested(32)))).toBe(nested(32));
  for (const levels of [33, 1_000_000]) expect(() => parseJson(nested(levels))).toThrow(JsonError);
  expect(parseJson(`"${'['.repeat(100)}"`)).toBe('['.repeat(100));
});

test('parseJson lets no member become a prototype', () => {
  const value = parseJson('{"a":1,"__proto__":{"order_state":"filled"}}');
  expect(isJsonObject(value) && value['order_state']).toBeUndefined();
});

test('parseJson does not quote what it refuses', () => {
  const canary = 'canary-77';
  try {
    parseJson(`{"token":"${canary}", oops}`);
    expect.unreachable();
  } catch (thrown) {
    expect(thrown instanceof Error && printed(thrown)).not.toContain(canary);
  }
});

test('canonicalJson is the same for the same content, and differs with any digit', () => {
  const canonical = (text: string) => canonicalJson(parseJson(text));
  expect(canonical('{ "b": [{"d":1,"c":2,"e":3}], "a": 1.0 }')).toBe('{"a":1.0,"b":[{"c":2,"d":1,"e":3}]}');
  expect(canonical('{"a":1.0}')).not.toBe(canonical('{"a":1.00}'));
});

test('writeJson writes null for values that JSON lacks', () => {
  expect(writeJson(undefined)).toBe('null');
});

test('isJsonObject distinguishes objects from everything else', () => {
  expect(isJsonObject(parseJson('{}'))).toBe(true);
  for (const text of ['null', '1', '"a"', 'true', '[]']) expect(isJsonObject(parseJson(text))).toBe(false);
  expect(isJsonObject(undefined)).toBe(false);
});

test('scalarText accepts strings and numbers, and nothing else', () => {
  expect(scalarText('1.10')).toBe('1.10');
  expect(scalarText(undefined)).toBeUndefined();
  for (const text of ['null', 'true', '[]', '["1"]', '{}']) expect(scalarText(parseJson(text))).toBeUndefined();
});
