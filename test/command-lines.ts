/**
 * Runs scripts one after the other in this process, as if each had its own, and prints the result of each: node
 * command-lines.ts INVOCATIONS, these being JSON, each a script and its arguments.
 */
import { writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as z from 'zod/mini';

const invocations = z.array(z.array(z.string())).parse(JSON.parse(process.argv[2] ?? ''));
const written = { out: '', stderr: '' };
process.stdout.write = (chunk) => keep('out', chunk);
process.stderr.write = (chunk) => keep('stderr', chunk);

function keep(stream: keyof typeof written, chunk: unknown): true {
  written[stream] += String(chunk);
  return true;
}

const ended: unknown[] = [];
for (const [index, [script = '', ...args]] of invocations.entries()) {
  process.argv = [process.execPath, resolve(script), ...args];
  // What a script imports is loaded once, the script itself each time.
  await import(`${pathToFileURL(resolve(script)).href}?${index}`);
  ended.push({ code: Number(process.exitCode ?? 0), ...written });
  process.exitCode = 0;
  Object.assign(written, { out: '', stderr: '' });
}
writeSync(1, JSON.stringify(ended));
