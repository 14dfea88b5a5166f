import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import * as z from 'zod/mini';

const Sample = z.object({ wallMs: z.number(), cpuMs: z.number() });
/** Wall time and CPU of the whole process, milliseconds. */
type Sample = z.infer<typeof Sample>;
const Handled = z.object({ ...Sample.shape, response: z.unknown() });
type Handled = z.infer<typeof Handled>;

/** A fresh process that has loaded one handler. */
export type MeasuredProcess = {
  readonly pid: number;
  /** From the start of the process until the handler was loaded. */
  readonly init: Sample;
  readonly handle: (event: unknown) => Promise<Handled>;
  /** Its peak resident memory so far. */
  readonly peakRssBytes: () => number | undefined;
  /** What it wrote to standard output and standard error so far, bytes. */
  readonly logBytes: () => number;
  readonly stop: () => Promise<void>;
};

type ProcessSetting = {
  /** As `bundleWorker` made it. */
  readonly worker: string;
  readonly handler: string;
  readonly memoryMb: number;
  /** How long each invocation may take. */
  readonly remainingMs?: number;
  readonly env: Readonly<Record<string, string>>;
};

/** The worker as plain JavaScript: stripping types would be part of every measured start. */
export function bundleWorker(folder: string): string {
  const outfile = join(folder, 'worker.cjs');
  const entry = fileURLToPath(new URL('worker.ts', import.meta.url));
  buildSync({ entryPoints: [entry], outfile, bundle: true, platform: 'node', target: 'node24', format: 'cjs' });
  return outfile;
}

/** Throws when the handler cannot be loaded, with what the process wrote. */
export async function startProcess(setting: ProcessSetting): Promise<MeasuredProcess> {
  const { worker, handler, memoryMb, remainingMs = 29_000, env } = setting;
  const args = [`--max-old-space-size=${memoryMb}`, worker, handler, String(remainingMs)];
  const child = spawn(process.execPath, args, {
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
  });
  const { pid } = child;
  const [, stdout, stderr, measured, events] = child.stdio;
  if (pid === undefined || !(measured instanceof Readable) || !(events instanceof Writable)) {
    throw new Error('the process did not start');
  }
  let logged = '';
  let logBytes = 0;
  const onOutput = (chunk: Buffer) => {
    logBytes += chunk.length;
    logged = (logged + chunk.toString('utf8')).slice(-2_000);
  };
  stdout?.on('data', onOutput);
  stderr?.on('data', onOutput);
  const closed = once(child, 'close');

  const lines = createInterface({ input: measured })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const line = await lines.next();
    if (line.done !== true) return JSON.parse(line.value);
    await closed;
    throw new Error(`${handler} ended: ${logged}`);
  };

  return {
    pid,
    init: Sample.parse(await next()),
    handle: async (event) => {
      events.write(`${JSON.stringify(event)}\n`);
      return Handled.parse(await next());
    },
    peakRssBytes: () => peakRssOf(pid),
    logBytes: () => logBytes,
    stop: async () => {
      events.end();
      await closed;
    },
  };
}

/** Not the process's own `maxRSS`, which starts with the memory of its parent process. */
function peakRssOf(pid: number): number | undefined {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}
