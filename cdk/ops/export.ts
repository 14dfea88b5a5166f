import { open, rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import type { Item } from '../../lib/dynamo.ts';
import { Failure } from '../../lib/errors.ts';
import { writeJson } from '../../lib/exchange/json.ts';
import { snapshotPrefix } from '../../lib/snapshots/items.ts';
import { readSnapshot } from '../../lib/snapshots/read-items.ts';
import type { Command } from './command.ts';
import { csvHeading, csvLine } from './csv.ts';
import { oneOf, placeOf, Refusal, shared, sharedHelp, text, timeOf } from './options.ts';
import { createProgress } from './progress.ts';
import { rowOf, type SnapshotRow } from './snapshot-row.ts';
import { openTable } from './stack.ts';
import { createTableReader, unitsPerSecond } from './table-reader.ts';

const formats = ['jsonl', 'csv'] as const;

type Format = { readonly heading: string; readonly line: (row: SnapshotRow) => string };

const writers: Readonly<Record<(typeof formats)[number], Format>> = {
  jsonl: { heading: '', line: (row) => `${writeJson(row)}\n` },
  csv: { heading: csvHeading, line: csvLine },
};

const help = `Writes all snapshots first observed since a time, with their evidence and every digit as the exchange wrote it.

  npm run ops -- export --since 2026-01-01 --format csv --stage prod --out snapshots.csv
  npm run ops -- export --since 2026-01-01 --format jsonl --stage prod | gzip > snapshots.jsonl.gz

Options
  --since ISO     a date (UTC), or a time with Z or an offset
  --format NAME   jsonl, one snapshot a line, or csv
  --out FILE      a new file (default: standard output)
${sharedHelp}
It reads the whole table once, at ${unitsPerSecond} read units a second; orders come as the table has them, an order's snapshots by
the exchange's time. In csv, what a spreadsheet would take for a formula has an apostrophe in front; import order ids as
text, for spreadsheets round them. Exit codes: 0 done, 1 failed or in part, 2 wrong options.
`;

export const exportSnapshots: Command = {
  name: 'export',
  does: 'writes all snapshots since a time as JSON lines or CSV',
  help,
  run: async (args, environment) => {
    const { terminal, clock } = environment;
    const options = { ...shared, since: text, format: text, out: text };
    const { values } = parseArgs({ args: [...args], options });
    const since = timeOf('since', values.since);
    const { heading, line } = writers[oneOf('format', formats, values.format ?? '')];
    const table = await openTable(placeOf(values));
    const { Table } = await table.client.send(new DescribeTableCommand({ TableName: table.tableName }));
    const reader = createTableReader(table, clock);
    const target = await targetOf(values.out, terminal.out);

    let [scanned, written, unreadable] = [0, 0, 0];
    const progress = createProgress(environment, 'items read', Table?.ItemCount ?? 0);
    const snapshots = {
      FilterExpression: 'begins_with(sk, :prefix) AND first_observed_at >= :since',
      ExpressionAttributeValues: { ':prefix': { S: snapshotPrefix }, ':since': { N: String(since) } },
    };
    try {
      await target.write(heading);
      for await (const page of reader.scan(snapshots)) {
        const lines = page.items.flatMap(lineIn);
        await target.write(lines.join(''));
        scanned += page.scanned;
        written += lines.length;
        progress.at(scanned);
      }
    } catch (error) {
      await target.discard();
      throw error;
    } finally {
      progress.end();
    }
    await target.close();
    const summary = values.json
      ? JSON.stringify({ snapshots: written, items_read: scanned, unreadable })
      : `${written} snapshots of ${scanned} items in the table.`;
    // Beside the snapshots it would be taken for one.
    (values.out === undefined ? terminal.log : terminal.out)(`${summary}\n`);
    return unreadable > 0 ? 1 : 0;

    function lineIn(item: Item): readonly string[] {
      try {
        return [line(rowOf(readSnapshot(item)))];
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        unreadable++;
        terminal.log(`${item['pk']?.S} ${item['sk']?.S} is left out: ${error.message}\n`);
        return [];
      }
    }
  },
};

type Target = {
  readonly write: (text: string) => Promise<void>;
  readonly close: () => Promise<void>;
  /** A half-written file could be taken for a whole one. */
  readonly discard: () => Promise<void>;
};

async function targetOf(path: string | undefined, out: (text: string) => void): Promise<Target> {
  if (path === undefined) return { write: async (text) => out(text), close: async () => {}, discard: async () => {} };
  // What the desk trades is for whoever exports it to hand on.
  const file = await open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw new Refusal(`--out ${path} cannot be written (${error.code}): name a new file in a folder that is there`);
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
