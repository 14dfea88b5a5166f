/** `npm run faults`: see the help text. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { addNotes, createCommand, runMain } from '../../cdk/ops/command-line.ts';
import { leaksInExport } from './exports.ts';
import { type Form, groups, type RowResult } from './row.ts';
import { allRows } from './rows/index.ts';
import { startFaultStack } from './stack.ts';
import { fullTable, replaceBetweenMarks, summaryTable } from './table.ts';
import { violationsOf } from './verdict.ts';

const document = fileURLToPath(new URL('../../.github/faults.md', import.meta.url));

const command = createCommand('npm run faults --')
  .description(
    'Injects every fault of the matrix on real sockets into the stack on this machine, and checks each outcome.',
  )
  .option('--only <text>', 'only rows whose group or fault contains this')
  .option('--quick', 'try only some cases of each row')
  .option('--write', 'write the tables to .github/faults.md')
  .action(main);
addNotes(
  command,
  `Exits 1 if an outcome is wrong or late (deadline + 50 ms), if memory grows by 20 MB, if a request causes more than 1.2
calls, if a snapshot is lost, goes back or was never sent, if an order is closed without evidence, or if a credential leaks.
Other work on the machine makes outcomes late.`,
);
await runMain(command);

type Options = { readonly only?: string; readonly quick?: true; readonly write?: true };

async function main({ only = '', quick, write }: Options): Promise<void> {
  const form: Form = quick ? 'quick' : 'long';
  const rows = allRows.filter(({ group, fault }) => `${group} ${fault}`.includes(only));
  const stack = await startFaultStack();
  try {
    const results: RowResult[] = [];
    for (const row of rows) {
      if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${row.group}: ${row.fault}`);
      results.push(await row.run(stack, form));
    }
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
    console.log(`${fullTable(results)}\n${summaryTable(results)}\n`);
    const exported = [await leaksInExport(stack, 'jsonl'), await leaksInExport(stack, 'csv')];
    const { characters, credentials } = stack.redaction.searched();
    console.log(
      `${credentials} credentials were looked for in ${characters} characters of output, responses, events, items and exports.`,
    );
    const violations = [
      ...results.flatMap((result) => violationsOf(result, { isTimed: true })),
      ...exported.flatMap(({ leaks }) => leaks.map((leak) => `an export let out: ${leak}`)),
    ];
    for (const violation of violations) console.log(`WRONG ${violation}`);
    if (violations.length > 0) process.exitCode = 1;
    else if (write) writeTables(results);
  } finally {
    await stack.stop();
  }
}

function writeTables(results: readonly RowResult[]): void {
  const run = new Set(results.map(({ group }) => group));
  if (groups.some((group) => !run.has(group))) throw new Error('--write needs every row');
  const tables = `\n${summaryTable(results)}\n\n${fullTable(results)}`;
  writeFileSync(document, replaceBetweenMarks(readFileSync(document, 'utf8'), 'faults', tables));
}
