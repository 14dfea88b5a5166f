import { expect, it } from 'vitest';
import { visible, visibleLines } from '../../lib/visible.ts';

it.each([
  ['a colour', '\u001b[31mred', '\\u001b[31mred'],
  ['the terminal title', '\u001b]0;title\u0007', '\\u001b]0;title\\u0007'],
  ['a control sequence in one character', '\u009b2J', '\\u009b2J'],
  ['a line end', 'a\r\nb\u0085c\u2028d', 'a\\u000d\\u000ab\\u0085c\\u2028d'],
  ['a right-to-left override', 'a\u202ebc', 'a\\u202ebc'],
  ['an isolate and a mark', '\u2066a\u2069\u200f\u061c', '\\u2066a\\u2069\\u200f\\u061c'],
  ['an invisible tag', '\u{e0041}', '\\udb40\\udc41'],
  ['half a character', 'a\ud800b', 'a\\ud800b'],
])('text for a terminal has escapes for %s', (_, text, shown) => {
  expect(visible(text)).toBe(shown);
  expect(JSON.parse(visible(JSON.stringify(text)))).toBe(text);
});

it('text for a terminal keeps any script, and emoji', () => {
  for (const text of ['Größe', '注文', 'أمر', '→ 1.5 %', '🙂', 'a\\u001b']) expect(visible(text)).toBe(text);
});

it('text for a terminal keeps the line ends that we write', () => {
  expect(visibleLines('a\u001b\nb\r\nc\rd')).toBe('a\\u001b\nb\r\nc\\u000dd');
});
