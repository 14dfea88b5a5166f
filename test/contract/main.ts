/** `npm run contract`: see the help text. */
import { addNotes, createCommand, runMain, wholeNumber } from '../../cdk/ops/command-line.ts';
import { startEnvironment } from './environment.ts';
import { checkContract, neverRequested, tableOf } from './run.ts';

const command = createCommand('npm run contract --')
  .description(
    'Sends valid and invalid requests to the running stack, and checks every response against the OpenAPI document.',
  )
  .option('--requests <n>', 'how many', wholeNumber('--requests', 1, 9_999_999), 5_000)
  .option(
    '--seed <n>',
    'the same seed makes the same requests (default: another one each time)',
    wholeNumber('--seed', 1, 9_999_999),
  )
  .action(main);
addNotes(
  command,
  `Exits 1 if a response differs from the document, is a 500, or rejects a request without naming what is wrong; if a valid
request is rejected or an invalid one accepted; or if less than a third of the requests succeed.`,
);
await runMain(command);

async function main({
  requests,
  seed = 1 + (Date.now() % 1_000_000),
}: {
  readonly requests: number;
  readonly seed?: number;
}) {
  const failures: string[] = [];
  const environment = await startEnvironment((reported) => failures.push(reported));
  try {
    const shows = process.stdout.isTTY;
    const progress = (done: number) => shows && process.stdout.write(`\r${done}/${requests}\r`);
    console.log(`seed ${seed}`);
    const tally = await checkContract({ environment, requests, seed, progress });
    console.log(tableOf(tally));
    for (const { request, complaint } of tally.findings.slice(0, 20)) console.log(`${complaint}: ${request}`);
    for (const reported of failures.slice(0, 20)) console.log(reported);
    const isKept = tally.findings.length + failures.length + neverRequested(tally).length === 0;
    console.log(isKept ? 'Every response was as the document says.' : `${tally.findings.length} responses were not.`);
    if (!isKept || tally.succeeded * 3 < tally.requests) process.exitCode = 1;
  } finally {
    await environment.stop();
  }
}
