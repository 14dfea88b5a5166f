import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('emulator/aws/dynamo-main.ts', import.meta.url));
let child: ChildProcessByStdio<Writable, Readable, null> | undefined;

/** One DynamoDB for all tests of a run, in a separate process: loaded once, and not slowed down by coverage. */
export async function setup(): Promise<void> {
  child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [url] = await once(child.stdout, 'data');
  process.env['SHARED_DYNAMO_URL'] = String(url);
}

export function teardown(): void {
  child?.stdin.end();
}
