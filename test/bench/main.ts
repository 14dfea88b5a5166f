/** `npm run bench`: see the help text. */

import { writeFile } from 'node:fs/promises';
import { addNotes, createCommand, runMain, wholeNumber } from '../../cdk/ops/command-line.ts';
import { bench } from './bench.ts';
import { chartOf } from './chart.ts';
import { reportLines } from './report.ts';

const command = createCommand('npm run bench --')
  .description('Measures our functions and what people would write instead, in fresh processes on this machine.')
  .option('--rounds <n>', 'fresh processes of each', wholeNumber('--rounds', 1, 100), 5)
  .option(
    '--requests <n>',
    'warm requests that are measured of each process',
    wholeNumber('--requests', 1, 10_000),
    300,
  )
  .option('--only <text>', 'only those whose names have this in them, and what ratios refer to')
  .option('--ours', 'leave the others out, and install nothing')
  .option('--tls', 'speak TLS to the exchange, DynamoDB and Secrets Manager')
  .option('--share', 'after INIT, leave each process the part of a CPU that Lambda gives to the function')
  .option('--chart <file>', 'write a bar chart, as SVG')
  .option('--json', 'print JSON')
  .action(async ({ json, chart, ...options }) => {
    const report = await bench(options);
    if (chart !== undefined) await writeFile(chart, chartOf(report));
    process.stdout.write(json ? `${JSON.stringify(report)}\n` : reportLines(report));
  });
addNotes(
  command,
  `The others are installed by npm into .local/bench, which git ignores. All talk to the same exchange for tests, DynamoDB
engine and Secrets Manager, which run in this process. Two shared cores are enough for ratios, and for nothing else.`,
);
await runMain(command);
