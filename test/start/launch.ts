import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';

const local = fileURLToPath(new URL('../start.ts', import.meta.url));
const children: ChildProcess[] = [];

/** For the end of a test, whatever its result. */
export function killLaunched(): void {
  for (const child of children.splice(0)) child.kill('SIGKILL');
}

/** `npm start` as a separate process, started by what `prefix` names. */
export function launch(args: readonly string[], env: NodeJS.ProcessEnv = {}, prefix: readonly string[] = []) {
  const [program = '', ...rest] = [...prefix, process.execPath, local, ...args];
  const child = spawn(program, rest, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const errors = text(child.stderr);
  const exit = once(child, 'close').then(async ([code]) => ({
    code: z.nullable(z.number()).parse(code),
    errors: await errors,
  }));
  let shown = '';
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
  });

  /** Resolves when what was shown has this in it. */
  function showing(pattern: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!pattern.test(shown)) return;
        child.stdout.off('data', look);
        resolve();
      };
      child.stdout.on('data', look);
      look();
      void exit.then(({ code, errors: said }) => reject(new Error(`ended with ${code}: ${said}`)));
    });
  }

  return { child, exit, showing, shown: () => shown };
}

let lastStart: Promise<unknown> = Promise.resolve();

/**
 * `npm start` up to its invitation, and how to ask it and stop it. One starts after the other: each keeps all CPUs busy
 * until then, and hardly any afterwards.
 */
export async function start(args: readonly string[], env: NodeJS.ProcessEnv = {}, prefix: readonly string[] = []) {
  const starting = lastStart.then(async () => {
    const launched = launch(['--port', '0', ...args], env, prefix);
    await launched.showing(/Press Ctrl\+C to stop/);
    return launched;
  });
  lastStart = starting.catch(() => undefined);
  const run = await starting;
  const [, url = ''] = /Try +curl (\S+)/.exec(run.shown()) ?? [];
  const [, awsUrl = ''] = /Operate .* --endpoint (\S+)/.exec(run.shown()) ?? [];
  const folder = dirname(/Logs +(\S+)/.exec(run.shown())?.[1] ?? '');
  return {
    ...run,
    url,
    awsUrl,
    folder,
    get: async (path = url) => {
      const response = await fetch(path);
      return { status: response.status, body: z.looseObject({}).parse(await response.json()) };
    },
    stop: async (signal: NodeJS.Signals) => {
      run.child.kill(signal);
      return await run.exit;
    },
  };
}

/** Processes that run a bundle of this run: their environment names its folder. */
export function processesOf(folder: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`LAMBDA_TASK_ROOT=${folder}`);
    } catch {
      return false;
    }
  });
}

/** A line about a change of an order of the demonstration. */
export const reported = (instrument: string, what: string) => lineOf(' +\\d+(?:\\.\\d)? s', instrument, what);

/** A line about a change of the watch of an order of the demonstration: without a delay. */
export const watchReported = (instrument: string, what: string) => lineOf(' {10}', instrument, what);

const lineOf = (after: string, instrument: string, what: string) =>
  new RegExp(`\\n {2}\\d\\d:\\d\\d:\\d\\d${after} {2}(39\\d{15}) {2}${instrument} +${what}\\n`);
