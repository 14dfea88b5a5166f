import type { RowResult } from './row.ts';
import { megabytes, totalsOf } from './verdict.ts';

type Cells = readonly string[];

const columns = ['fault', 'tried', 'outcome', 'longest', 'calls a request', 'memory', 'lost', 'closed', 'leaks'];

function cellsOf({ fault, tried, requests, outcomes, maxMs, calls, growthBytes, damage, leaks }: RowResult): Cells {
  const codes = [...outcomes]
    .toSorted(([, a], [, b]) => b - a)
    .map(([code, n]) => (outcomes.size > 1 ? `${code} ${n}` : code));
  return [
    fault,
    String(tried),
    codes.join(', '),
    seconds(maxMs),
    perRequest(calls, requests),
    `${megabytes(growthBytes)} MB`,
    String(damage.lost + damage.regressed + damage.invented),
    String(damage.closed),
    String(leaks.length),
  ];
}

function perRequest(calls: number, requests: number): string {
  return requests === 0 ? '-' : (calls / requests).toFixed(2);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

/** All rows, by group, in Markdown. */
export function fullTable(results: readonly RowResult[]): string {
  return totalsOf(results)
    .map(({ group }) => {
      const rows = results.filter((result) => result.group === group).map(cellsOf);
      return `## ${group}\n\n${markdown(columns, rows)}\n`;
    })
    .join('\n');
}

const summaryColumns = ['group', 'faults', 'tried', 'longest', 'calls a request', 'memory', 'lost or closed', 'leaks'];

/** A line for each group, in Markdown. */
export function summaryTable(results: readonly RowResult[]): string {
  const rows = totalsOf(results).map(({ group, rows, tried, requests, maxMs, calls, growthBytes, damaged, leaks }) => [
    group,
    String(rows),
    String(tried),
    seconds(maxMs),
    perRequest(calls, requests),
    `${megabytes(growthBytes)} MB`,
    String(damaged),
    String(leaks),
  ]);
  return markdown(summaryColumns, rows);
}

function markdown(head: Cells, rows: readonly Cells[]): string {
  const line = (cells: Cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map((_, i) => (i === 0 ? '---' : '---:')).join('|')}|`, ...rows.map(line)].join('\n');
}

/** Puts text between the two marks of a document. Throws when they are not there. */
export function replaceBetweenMarks(document: string, name: string, text: string): string {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [document.indexOf(start), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the document has no ${start} and ${end}`);
  return `${document.slice(0, from + start.length)}\n${text}\n${document.slice(to)}`;
}
