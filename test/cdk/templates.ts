import type { Template } from 'aws-cdk-lib/assertions';
import { expect } from 'vitest';
import type { FunctionName } from '../../cdk/functions.ts';
import { everySetting, templateOf } from './synthesize.ts';

export const dev = templateOf();
export const full = templateOf(everySetting);

/** How the functions differ: their timeout in seconds, and their environment. */
const table = { TABLE_NAME: { Ref: 'SnapshotTable' } };

export const functions: Readonly<
  Record<FunctionName, { timeout: number; reported: Readonly<Record<string, unknown>> }>
> = {
  'get-order': { timeout: 28, reported: table },
  'check-orders': { timeout: 28, reported: table },
  'get-order-state': { timeout: 28, reported: table },
  'list-orders': { timeout: 28, reported: table },
  'list-accounts': { timeout: 28, reported: table },
  'list-snapshots': { timeout: 28, reported: table },
  'change-watch': { timeout: 28, reported: table },
  'check-open-orders': { timeout: 150, reported: table },
  'guard-accounts': { timeout: 30, reported: table },
  'publish-transitions': {
    timeout: 30,
    reported: { EVENT_BUS_NAME: { Ref: 'TransitionBus' }, DEAD_LETTER_QUEUE_URL: { Ref: 'TransitionDeadLetters' } },
  },
};

/** Of a key, a function reads the current version and the one before it. */
const usedVersions = {
  'ForAnyValue:StringEquals': { 'secretsmanager:VersionStage': ['AWSCURRENT', 'AWSPREVIOUS'] },
};

/** The pattern of the secrets that the stack creates, as `nameOf` shows it. */
export const ownSecrets =
  'arn:AWS::Partition:secretsmanager:AWS::Region:AWS::AccountId:secret:order-state-snapshots/test/*/exchange-key-??????';

/** The function in a template that is made for a file in functions/. */
export function functionIn(template: Template, name: string) {
  const entry = Object.entries(template.findResources('AWS::Lambda::Function')).find(
    ([id]) => logicalName(id) === name,
  );
  if (entry === undefined) throw new Error(`No function in the template is named after ${name}.`);
  return entry;
}

/** `GetOrderFunction11F6E8EC` is made for functions/get-order.ts. */
function logicalName(id: string): string {
  return id
    .replace(/Function[0-9A-F]{8}$/, '')
    .replace(/[A-Z]/g, (message) => `-${message.toLowerCase()}`)
    .slice(1);
}

/** Each action and resource that a role is allowed, by whatever policy, sorted. */
export function allowed(template: Template, role: string): string[] {
  const { Properties: properties } = template.findResources('AWS::IAM::Role')[role] ?? {};
  expect(Object.keys(properties).filter((name) => name !== 'PermissionsBoundary')).toEqual([
    'AssumeRolePolicyDocument',
  ]);
  const policies = ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy', 'AWS::IAM::RolePolicy']
    .flatMap((type) => Object.values(template.findResources(type)))
    .filter((policy) => policy['Properties']['Roles'].some((attached: { Ref: string }) => attached.Ref === role));
  return policies
    .flatMap((policy) => policy['Properties']['PolicyDocument']['Statement'])
    .flatMap((statement) => {
      const { Action, Condition, Effect, Resource, ...others } = statement;
      expect([Effect, others]).toEqual(['Allow', {}]);
      expect(Condition).toEqual(Action === 'secretsmanager:GetSecretValue' ? usedVersions : undefined);
      return [Action].flat().flatMap((action) => [Resource].flat().map((of) => `${action} ${nameOf(of)}`));
    })
    .toSorted();
}

type Intrinsic = string | { Ref: string } | { 'Fn::GetAtt': [string, string] } | { 'Fn::Join': [string, Intrinsic[]] };

/** What a policy names: `SnapshotTable`, `SnapshotTable.StreamArn`, `SnapshotTable/index/lists`. */
function nameOf(resource: Intrinsic): string {
  if (typeof resource === 'string') return resource;
  if ('Ref' in resource) return resource.Ref;
  if ('Fn::Join' in resource) return resource['Fn::Join'][1].map(nameOf).join('');
  const [id, attribute] = resource['Fn::GetAtt'];
  return attribute === 'Arn' ? id : `${id}.${attribute}`;
}
