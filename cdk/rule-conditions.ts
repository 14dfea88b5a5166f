import { explainedWildcards } from './functions.ts';
import type { ResolvedStage } from './stages.ts';
import { at, each, type Resource, target } from './template-resources.ts';

/** What the rules need to know of a stage. */
export type RuledStage = Pick<
  ResolvedStage,
  'kmsKeyArn' | 'monitoring' | 'permissionsBoundaryArn' | 'protect' | 'reserveConcurrency'
>;

export type Rule = {
  readonly name: string;
  /** The resource types that it applies to. */
  readonly types: readonly string[];
  readonly holds: (resource: Resource, among: Among) => boolean;
  /** What to change where it does not hold, and why. */
  readonly fix: string;
};

type Among = { readonly resources: readonly Resource[]; readonly stage: RuledStage };

/** Plain `Retain` would also keep what a failed first deployment created, and the next one could not be made. */
export function isRetained({ DeletionPolicy, UpdateReplacePolicy }: Resource): boolean {
  return DeletionPolicy === 'RetainExceptOnCreate' && UpdateReplacePolicy === 'Retain';
}

export function isWithin(value: unknown, min: number, max: number): boolean {
  return typeof value === 'number' && value >= min && value <= max;
}

export function everyReplica(properties: unknown, ...path: readonly string[]): boolean {
  const replicas = each(at(properties, 'Replicas'));
  return replicas.length > 0 && replicas.every((replica) => at(replica, ...path) === true);
}

export function isQueue(arn: unknown, { resources }: Among): boolean {
  return resources.some(({ id, Type }) => Type === 'AWS::SQS::Queue' && id === target(arn));
}

export function takesTlsOnly({ id }: Resource, { resources }: Among): boolean {
  return resources
    .filter(
      ({ Type, Properties }) => Type === 'AWS::SQS::QueuePolicy' && each(Properties['Queues']).map(target).includes(id),
    )
    .flatMap(({ Properties }) => each(at(Properties, 'PolicyDocument', 'Statement')))
    .some(
      (statement) =>
        at(statement, 'Effect') === 'Deny' && at(statement, 'Condition', 'Bool', 'aws:SecureTransport') === 'false',
    );
}

export function invokeConfigOf(functionId: string, resources: readonly Resource[]): Resource['Properties'] | undefined {
  return resources.find(
    ({ Type, Properties }) =>
      Type === 'AWS::Lambda::EventInvokeConfig' && target(Properties['FunctionName']) === functionId,
  )?.Properties;
}

export function schedulesOf(functionId: string, resources: readonly Resource[]): Resource['Properties'][] {
  return resources
    .filter(
      ({ Type, Properties }) =>
        Type === 'AWS::Scheduler::Schedule' && target(at(Properties, 'Target', 'Arn')) === functionId,
    )
    .map(({ Properties }) => Properties);
}

/** The statements that allow something, of a policy or of those within a role. */
export function allowing(properties: unknown): readonly unknown[] {
  return [properties, ...each(at(properties, 'Policies'))]
    .flatMap((policy) => each(at(policy, 'PolicyDocument', 'Statement')))
    .filter((statement) => at(statement, 'Effect') === 'Allow');
}

export function isExplained(statement: unknown): boolean {
  const explained = new Map(Object.entries(explainedWildcards));
  const wildcards = each(at(statement, 'Resource'))
    .filter((resource) => JSON.stringify(resource).includes('*'))
    .map((resource) => each(at(resource, 'Fn::Join', '1') ?? resource))
    .map((parts) => parts.map((part) => (typeof part === 'string' ? part : '')).join(''));
  return each(at(statement, 'Action')).every((action) =>
    wildcards.every((text) => explained.get(String(action))?.on.test(text)),
  );
}
