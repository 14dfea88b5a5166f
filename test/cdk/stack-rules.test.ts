import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, AspectPriority, Aspects, Aws, CfnResource, Fn, Stack, Stage } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { CfnEventBusPolicy } from 'aws-cdk-lib/aws-events';
import { ManagedPolicy, PolicyStatement, type PolicyStatementProps, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { OrderStateStack } from '../../cdk/order-state-stack.ts';
import { rules } from '../../cdk/rules.ts';
import { StackRules } from '../../cdk/stack-rules.ts';
import type { StageConfig } from '../../cdk/stage-config.ts';
import { type ResolvedStage, resolveStage } from '../../cdk/stages.ts';
import { everySetting, loopbackStage, stackOf } from './synthesize.ts';
import {
  all,
  type Edit,
  everywhereWithout,
  having,
  havingAlarm,
  type Json,
  missing,
  one,
  without,
  withoutAlarm,
  withPolicy,
} from './template-faults.ts';

const { context }: { context: object } = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8'));

function allowing(statement: PolicyStatementProps) {
  return (stack: Stack) => {
    const role = new Role(stack, 'Planted', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    role.addToPolicy(new PolicyStatement(statement));
  };
}

/** CDK sets the boundary last of all, by an aspect: another one comes after. */
function withoutBoundary(stack: Stack): void {
  const [role] = all(stack, 'AWS::IAM::Role');
  const visit = (node: IConstruct) => node === role && role?.addPropertyDeletionOverride('PermissionsBoundary');
  Aspects.of(stack).add({ visit }, { priority: AspectPriority.READONLY });
}

const schedule = 'AWS::Scheduler::Schedule';
const source = 'AWS::Lambda::EventSourceMapping';
const lambda = 'AWS::Lambda::Function';
const table = 'AWS::DynamoDB::GlobalTable';
const secret = 'AWS::SecretsManager::Secret';
const queue = 'AWS::SQS::Queue';
const logs = 'AWS::Logs::LogGroup';
const elsewhere = 'arn:aws:sqs:eu-west-1:111122223333:elsewhere';
const plain = {};
const prod = { protect: true };

type Fault<Plant> = [fault: string, rule: string, plant: Plant, stage?: Partial<StageConfig>];

/** Of these, CDK has to make the template. */
const faultsOfConstructs: readonly Fault<(stack: Stack) => void>[] = [
  ['a table whose id is not pinned', 'PinnedIds', (stack) => one(stack, table).overrideLogicalId('Table0A1B2C3D')],
  [
    'a bus that others may fill',
    'BusClosed',
    (stack) => new CfnEventBusPolicy(stack, 'Planted', { statementId: 'others' }),
  ],
  [
    'every action on a table',
    'NoWildcardActions',
    allowing({ actions: ['dynamodb:*'], resources: ['arn:aws:dynamodb:eu-west-1:111122223333:table/t'] }),
  ],
  ['an action on everything', 'NoWildcardResources', allowing({ actions: ['sqs:SendMessage'], resources: ['*'] })],
  [
    'an action on every secret',
    'NoWildcardResources',
    allowing({
      actions: ['secretsmanager:GetSecretValue'],
      resources: ['arn:aws:secretsmanager:eu-west-1:111122223333:secret:*'],
    }),
  ],
  [
    'an action on the secrets of every stage',
    'NoWildcardResources',
    allowing({
      actions: ['secretsmanager:GetSecretValue'],
      resources: ['arn:aws:secretsmanager:eu-west-1:111122223333:secret:order-state-snapshots/*'],
    }),
  ],
  [
    'another action on the secrets of the stage',
    'NoWildcardResources',
    allowing({
      actions: ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue'],
      resources: [
        Fn.join('', [
          'arn:',
          Aws.PARTITION,
          ':secretsmanager:',
          Aws.REGION,
          ':',
          Aws.ACCOUNT_ID,
          ':secret:order-state-snapshots/test/*/exchange-key-??????',
        ]),
      ],
    }),
  ],
  [
    'an explained action together with another',
    'NoWildcardResources',
    allowing({ actions: ['xray:PutTraceSegments', 'xray:GetGroups'], resources: ['*'] }),
  ],
  [
    'a wildcard within a managed policy',
    'NoWildcardActions',
    (stack) =>
      new ManagedPolicy(stack, 'Planted', {
        statements: [new PolicyStatement({ actions: ['s3:Get*'], resources: ['arn:aws:s3:::b/k'] })],
      }),
  ],
  ['every action but one', 'NoWildcardActions', allowing({ notActions: ['iam:CreateUser'], resources: [elsewhere] })],
  [
    'an action on everything but one thing',
    'NoWildcardResources',
    allowing({ actions: ['sqs:SendMessage'], notResources: [elsewhere] }),
  ],
  ['a role out of bounds', 'RoleBoundary', withoutBoundary, everySetting],
];

const faultsOfTemplates: readonly Fault<Edit>[] = [
  ['a table without recovery', 'TableRecovery', without(table, 'Replicas.0.PointInTimeRecoverySpecification')],
  [
    'a table that can be deleted',
    'TableProtection',
    having(table, 'Replicas.0.DeletionProtectionEnabled', false),
    prod,
  ],
  ['a table that is deleted with the stack', 'TableKept', withPolicy(table, 'DeletionPolicy', 'Delete')],
  ['a table that a failed creation leaves behind', 'TableKept', withPolicy(table, 'DeletionPolicy', 'Retain')],
  ['a table that a replacement deletes', 'TableKept', withPolicy(table, 'UpdateReplacePolicy', 'Delete')],
  ['a table without a stream', 'TableStream', without(table, 'StreamSpecification')],
  ['a stream of keys only', 'TableStream', having(table, 'StreamSpecification.StreamViewType', 'KEYS_ONLY')],
  ['a secret that is deleted with the stack', 'SecretKept', withPolicy(secret, 'DeletionPolicy', 'Delete')],
  ['a key that is a random password', 'SecretEmpty', having(secret, 'GenerateSecretString.PasswordLength', 32)],
  ['a key written into the template', 'SecretEmpty', having(secret, 'SecretString', '{}')],
  ['logs for ever', 'LogsKept', without(logs, 'RetentionInDays')],
  ['logs that are deleted with the stack', 'LogsKept', withPolicy(logs, 'DeletionPolicy', 'Delete')],
  ['a table without the key of the stage', 'CustomerKey', without(table, 'Replicas.0.SSESpecification'), everySetting],
  [
    'a queue without the key of the stage',
    'CustomerKey',
    having(queue, 'KmsMasterKeyId', 'alias/aws/sqs'),
    everySetting,
  ],
  ['a queue in the clear', 'QueueEncrypted', without(queue, 'SqsManagedSseEnabled')],
  ['a queue that takes plain http', 'QueueTlsOnly', missing('AWS::SQS::QueuePolicy')],
  ['a queue of four days', 'QueueKeeps', having(queue, 'MessageRetentionPeriod', 345_600)],
  ['a schedule with 185 retries', 'ScheduleRetries', without(schedule, 'Target.RetryPolicy')],
  ['a schedule with one retry', 'ScheduleRetries', having(schedule, 'Target.RetryPolicy.MaximumRetryAttempts', 1)],
  ['a tick of an hour ago', 'ScheduleAge', having(schedule, 'Target.RetryPolicy.MaximumEventAgeInSeconds', 3_600)],
  ['a schedule without dead letters', 'ScheduleDeadLetters', without(schedule, 'Target.DeadLetterConfig')],
  ['dead letters elsewhere', 'ScheduleDeadLetters', having(schedule, 'Target.DeadLetterConfig.Arn', elsewhere)],
  ['a schedule with a window', 'ScheduleOnTime', having(schedule, 'FlexibleTimeWindow.Mode', 'FLEXIBLE')],
  ['a stream read for ever', 'SourceRetries', having(source, 'MaximumRetryAttempts', -1)],
  ['a stream read once', 'SourceRetries', having(source, 'MaximumRetryAttempts', 0)],
  ['a stream read longer than it lasts', 'SourceAge', having(source, 'MaximumRecordAgeInSeconds', 86_400)],
  ['a stream given up at once', 'SourceAge', having(source, 'MaximumRecordAgeInSeconds', 3_599)],
  ['a batch given up whole', 'SourceBisected', without(source, 'BisectBatchOnFunctionError')],
  ['a batch done all over', 'SourceItemFailures', without(source, 'FunctionResponseTypes')],
  ['a stream without dead letters', 'SourceDeadLetters', without(source, 'DestinationConfig')],
  ['a stream with all touches', 'SourceFiltered', without(source, 'FilterCriteria')],
  ['a disabled event source mapping', 'SourceEnabled', having(source, 'Enabled', false)],
  ['an event source mapping without metrics', 'SourceMetrics', without(source, 'MetricsConfig')],
  ['a stream without an alarm on silence', 'SourceSilenceAlarm', withoutAlarm('stream-silent')],
  [
    'an alarm on the stream that ignores silence',
    'SourceSilenceAlarm',
    havingAlarm('stream-silent', 'TreatMissingData', 'notBreaching'),
  ],
  ['a disabled schedule', 'ScheduleEnabled', having(schedule, 'State', 'DISABLED')],
  ['a schedule without an alarm on silence', 'ScheduleSilenceAlarm', withoutAlarm('sweep-silent')],
  [
    'a schedule whose accounts no other looks at',
    'ScheduleSilenceAlarm',
    having(schedule, 'Target.Input', JSON.stringify({ accounts: ['main', 'desk-2'], next: ['main'] })),
  ],
  [
    'an alarm on a schedule that ignores silence',
    'ScheduleSilenceAlarm',
    havingAlarm('sweep-silent', 'TreatMissingData', 'missing'),
  ],
  [
    'a synthetic check without an alarm on silence',
    'ScheduleSilenceAlarm',
    havingAlarm('synthetic-check', 'TreatMissingData', 'ignore'),
    everySetting,
  ],
  ['an API without an alarm', 'GatewayAlarm', withoutAlarm('api-errors')],
  ['a table without an alarm on throttling', 'TableThrottleAlarm', havingAlarm('table-throttles', 'Metrics', [])],
  ['an old runtime', 'FunctionRuntime', having(lambda, 'Runtime', 'nodejs20.x')],
  ['logs that Lambda makes', 'FunctionLogs', without(lambda, 'LoggingConfig.LogGroup')],
  ['a function with two retries', 'FunctionRetries', missing('AWS::Lambda::EventInvokeConfig')],
  [
    'a stale invocation',
    'FunctionRetries',
    having('AWS::Lambda::EventInvokeConfig', 'MaximumEventAgeInSeconds', 21_600),
  ],
  [
    'a sweep that fails without a trace',
    'ScheduledFunctionDeadLetters',
    everywhereWithout('AWS::Lambda::EventInvokeConfig', 'DestinationConfig'),
  ],
  ['checks without room of their own', 'SweepConcurrency', everywhereWithout(lambda, 'ReservedConcurrentExecutions')],
];

const newApp = () => new App({ context: { ...context, 'aws:cdk:bundling-stacks': [] } });

/** Without AWS's own rules, which take longer than all the rest: test/cdk/order-state-app.test.ts tests those. */
function synthesize(plant: (stack: Stack) => void, changes: Partial<StageConfig> = {}): void {
  const app = newApp();
  plant(new OrderStateStack(app, resolveStage('test', { ...loopbackStage, ...changes })));
  app.synth();
}

const synthesized = new Map<Partial<StageConfig>, { stage: ResolvedStage; stack: Stack; template: Json }>();

/** The template of a stage, and the stack that it was made of. */
function synthesizedOnce(changes: Partial<StageConfig>) {
  const before = synthesized.get(changes);
  if (before !== undefined) return before;
  const stage = resolveStage('test', { ...loopbackStage, ...changes });
  const stack = new OrderStateStack(newApp(), stage);
  const made = { stage, stack, template: Template.fromStack(stack).toJSON() };
  synthesized.set(changes, made);
  return made;
}

const folder = mkdtempSync(join(tmpdir(), 'stack-rules-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What the rules say of a template with a fault. */
function violationsWith(edit: Edit, changes: Partial<StageConfig>): readonly string[] {
  const { stage, stack, template } = synthesizedOnce(changes);
  const edited = structuredClone(template);
  edit(stack, edited);
  const templatePath = join(folder, 'template.json');
  writeFileSync(templatePath, JSON.stringify(edited));
  const { account: accountId, region } = stack;
  const { violations } = new StackRules(stack, stage).validate({
    templatePaths: [templatePath],
    stackTemplates: [{ stackConstructPath: stack.node.path, templatePath, accountId, region }],
    appConstruct: stack.node.root,
  });
  return violations.map(({ description }) => description);
}

const fixOf = (rule: string) => rules.find(({ name }) => name === rule)?.fix ?? 'no such rule';

describe('stack rules', () => {
  // CDK prints its findings.
  vi.spyOn(console, 'error').mockReturnValue();

  it.each<[string, Partial<StageConfig>]>([
    ['a plain stage', plain],
    ['a protected stage', prod],
    ['a stage with essential monitoring', { monitoring: 'essential' }],
    ['a stage with every setting', everySetting],
    ['an account that goes by a number', { accounts: { 'sub-20260101': loopbackStage.accounts.main } }],
  ])('the rules of the stack accept %s', (_, changes) => {
    expect(() => synthesize(() => {}, changes)).not.toThrow();
  });

  it.each(faultsOfConstructs)('the rules of the stack refuse %s: %s', (_, rule, plant, changes) => {
    expect(() => synthesize(plant, changes)).toThrow(`ERROR ${fixOf(rule)} (StackRules)`);
  });

  it.each(faultsOfTemplates)('the rules of the stack refuse %s: %s', (_, rule, edit, changes = plain) => {
    expect(violationsWith(() => {}, changes)).not.toContain(fixOf(rule));
    expect(violationsWith(edit, changes)).toContain(fixOf(rule));
  });

  it('the rules of the stack are each violated by one of these tests', () => {
    expect(new Set([...faultsOfConstructs, ...faultsOfTemplates].map(([, rule]) => rule))).toEqual(
      new Set(rules.map(({ name }) => name)),
    );
  });

  it('the rules of the stack say in a sentence what to change', () => {
    for (const { fix } of rules) expect(fix).toMatch(/^[A-Z][a-z]+ [^\n]+\.$/);
  });

  it('the rules of the stack apply to their own stack, and leave others in the same app alone', () => {
    const stack = stackOf(resolveStage('test', loopbackStage));
    const app = Stage.of(stack);
    if (app === undefined) throw new Error('The stack is in no app.');
    const other = new Stack(app, 'other');
    new CfnResource(other, 'Bus', { type: 'AWS::Events::EventBusPolicy', properties: { StatementId: 'others' } });
    expect(() => app.synth()).not.toThrow();
  });
});
