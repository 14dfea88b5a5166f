/** `npm run bench`: see the help text. */

import { writeFile } from 'node:fs/promises';
import { addNotes, createCommand, runMain, wholeNumber } from '../../cdk/ops/command-line.ts';
import { bench } from './bench.ts';
import { chartOf } from './chart.ts';
import { priceLines, priceReport } from './price-report.ts';
import { reportLines } from './report.ts';
import { memoryLines, memoryReport, sweepLines, sweepReport } from './sweep-report.ts';
import { traceLines, traceReport } from './trace-report.ts';

const memoryOptions = { checks: 100_000, lists: 1_000, listedOrders: 10_000 };

const command = createCommand('npm run bench --')
  .description('Measures our functions and what people would write instead, in fresh processes on this machine.')
  .option('--rounds <n>', 'fresh processes per subject', wholeNumber('--rounds', 1, 100), 5)
  .option('--requests <n>', 'warm requests measured per process', wholeNumber('--requests', 1, 10_000), 300)
  .option('--only <text>', 'only subjects whose names contain this, and the one that ratios refer to')
  .option('--ours', 'measure only our own functions, and install nothing')
  .option('--every', 'measure all functions of the API, not get-order alone')
  .option('--tls', 'speak TLS to the exchange, DynamoDB and Secrets Manager')
  .option('--share', 'after INIT, give each process the share of a CPU that Lambda gives to the function')
  .option('--chart <file>', 'write a bar chart, as SVG')
  .option(
    '--sweep',
    'measure the function that sweeps instead: CPU of a check and of a list, its share of the rate limit',
  )
  .option('--memory', 'measure the heap of a sweep instead: 100 000 checks, and 1 000 lists of 10 000 orders')
  .option('--trace', 'trace warm requests instead, with an exchange that takes 50 ms and a table that takes 5 ms')
  .option('--price', 'print what requests and accounts cost at each memory size, from measured CPU')
  .option('--json', 'print JSON')
  .action(async ({ json, chart, sweep, memory, trace, price, ...options }) => {
    const show = <Result>(result: Result, lines: (result: Result) => string) =>
      void process.stdout.write(json ? `${JSON.stringify(result)}\n` : lines(result));
    if (sweep) return show(await sweepReport(), sweepLines);
    if (memory) return show(await memoryReport(memoryOptions), memoryLines);
    if (trace) return show(await traceReport(), traceLines);
    if (price) return show(await priceReport(), priceLines);
    const report = await bench(options);
    if (chart !== undefined) await writeFile(chart, chartOf(report));
    show(report, reportLines);
  });
addNotes(
  command,
  `The others are installed by npm into .local/bench, which git ignores. All use the same test exchange, DynamoDB
engine and Secrets Manager, which run in this process. Two shared cores are enough for ratios only.`,
);
await runMain(command);
