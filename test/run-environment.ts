import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** They decide on colour, and Node warns of some together: CI machines set some, and so do people. */
const unset = ['CI', 'FORCE_COLOR', 'NODE_DISABLE_COLORS', 'NO_COLOR'];
let folder: string | undefined;

/**
 * What tests, and all that they start, find the same on every machine. The temporary files of a run, the CDK's among
 * them, which it would leave, are in a folder that goes with the run.
 */
export function setup(): void {
  for (const name of unset) delete process.env[name];
  folder ??= mkdtempSync(join(tmpdir(), 'order-state-tests-'));
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = folder;
}

export function teardown(): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}
