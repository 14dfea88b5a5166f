import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startAwsEndpoint } from '../emulator/aws/aws-endpoint.ts';
import type { FaultStack } from './stack.ts';

const ops = fileURLToPath(new URL('../../cdk/ops/main.ts', import.meta.url));

/** Exports the whole table, as an operator does; what of which credential is in the export, and how long it is. */
export async function leaksInExport(stack: FaultStack, format: 'jsonl' | 'csv') {
  const aws = await startAwsEndpoint({ DynamoDB_20120810: stack.table.url });
  try {
    const args = [
      'export',
      '--since',
      '2020-01-01',
      '--format',
      format,
      '--endpoint',
      aws.url,
      '--table',
      stack.tableName,
    ];
    const env = { PATH: process.env['PATH'], HOME: '/nowhere' };
    const maxBuffer = 1_000_000_000;
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [ops, ...args], { env, maxBuffer });
    stack.redaction.seen(stdout + stderr);
    return { leaks: stack.redaction.leaks(), characters: stdout.length };
  } finally {
    await aws.stop();
  }
}
