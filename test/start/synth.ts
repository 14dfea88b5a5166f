/**
 * Synthesizes the stage `local`: node synth.ts FOLDER ACCOUNT DIALECT URL [SECONDS], these being the least between two
 * checks of an order. A separate process, because it keeps a CPU busy for seconds and talks about it, while the runner
 * starts the engines and listens for Ctrl-C.
 */
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { createApp } from '../../cdk/order-state-app.ts';
import { resolveStage, StageError } from '../../cdk/stages.ts';
import { dialectNamed } from './options.ts';

const [outdir = '', account = '', dialect = '', url = '', minCheckSeconds] = process.argv.slice(2);
try {
  const stage = resolveStage('local', {
    accounts: {
      [account]: {
        dialect: dialectNamed(dialect),
        url,
        ...(minCheckSeconds !== undefined && { minCheckSeconds: Number(minCheckSeconds) }),
      },
    },
    protect: false,
    logRetention: RetentionDays.ONE_DAY,
    throttle: { rate: 100, burst: 100 },
    tags: {},
  });
  createApp({ stage, outdir }).synth();
} catch (error) {
  // Alone on the last line, where the runner looks for the cause.
  const lines = error instanceof Error ? error.message.split('\n') : [String(error)];
  console.error(error instanceof StageError ? lines.join(' ') : lines[0]);
  process.exitCode = 1;
}
