import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { createApp } from '../../cdk/order-state-app.ts';
import type { StageConfig } from '../../cdk/stage-config.ts';
import { maxAccounts, maxSecretsAndSchedules } from '../../cdk/stage-problems.ts';
import { type ResolvedStage, resolveStage } from '../../cdk/stages.ts';

/** A stage that reaches nothing outside this machine. */
export const loopbackStage = {
  accounts: {
    main: { dialect: 'orangex', url: 'http://127.0.0.1:1/api/v1' },
    'desk-2': { dialect: 'deribit', url: 'http://127.0.0.1:1/api/v2' },
  },
  protect: false,
  logRetention: 7,
  throttle: { rate: 5, burst: 10 },
  tags: { service: 'order-state-snapshots', stage: 'test' },
} as const satisfies StageConfig;

/** The fewest external secrets that a stage with as many accounts as possible must bring. */
export const fewestBrought = maxAccounts - maxSecretsAndSchedules + Math.ceil(maxAccounts / 25);

/** This many accounts, with names of maximum length, of which this many bring their secrets. */
export function manyAccounts(count: number = maxAccounts, brought = fewestBrought): StageConfig['accounts'] {
  const { main } = loopbackStage.accounts;
  const names = Array.from({ length: count }, (_, i) => String(i).padStart(32, 'account-'));
  const secretOf = (name: string) =>
    `arn:aws:secretsmanager:eu-west-1:111122223333:secret:a-desk-of-our-own/${name}/exchange-key-a1B2c3`;
  return Object.fromEntries(
    names.map((name, i) => [name, i < brought ? { ...main, secretArn: secretOf(name) } : main]),
  );
}

/** The stack of a stage, its bundles left out. */
export function stackOf(stage: ResolvedStage, context: Readonly<Record<string, unknown>> = {}): Stack {
  const app = createApp({ stage, context: { ...context, 'aws:cdk:bundling-stacks': [] } });
  return Stack.of(app.node.findChild(`order-state-snapshots-${stage.runtime.name}`));
}

/** What CloudFormation would get for `loopbackStage`, with changes. */
export function templateOf(changes: Partial<StageConfig> = {}): Template {
  return Template.fromStack(stackOf(resolveStage('test', { ...loopbackStage, ...changes })));
}

/** Every setting of a stage. */
export const everySetting = {
  region: 'eu-west-1',
  alarmTopicArn: 'arn:aws:sns:eu-west-1:111122223333:desk-pager',
  kmsKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4444-8888-123456789abc',
  eventBusArn: 'arn:aws:events:eu-west-1:111122223333:event-bus/desk',
  permissionsBoundaryArn: 'arn:aws:iam::111122223333:policy/boundary',
  auth: {
    kind: 'jwt',
    issuer: 'https://login.example.com/',
    audience: ['order-state-snapshots'],
    accountsClaim: 'desk_accounts',
  },
  cors: { origins: ['https://desk.example.com'] },
  xray: true,
  syntheticCheck: { account: 'main', orderId: 'TEST-1' },
} as const satisfies Partial<StageConfig>;
