import * as z from 'zod/mini';

/** What Stryker's JSON report says of one file, as far as it is read here. */
const Report = z.object({
  files: z.record(
    z.string(),
    z.object({
      mutants: z.array(
        z.object({
          status: z.string(),
          mutatorName: z.string(),
          replacement: z.optional(z.string()),
          location: z.object({ start: z.object({ line: z.number(), column: z.number() }) }),
        }),
      ),
    }),
  ),
});

type Score = { readonly file: string; readonly noticed: number; readonly all: number; readonly survivors: string[] };

const noticed: ReadonlySet<string> = new Set(['Killed', 'Timeout', 'RuntimeError', 'CompileError']);
/** What tests cannot notice counts against them: only what was not tried does not. */
const ignored: ReadonlySet<string> = new Set(['Ignored', 'Pending']);

/** How many of the changes of each file the tests noticed, from Stryker's JSON report. Throws what Zod throws. */
export function scoresOf(json: unknown): readonly Score[] {
  const { files } = Report.parse(json);
  return Object.entries(files).map(([file, { mutants }]) => {
    const tried = mutants.filter(({ status }) => !ignored.has(status));
    const survivors = tried
      .filter(({ status }) => !noticed.has(status))
      .map(({ location: { start }, mutatorName, replacement = '' }) => {
        const text = replacement.replace(/\s+/g, ' ');
        return `${file}:${start.line}:${start.column}  ${mutatorName}: ${text.length > 90 ? `${text.slice(0, 90)}…` : text}`;
      });
    return { file, noticed: tried.length - survivors.length, all: tried.length, survivors };
  });
}

/** A table with a line for each file and one for all of them, and below it what no test noticed. */
export function reportOf(scores: readonly Score[]): string {
  const line = (file: string, all: number, caught: number) =>
    `${file.padEnd(34)}${String(all).padStart(8)}${String(caught).padStart(9)}${percent(caught, all).padStart(8)}`;
  return [
    `${'file'.padEnd(34)}${'changes'.padStart(8)}${'noticed'.padStart(9)}${'score'.padStart(8)}`,
    ...scores.map((score) => line(score.file, score.all, score.noticed)),
    line('all', total(scores, 'all'), total(scores, 'noticed')),
    ...scores.flatMap(({ survivors }) => survivors),
  ].join('\n');
}

/** The part of all changes that the tests noticed, in [0, 1]. */
export function scoreOf(scores: readonly Score[]): number {
  return total(scores, 'noticed') / total(scores, 'all');
}

function total(scores: readonly Score[], key: 'all' | 'noticed'): number {
  return scores.reduce((sum, score) => sum + score[key], 0);
}

function percent(part: number, whole: number): string {
  return `${((part / whole) * 100).toFixed(1)} %`;
}
