/** Synthesizes a stage with unlimited accounts: node synth.ts FOLDER ACCOUNTS, these being JSON. */
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import * as z from 'zod/mini';
import { createApp } from '../../cdk/order-state-app.ts';
import { resolveStage } from '../../cdk/stages.ts';
import { dialectNames } from '../../lib/exchange/dialects/index.ts';

const Accounts = z.record(z.string(), z.object({ dialect: z.enum(dialectNames), url: z.string() }));

const [outdir = '', accounts = ''] = process.argv.slice(2);
const often = { minCheckSeconds: 1, minListSeconds: 1, maxListSeconds: 1 };
const stage = resolveStage('local', {
  accounts: Object.fromEntries(
    Object.entries(Accounts.parse(JSON.parse(accounts))).map(([name, account]) => [name, { ...account, ...often }]),
  ),
  protect: false,
  logRetention: RetentionDays.ONE_DAY,
  throttle: { rate: 1_000, burst: 1_000 },
  tags: {},
});
const { runtime } = stage;
// More than is needed: the rate limit would slow the rows down, and has its own tests.
const unlimited = Object.entries(runtime.accounts).map(
  ([name, settings]) => [name, { ...settings, shareOfRate: 1_000 }] as const,
);
createApp({ stage: { ...stage, runtime: { ...runtime, accounts: Object.fromEntries(unlimited) } }, outdir }).synth();
