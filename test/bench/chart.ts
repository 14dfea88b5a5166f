import type { Report } from './report.ts';

const shown = [
  ['init_and_first', 'INIT and first request'],
  ['warm_cpu', 'CPU of a warm request'],
] as const;

const width = 760;
const labelWidth = 210;
const rowHeight = 22;
const headHeight = 34;
/** The usual stack's bar, and what longer ones are cut to. */
const unit = 300;
const maxLength = 460;

/** A bar chart of the ratios, as SVG. */
export function chartOf({ base, subjects }: Report): string {
  const rows = subjects.filter(({ name }) => name !== 'empty handler');
  const groupHeight = headHeight + rows.length * rowHeight;
  const height = shown.length * groupHeight + 14;
  const groups = shown.map(([figure, title], group) => {
    const top = group * groupHeight;
    const bars = rows.map(({ name, ratios }, row) => {
      const y = top + headHeight + row * rowHeight;
      const length = Math.max(1, Math.min(maxLength, ratios[figure] * unit));
      const color = name.startsWith('get-order') ? '#2f6fde' : '#9aa4b2';
      return [
        `<text x="${labelWidth - 8}" y="${y + 14}" text-anchor="end">${name}</text>`,
        `<rect x="${labelWidth}" y="${y + 3}" width="${length.toFixed(1)}" height="15" rx="2" fill="${color}"/>`,
        `<text x="${(labelWidth + length + 6).toFixed(1)}" y="${y + 14}">${ratios[figure].toFixed(2)}</text>`,
      ].join('\n');
    });
    return [`<text x="12" y="${top + 24}" font-weight="600">${title} (${base} = 1)</text>`, ...bars].join('\n');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`,
    '  font-family="system-ui, sans-serif" font-size="12" fill="#1f2733">',
    `<title>Ratios to ${base}</title>`,
    `<rect width="${width}" height="${height}" rx="6" fill="#ffffff"/>`,
    ...groups,
    '</svg>\n',
  ].join('\n');
}
