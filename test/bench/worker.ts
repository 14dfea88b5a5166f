/**
 * The inside of a measured process. It loads one handler and handles the events that come as lines of file descriptor 4,
 * one at a time; what it measures goes out as lines of file descriptor 3, and standard output is the handler's log.
 *
 * Lines are read synchronously and not from Lambda's Runtime API: an HTTP client here would load and compile what a
 * handler has to pay for.
 */
import { readSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Context } from 'aws-lambda';
import { contextOf } from '../functions/events.ts';

type Handler = (event: unknown, context: Context) => unknown;

/** Lambda's: not sampled, because active tracing is off. */
const traceId = 'Root=1-67a1b2c3-4d5e6f708192a3b4c5d6e7f8;Parent=1a2b3c4d5e6f7081;Sampled=0';
/** The bundle, and how long each invocation may take, milliseconds. */
const [file = '', remainingMs] = process.argv.slice(2);
let buffered = '';

function isHandler(value: unknown): value is Handler {
  return typeof value === 'function';
}

/** As Lambda's runtime does it: CommonJS is not loaded through `import`. */
async function load(): Promise<Handler> {
  const loaded: Readonly<Record<string, unknown>> = file.endsWith('.cjs')
    ? createRequire(file)(file)
    : await import(pathToFileURL(file).href);
  const { handler } = loaded;
  if (!isHandler(handler)) throw new Error(`${file} exports no handler`);
  return handler;
}

/** The next event; `undefined` when there are no more. */
function readLine(): string | undefined {
  const piece = Buffer.alloc(64 * 1024);
  while (!buffered.includes('\n')) {
    const length = readSync(4, piece);
    if (length === 0) return undefined;
    buffered += piece.toString('utf8', 0, length);
  }
  const end = buffered.indexOf('\n');
  const line = buffered.slice(0, end);
  buffered = buffered.slice(end + 1);
  return line;
}

function send(measured: object): void {
  writeSync(3, `${JSON.stringify(measured)}\n`);
}

/** CPU of the whole process, milliseconds. */
function cpuMs(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

async function main(): Promise<void> {
  const handler = await load();
  // Counted from the start of the process.
  send({ wallMs: performance.now(), cpuMs: cpuMs() });
  for (let line = readLine(); line !== undefined; line = readLine()) {
    process.env['_X_AMZN_TRACE_ID'] = traceId;
    const startedAt = performance.now();
    const cpuBefore = process.cpuUsage();
    const response = await handler(JSON.parse(line), contextOf(Number(remainingMs)));
    const wallMs = performance.now() - startedAt;
    // What is left to do after the response, such as taking a socket back, is part of it.
    await new Promise((resolve) => setImmediate(resolve));
    send({ wallMs, cpuMs: cpuMs(cpuBefore), response });
  }
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
