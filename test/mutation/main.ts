import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addNotes, createCommand, runMain } from '../../cdk/ops/command-line.ts';
import { installAll } from '../peers/install.ts';
import { copyProject } from '../project-copy.ts';
import { reportOf, scoreOf, scoresOf } from './report.ts';

/* Stryker is installed into a folder that git ignores, and finds this project's Vitest from there. */

const version = '10.1.1';
const folder = fileURLToPath(new URL('../../.local/mutation', import.meta.url));
const least = 0.85;

/** The modules that decide what is believed, none of which does I/O. */
const modules = [
  'lib/errors.ts',
  'lib/exchange/order-fields.ts',
  'lib/exchange/order.ts',
  'lib/exchange/rate-limiter.ts',
  'lib/snapshots/due.ts',
  'lib/snapshots/rank.ts',
  'lib/snapshots/watch.ts',
  'lib/sweep/circuit-breaker.ts',
  'lib/sweep/list-comparison.ts',
  'lib/sweep/list-trust.ts',
  'lib/sweep/pace.ts',
];

const command = createCommand('npm run mutation --')
  .description(
    `Changes each expression of the pure modules in a copy of the project, one at a time, with Stryker ${version}, and counts the changes that the tests notice.`,
  )
  .argument('[text]', 'only the modules whose path contains this')
  .action(main);
addNotes(
  command,
  `All modules take half an hour. Exits 1 if the tests notice less than ${least * 100} % of the changes.`,
);
await runMain(command);

async function main(text = ''): Promise<void> {
  await installAll(folder, { '@stryker-mutator/core': version, '@stryker-mutator/vitest-runner': version });
  const copy = await copyProject();
  try {
    const scores = scoresOf(
      await mutate(
        copy,
        modules.filter((module) => module.includes(text)),
      ),
    );
    console.log(reportOf(scores));
    process.exitCode = scoreOf(scores) >= least ? 0 : 1;
  } finally {
    await rm(copy, { recursive: true });
  }
}

/** Runs Stryker in the copy; its progress goes to stderr. Returns its JSON report. */
async function mutate(copy: string, mutated: readonly string[]): Promise<unknown> {
  const partOf = (name: string, file: string) => join(folder, 'node_modules/@stryker-mutator', name, file);
  const report = join(copy, 'report.json');
  const config = {
    plugins: [partOf('vitest-runner', 'dist/src/index.js')],
    testRunner: 'vitest',
    vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
    mutate: mutated,
    coverageAnalysis: 'perTest',
    // What runs only while a module is loaded cannot be switched on for single tests.
    ignoreStatic: true,
    concurrency: 2,
    inPlace: true,
    tempDirName: 'stryker',
    reporters: ['json'],
    jsonReporter: { fileName: report },
    allowConsoleColors: false,
  };
  await writeFile(join(copy, 'stryker.json'), JSON.stringify(config));
  const child = spawn(process.execPath, [partOf('core', 'bin/stryker.js'), 'run', 'stryker.json'], {
    cwd: copy,
    stdio: ['ignore', 2, 2],
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`Stryker failed with exit code ${code}: see its output above.`);
  return JSON.parse(await readFile(report, 'utf8'));
}
