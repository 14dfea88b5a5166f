import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let folder: string | undefined;

/** The temporary files of a run, the CDK's among them, which it would leave: in a folder that goes with the run. */
export function setup(): void {
  folder ??= mkdtempSync(join(tmpdir(), 'order-state-tests-'));
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = folder;
}

export function teardown(): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}
