import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CfnResource, Stage } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { functionNames } from '../../cdk/functions.ts';
import { createApp } from '../../cdk/order-state-app.ts';
import { type ResolvedStage, resolveStage, stageNamed } from '../../cdk/stages.ts';
import { everySetting, loopbackStage, manyAccounts, stackOf } from './synthesize.ts';

const stage = resolveStage('test', loopbackStage);

/** The command that cdk.json names, with a context. */
function runApp(context: Readonly<Record<string, unknown>>) {
  return spawnSync(process.execPath, ['cdk/app.ts'], {
    encoding: 'utf8',
    env: { ...process.env, CDK_CONTEXT_JSON: JSON.stringify(context) },
  });
}

// As the CDK command synthesizes; the other files leave out CloudFormation's schemas.
beforeAll(() => {
  vi.stubEnv('CDK_VALIDATION', undefined);
});
afterAll(() => {
  vi.unstubAllEnvs();
});

type Suppressed = { ruleName: string; acknowledgedAt: string; reason: string };
type Report = { conclusion: string; violations: unknown[]; suppressedViolations: Suppressed[] };

/** What each pack of rules found of a stage, and what of it is acknowledged. */
function reportsOf(stage: ResolvedStage): Report[] {
  const outdir = mkdtempSync(join(tmpdir(), 'synth-'));
  onTestFinished(() => rmSync(outdir, { recursive: true }));
  createApp({ stage, outdir, context: { 'aws:cdk:bundling-stacks': [] } }).synth();
  return JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8')).pluginReports;
}

const functions = functionNames.map((name) => name.replace(/(^|-)([a-z])/g, (_, __, at) => at.toUpperCase()));
const scheduledOrStreamed = ['CheckOpenOrders', 'PublishTransitions'];
const at = (ruleName: string, ...constructs: string[]) => constructs.map((construct) => `${ruleName} ${construct}`);

describe('acknowledged violations', () => {
  const requested = [
    ...at(
      'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:order-state-snapshots/test/*/exchange-key-??????]',
      ...['CheckOpenOrders', 'CheckOrders', 'GetOrder', 'GetOrderState'],
    ),
    ...at('AwsSolutions-SMG4', 'ExchangeKeys'),
    ...at('AwsSolutions-SQS3', 'SweepDeadLetters', 'TransitionDeadLetters'),
    ...at('Serverless-LambdaDLQ', ...functions),
    ...at(
      'Serverless-LambdaAsyncFailureDestination',
      ...functions.filter((name) => !scheduledOrStreamed.includes(name)),
    ),
    ...at('Serverless-SQSRedrivePolicy', 'SweepDeadLetters', 'TransitionDeadLetters'),
  ];

  it.each([
    ['a stage', {}, at('Serverless-LambdaTracing', ...functions)],
    [
      'a stage with every setting',
      everySetting,
      [...at('AwsSolutions-IAM5[Resource::*]', ...functions), ...at('ScheduledFunctionDeadLetters', 'GetOrder')],
    ],
  ])('the rule violations that are acknowledged with a reason are exactly these in %s', (_, changes, besides) => {
    const reports = reportsOf(resolveStage('test', { ...loopbackStage, ...changes }));
    for (const report of reports) expect(report).toMatchObject({ conclusion: 'success', violations: [] });
    const suppressed = reports.flatMap(({ suppressedViolations }) => suppressedViolations);
    for (const { reason } of suppressed) expect(reason).toMatch(/^[A-Z].{40,}\.$/);
    expect(
      suppressed.map(({ ruleName, acknowledgedAt }) => `${ruleName} ${acknowledgedAt.split('/')[1]}`).toSorted(),
    ).toEqual([...requested, ...besides].toSorted());
  });
});

it.each<[string, ResolvedStage]>([
  ['dev', stageNamed('dev')],
  ['prod', stageNamed('prod')],
  ['a stage with essential monitoring', resolveStage('test', { ...loopbackStage, monitoring: 'essential' })],
  ['a stage with all accounts that it may have', resolveStage('test', { ...loopbackStage, accounts: manyAccounts() })],
])("validation against CloudFormation's own schemas accepts the template of %s", (_, stage) => {
  expect(reportsOf(stage).map(({ conclusion }) => conclusion)).not.toContain('failure');
});

it("the synthesis fails when somebody adds what CloudFormation's own schemas or the AWS solutions rules refuse", () => {
  const stack = stackOf(stage);
  new CfnResource(stack, 'Planted', { type: 'AWS::SQS::Queue', properties: { DelaySeconds: 'never' } });
  const role = new Role(stack, 'PlantedRole', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  role.addToPolicy(new PolicyStatement({ actions: ['dynamodb:*'], resources: ['*'] }));
  // A topic that accepts unencrypted messages.
  new Topic(stack, 'PlantedTopic');
  // All three, in whatever order.
  const refused = ['DelaySeconds', 'AwsSolutions-IAM5', 'AwsSolutions-SNS3'].map((name) => `(?=[^]*${name})`);
  expect(() => Stage.of(stack)?.synth()).toThrow(new RegExp(`^${refused.join('')}`));
});

it('the CDK app reports an unknown stage in one sentence, and fails', () => {
  const { status, stdout, stderr } = runApp({ stage: 'staging' });
  expect({ status, stdout, stderr }).toEqual({
    status: 1,
    stdout: '',
    stderr: 'There is no stage "staging": choose one of dev, prod.\n',
  });
});

it.each([
  ['dev', {}],
  ['prod', { stage: 'prod' }],
])('the CDK app makes the stack of %s from the context %j', (name, context) => {
  const app = createApp({ context: { ...context, 'aws:cdk:bundling-stacks': [] } });
  expect(app.node.tryFindChild(`order-state-snapshots-${name}`)).toBeDefined();
});
