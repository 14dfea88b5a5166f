/** `npm run stock`: see the help text. */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createCommand, runMain } from '../cdk/ops/command-line.ts';
import { install } from './package/npm.ts';

type Machine = { readonly node: string; readonly npm: string };
/** A command, and its result. */
type Result = { readonly seconds: number; readonly output: string };

const machines: readonly Machine[] = [
  { node: '20.20.2', npm: '10.8.2' },
  { node: '22.23.2', npm: '10.9.4' },
];
const quickTests = ['run', 'vitest', '--', 'test/toolchain', 'test/ground'];

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));

await runMain(
  createCommand('npm run stock --')
    .description(
      `Runs npm ci, npm start and npm test in a clean clone of what is committed, with an empty npm cache, on Node and npm as
many machines have them.`.replace('\n', ' '),
    )
    .option('--quick', 'run two files of the tests instead of all')
    .action(async ({ quick = false }) => {
      for (const machine of machines) await tryOut(machine, quick);
    }),
);

async function tryOut(machine: Machine, quick: boolean): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'stock-'));
  try {
    await install(folder, `npm@${machine.npm}`, `node-${process.platform}-${process.arch}@${machine.node}`);
    const env = {
      ...process.env,
      PATH: [join(folder, 'node_modules/.bin'), process.env['PATH']].join(delimiter),
      npm_config_cache: join(folder, 'cache'),
    };
    const clone = join(folder, 'clone');
    await run('git', ['clone', '--quiet', root, clone]);
    const versions = await Promise.all([run('node', ['--version'], { env }), run('npm', ['--version'], { env })]);
    console.log(`Node ${versions[0].stdout.trim()}, npm ${versions[1].stdout.trim()}`);
    const setUp = await command(['ci'], clone, env);
    report('npm ci', setUp.seconds, `${await megabytes(join(clone, 'node_modules'))} MB in node_modules`);
    await serve(clone, env);
    const test = await command(quick ? quickTests : ['test'], clone, env);
    report(
      'npm test',
      test.seconds,
      [...test.output.matchAll(/Tests +(.+)/g)].map(([, tests]) => tests).join(', ') || 'no tests',
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** `npm start` until it responds, one request, and its end by Ctrl-C. */
async function serve(cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  const begin = performance.now();
  const start = npm(['start', '--', '--port', '0'], cwd, env);
  try {
    const url = await start.shows(/Try +curl (\S+)/);
    const seconds = (performance.now() - begin) / 1000;
    const response = await fetch(url);
    const text = await response.text();
    if (!response.ok) throw new Error(`GET ${url} returned ${response.status}: ${text}`);
    report('npm start', seconds, `GET ${new URL(url).pathname} ${response.status}, ${await memory(start.pid)}`);
  } finally {
    process.kill(-start.pid, 'SIGINT');
    await start.closed;
  }
}

async function command(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Result> {
  const begin = performance.now();
  const { closed, output } = npm(args, cwd, env);
  const code = await closed;
  if (code !== 0) throw new Error(`npm ${args.join(' ')} ended with ${code}:\n${output()}`);
  return { seconds: (performance.now() - begin) / 1000, output: output() };
}

/** Starts npm in its own process group, so that a signal reaches all that it starts, as in a terminal. */
function npm(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv) {
  const child = spawn('npm', args, { cwd, env: { ...env, NO_COLOR: '1' }, detached: true });
  if (child.pid === undefined) throw new Error('npm does not start');
  const closed = once(child, 'close').then(([code]: readonly unknown[]) => code);
  let text = '';
  const output = () => text;
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  /** Resolves with what the output has where this matches. */
  const shows = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      child.stdout.on('data', () => {
        const found = pattern.exec(text)?.[1];
        if (found !== undefined) resolve(found);
      });
      void closed.then((code) => reject(new Error(`npm ${args.join(' ')} ended with ${code}:\n${text}`)));
    });
  return { pid: child.pid, closed, output, shows };
}

async function megabytes(folder: string): Promise<number> {
  const { stdout } = await run('du', ['-sm', folder]);
  return Number.parseInt(stdout, 10);
}

/** What a process and all that came from it hold; shared pages are counted once. */
async function memory(pid: number): Promise<string> {
  if (process.platform !== 'linux') return 'memory not measured';
  const tree = await descendants(pid);
  const sizes = await Promise.all(
    tree.map(async (each) => {
      const rollup = await readFile(`/proc/${each}/smaps_rollup`, 'utf8');
      return Number(/^Pss: +(\d+) kB$/m.exec(rollup)?.[1]);
    }),
  );
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return `${Math.round(total / 1024)} MB in ${tree.length} processes`;
}

async function descendants(pid: number): Promise<readonly number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const below = await Promise.all(
    children
      .trim()
      .split(' ')
      .filter(Boolean)
      .map((child) => descendants(Number(child))),
  );
  return [pid, ...below.flat()];
}

function report(what: string, seconds: number, outcome: string): void {
  console.log(`  ${what.padEnd(9)} ${seconds.toFixed(0).padStart(4)} s   ${outcome}`);
}
