import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type LocalStack, readAssembly } from '../emulator/aws/assembly.ts';
import type { Dialect } from '../emulator/exchange/wire.ts';

/** An account of the stage, and where its exchange listens. */
export type AccountAt = { readonly dialect: Dialect; readonly url: string };

export const place = { region: 'us-east-1', accountId: '123456789012' };

const script = fileURLToPath(new URL('synth.ts', import.meta.url));

/** Synthesizes a stage with these accounts into a folder, and reads it back. */
export async function synthesize(outdir: string, accounts: Readonly<Record<string, AccountAt>>): Promise<LocalStack> {
  // CloudFormation's schemas take seconds, and CloudFormation is not here.
  const env = { ...process.env, CDK_VALIDATION: 'false' };
  await promisify(execFile)(process.execPath, [script, outdir, JSON.stringify(accounts)], { env });
  return readAssembly(outdir, place);
}
