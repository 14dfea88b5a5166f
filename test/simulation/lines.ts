import type { Violation } from './checker.ts';
import { countOf, quantile, type Verdict } from './verdict.ts';

/** A column that must be 0, by the violation that it counts. */
const columns: readonly (readonly [Violation, string])[] = [
  ['closedUnproven', 'closed w/o evidence'],
  ['dropped', 'live dropped'],
  ['neverSeen', 'ends never seen'],
  ['undiscovered', 'not discovered'],
  ['staleConfirmed', 'confirmed stale'],
  ['overspent', 'permits overspent'],
  ['lostOrRegressed', 'lost or regressed'],
];

const widths = [6, 6, 9, 7, 6, ...columns.map(([, title]) => title.length), 8, 8];

export const heading = row('seed', [
  'orders',
  'closed',
  'unseeable',
  'calls',
  'swept',
  ...columns.map(([, title]) => title),
  'median',
  'p99',
]);

/** One line for one seed. */
export function lineOf(verdict: Verdict): string {
  const { seed, orders, closed, excused, calls, swept, delays } = verdict;
  return line(String(seed), {
    counts: [orders, closed, excused, calls],
    swept,
    violations: columns.map(([violation]) => countOf(verdict, violation)),
    delays,
  });
}

/** One line for all of them together. */
export function totalLine(verdicts: readonly Verdict[]): string {
  const sum = (of: (verdict: Verdict) => number) => verdicts.reduce((total, verdict) => total + of(verdict), 0);
  return line('all', {
    counts: [
      sum(({ orders }) => orders),
      sum(({ closed }) => closed),
      sum(({ excused }) => excused),
      sum(({ calls }) => calls),
    ],
    swept: sum(({ swept }) => swept) / Math.max(1, verdicts.length),
    violations: columns.map(([violation]) => sum((verdict) => countOf(verdict, violation))),
    delays: verdicts.flatMap(({ delays }) => delays).toSorted((a, b) => a - b),
  });
}

/** What was found, for a person to look into. */
export function summaryLines({ seed, findings }: Verdict, maxLines: number): readonly string[] {
  const shown = findings
    .slice(0, maxLines)
    .map(({ violation, at, what }) => `  ${seed} ${new Date(at).toISOString()} ${violation}: ${what}`);
  return findings.length > maxLines ? [...shown, `  ${seed} and ${findings.length - maxLines} more`] : shown;
}

function line(
  name: string,
  {
    counts,
    swept,
    violations,
    delays,
  }: {
    readonly counts: readonly number[];
    readonly swept: number;
    readonly violations: readonly number[];
    readonly delays: readonly number[];
  },
): string {
  return row(name, [
    ...counts.map(String),
    `${(swept * 100).toFixed(0)} %`,
    ...violations.map(String),
    seconds(quantile(delays, 0.5)),
    seconds(quantile(delays, 0.99)),
  ]);
}

function row(name: string, cells: readonly string[]): string {
  return [name.padEnd(5), ...cells.map((cell, i) => cell.padStart(widths[i] ?? 0))].join('  ');
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
