import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

/** Relative luminance and contrast ratio of WCAG 2. */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const style = await readFile(new URL('../../../cdk/ops/console/style.css', import.meta.url), 'utf8');
const colors = new Map(
  [...style.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(([, name = '', light = '', dark = '']) => [
    name,
    [light, dark] as const,
  ]),
);
const texts = ['text', 'muted', 'link', 'good', 'warn', 'bad'].flatMap((color) => [
  [color, 'page'],
  [color, 'panel'],
]);
const tinted = ['good', 'warn', 'bad'].map((color) => [color, `${color}-tint`]);
const onUrgentRows = ['text', 'muted', 'link', 'good', 'bad'].map((color) => [color, 'warn-tint']);

it.each([...texts, ...tinted, ...onUrgentRows])(
  "the console's text %s on %s has a contrast of at least 4.5, in light and dark mode",
  (color = '', ground = '') => {
    for (const scheme of [0, 1] as const) {
      const [a = 0, b = 0] = [color, ground]
        .map((name) => luminance(colors.get(name)?.[scheme] ?? '#000000'))
        .sort((x, y) => y - x);
      expect((a + 0.05) / (b + 0.05), ['light', 'dark'][scheme]).toBeGreaterThanOrEqual(4.5);
    }
  },
);

it.each([
  ['record', 'panel'],
  ['exchange', 'panel'],
  ['record', 'gap'],
  ['exchange', 'gap'],
])("the console's line %s on %s has a contrast of at least 3", (color = '', ground = '') => {
  for (const scheme of [0, 1] as const) {
    const [a = 0, b = 0] = [color, ground]
      .map((name) => luminance(colors.get(name)?.[scheme] ?? '#000000'))
      .sort((x, y) => y - x);
    expect((a + 0.05) / (b + 0.05), ['light', 'dark'][scheme]).toBeGreaterThanOrEqual(3);
  }
});
