/** `npm run contract`: see the help text. */
import { parseArgs } from 'node:util';
import { startEnvironment } from './environment.ts';
import { checkContract, tableOf, unasked } from './run.ts';

const help = `Throws requests at the running stack, right and wrong ones, and holds every answer against the OpenAPI document.

  npm run contract -- [--requests N] [--seed N]   N requests (5000); the same seed makes the same requests

Exits 1 when an answer is not as the document has it, is a 500, or refuses without naming what is wrong; when a right
request is refused or a wrong one answered; and when less than a third was answered with what it asked for.
`;

await main();

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) return;
  const failures: string[] = [];
  const environment = await startEnvironment((reported) => failures.push(reported));
  try {
    const shows = process.stdout.isTTY;
    const progress = (done: number) => shows && process.stdout.write(`\r${done}/${options.requests}\r`);
    console.log(`seed ${options.seed}`);
    const tally = await checkContract({ environment, ...options, progress });
    console.log(tableOf(tally));
    for (const { request, complaint } of tally.findings.slice(0, 20)) console.log(`${complaint}: ${request}`);
    for (const reported of failures.slice(0, 20)) console.log(reported);
    const isKept = tally.findings.length + failures.length + unasked(tally).length === 0;
    console.log(isKept ? 'Every answer was as the document has it.' : `${tally.findings.length} answers were not.`);
    if (!isKept || tally.answered * 3 < tally.requests) process.exitCode = 1;
  } finally {
    await environment.stop();
  }
}

function readOptions(): { readonly requests: number; readonly seed: number } | undefined {
  try {
    const { values } = parseArgs({
      options: {
        requests: { type: 'string', default: '5000' },
        seed: { type: 'string', default: String(1 + (Date.now() % 1_000_000)) },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (!values.help)
      return { requests: wholeNumber('requests', values.requests), seed: wholeNumber('seed', values.seed) };
    process.stdout.write(help);
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    process.exitCode = 2;
  }
  return undefined;
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,7}$/.test(text) && Number(text) > 0) return Number(text);
  throw new Error(`--${name} is a whole number above 0, not ${text}.`);
}
