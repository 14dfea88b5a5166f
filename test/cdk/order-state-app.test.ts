import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stage } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createApp } from '../../cdk/order-state-app.ts';
import { resolveStage } from '../../cdk/stages.ts';
import { loopbackStage, stackOf } from './synthesize.ts';

const stage = resolveStage('test', loopbackStage);

/** The command that cdk.json names, with a context. */
function runApp(context: Readonly<Record<string, unknown>>) {
  return spawnSync(process.execPath, ['cdk/app.ts'], {
    encoding: 'utf8',
    env: { ...process.env, CDK_CONTEXT_JSON: JSON.stringify(context) },
  });
}

describe("AWS's own rules", () => {
  it('hold, but for what is acknowledged with a reason', () => {
    const outdir = mkdtempSync(join(tmpdir(), 'synth-'));
    onTestFinished(() => rmSync(outdir, { recursive: true }));
    createApp({ stage, outdir, context: { 'aws:cdk:bundling-stacks': [] } }).synth();
    const { pluginReports } = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8'));
    const acknowledged = [
      ['AwsSolutions-SMG4', 'ExchangeKeys'],
      ['AwsSolutions-SQS3', 'SweepDeadLetters'],
      ['AwsSolutions-SQS3', 'TransitionDeadLetters'],
    ].map(([ruleName, at]) => ({
      ruleName,
      acknowledgedAt: `order-state-snapshots-test/${at}`,
      reason: expect.stringMatching(/.{40}/),
    }));
    expect(pluginReports).toMatchObject([
      { pluginName: 'AwsSolutions', conclusion: 'success', violations: [], suppressedViolations: acknowledged },
    ]);
    expect(pluginReports[0].suppressedViolations).toHaveLength(acknowledged.length);
  });

  it('fail the synthesis when somebody adds a wildcard', () => {
    const stack = stackOf(stage);
    const role = new Role(stack, 'Planted', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    role.addToPolicy(new PolicyStatement({ actions: ['dynamodb:*'], resources: ['*'] }));
    expect(() => Stage.of(stack)?.synth()).toThrow(/AwsSolutions-IAM5/);
  });

  it('fail the synthesis when somebody adds a topic that takes unencrypted messages', () => {
    const stack = stackOf(stage);
    new Topic(stack, 'Planted');
    expect(() => Stage.of(stack)?.synth()).toThrow(/AwsSolutions-SNS3/);
  });
});

describe('the CDK app', () => {
  it('answers an unknown stage with one sentence, and fails', () => {
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
  ])('makes the stack of %s from the context %j', (name, context) => {
    const app = createApp({ context: { ...context, 'aws:cdk:bundling-stacks': [] } });
    expect(app.node.tryFindChild(`order-state-snapshots-${name}`)).toBeDefined();
  });
});
