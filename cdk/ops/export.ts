import { open, rm } from 'node:fs/promises';
import type { Item } from '../../lib/dynamo.ts';
import { Failure } from '../../lib/errors.ts';
import { writeJson } from '../../lib/exchange/json.ts';
import { snapshotPrefix } from '../../lib/snapshots/items.ts';
import { readSnapshot } from '../../lib/snapshots/read-items.ts';
import { addExamples, addNotes, oneOf, UsageError } from './command-line.ts';
import type { Context } from './context.ts';
import { csvHeading, csvLine } from './csv.ts';
import { createStackCommand, sinceText, targetOf, timeOption } from './options.ts';
import { createProgress, type Progress } from './progress.ts';
import { type ExportedRow, rowOf } from './snapshot-row.ts';
import { openTable } from './stack.ts';
import { createTableReader, itemCount, readUnitsPerSecond, type TableReader } from './table-reader.ts';

const formats = ['jsonl', 'csv'] as const;

type Format = { readonly heading: string; readonly line: (row: ExportedRow) => string };

const writers: Readonly<Record<(typeof formats)[number], Format>> = {
  jsonl: { heading: '', line: (row) => `${writeJson(row)}\n` },
  csv: { heading: csvHeading, line: csvLine },
};

export function exportCommand(context: Context) {
  const { terminal, clock } = context;
  const command = createStackCommand('export')
    .description('Exports all snapshots since a time as JSON lines or CSV, with provenance and exact digits.')
    .requiredOption('--since <time>', sinceText, timeOption('--since'))
    .requiredOption('--format <name>', 'jsonl (one snapshot per line) or csv', oneOf('--format', formats))
    .option('--out <file>', 'a new file (default: standard output)')
    .action(async ({ since, format, out, json, ...options }) => {
      const table = await openTable(targetOf(options));
      const reader = createTableReader(table, clock);
      const progress = createProgress(context, 'items read', await itemCount(table));
      const sink = await sinkOf(out, terminal.out);
      const counts = await exportSince(since, writers[format], { reader, sink, progress, log: terminal.log });
      const { snapshots, items, unreadable } = counts;
      const summary = json
        ? JSON.stringify({ snapshots, items_read: items, unreadable })
        : `${snapshots} snapshots of ${items} items in the table.`;
      // Next to the snapshots it would look like one.
      (out === undefined ? terminal.log : terminal.out)(`${summary}\n`);
      if (unreadable > 0) context.fail();
    });
  addExamples(
    command,
    ['--since 2026-01-01 --format csv --stage prod --out snapshots.csv'],
    ['--since 2026-01-01 --format jsonl --stage prod | gzip > snapshots.jsonl.gz'],
  );
  addNotes(
    command,
    `It reads the whole table once, at ${readUnitsPerSecond} read units a second. Orders are sorted as in the table, an order's
snapshots by the exchange's time. In csv, text that a spreadsheet would run as a formula is prefixed with an apostrophe; import
order ids as text, because spreadsheets round them. Control characters are written as \\uXXXX.
Exit codes: 0 done, 1 failed or incomplete, 2 wrong options.`,
  );
  return command;
}

type Exporting = {
  readonly reader: TableReader;
  readonly sink: Sink;
  readonly progress: Progress;
  readonly log: (text: string) => void;
};

/** Writes the snapshots first observed since then; returns how many, of how many items, and how many are unreadable. */
async function exportSince(since: number, { heading, line }: Format, { reader, sink, progress, log }: Exporting) {
  const counts = { snapshots: 0, items: 0, unreadable: 0 };
  const request = {
    FilterExpression: 'begins_with(sk, :prefix) AND first_observed_at >= :since',
    ExpressionAttributeValues: { ':prefix': { S: snapshotPrefix }, ':since': { N: String(since) } },
  };
  try {
    await sink.write(heading);
    for await (const page of reader.scan(request)) {
      const lines = page.items.flatMap(linesOf);
      await sink.write(lines.join(''));
      counts.items += page.scanned;
      counts.snapshots += lines.length;
      progress.at(counts.items);
    }
  } catch (error) {
    await sink.discard();
    throw error;
  } finally {
    progress.end();
  }
  await sink.close();
  return counts;

  function linesOf(item: Item): readonly string[] {
    try {
      return [line(rowOf(readSnapshot(item)))];
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      counts.unreadable++;
      log(`${item['pk']?.S} ${item['sk']?.S} is left out: ${error.message}\n`);
      return [];
    }
  }
}

type Sink = {
  readonly write: (text: string) => Promise<void>;
  readonly close: () => Promise<void>;
  /** A file written in part could be mistaken for a whole one. */
  readonly discard: () => Promise<void>;
};

async function sinkOf(path: string | undefined, out: (text: string) => void): Promise<Sink> {
  if (path === undefined) return { write: async (text) => out(text), close: async () => {}, discard: async () => {} };
  // What the desk trades is confidential.
  const file = await open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`--out ${path} cannot be written (${error.code}): name a new file in an existing folder`);
  });
  return {
    write: async (text) => void (await file.appendFile(text)),
    close: () => file.close(),
    discard: async () => {
      await file.close();
      await rm(path);
    },
  };
}
