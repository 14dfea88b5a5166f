import { explainedWildcards } from './functions.ts';
import type { ResolvedStage } from './stages.ts';
import { each, type Resource, referencedId, valueAt } from './template-resources.ts';

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

export function everyReplicaHas(properties: unknown, ...path: readonly string[]): boolean {
  const replicas = each(valueAt(properties, 'Replicas'));
  return replicas.length > 0 && replicas.every((replica) => valueAt(replica, ...path) === true);
}

export function isQueue(arn: unknown, { resources }: Among): boolean {
  return resources.some(({ id, Type }) => Type === 'AWS::SQS::Queue' && id === referencedId(arn));
}

export function requiresTls({ id }: Resource, { resources }: Among): boolean {
  return resources
    .filter(
      ({ Type, Properties }) =>
        Type === 'AWS::SQS::QueuePolicy' && each(Properties['Queues']).map(referencedId).includes(id),
    )
    .flatMap(({ Properties }) => each(valueAt(Properties, 'PolicyDocument', 'Statement')))
    .some(
      (statement) =>
        valueAt(statement, 'Effect') === 'Deny' &&
        valueAt(statement, 'Condition', 'Bool', 'aws:SecureTransport') === 'false',
    );
}

export function invokeConfigOf(functionId: string, resources: readonly Resource[]): Resource['Properties'] | undefined {
  return resources.find(
    ({ Type, Properties }) =>
      Type === 'AWS::Lambda::EventInvokeConfig' && referencedId(Properties['FunctionName']) === functionId,
  )?.Properties;
}

export function schedulesOf(functionId: string, resources: readonly Resource[]): Resource['Properties'][] {
  return resources
    .filter(
      ({ Type, Properties }) =>
        Type === 'AWS::Scheduler::Schedule' && referencedId(valueAt(Properties, 'Target', 'Arn')) === functionId,
    )
    .map(({ Properties }) => Properties);
}

/** The statements that allow something, of a policy or of those within a role. */
export function allowStatementsOf(properties: unknown): readonly unknown[] {
  return [properties, ...each(valueAt(properties, 'Policies'))]
    .flatMap((policy) => each(valueAt(policy, 'PolicyDocument', 'Statement')))
    .filter((statement) => valueAt(statement, 'Effect') === 'Allow');
}

export function isExplained(statement: unknown): boolean {
  const explained = new Map(Object.entries(explainedWildcards));
  const wildcards = each(valueAt(statement, 'Resource'))
    .filter((resource) => JSON.stringify(resource).includes('*'))
    .map((resource) => each(valueAt(resource, 'Fn::Join', '1') ?? resource))
    .map((parts) => parts.map((part) => (typeof part === 'string' ? part : '')).join(''));
  return each(valueAt(statement, 'Action')).every((action) =>
    wildcards.every((text) => explained.get(String(action))?.on.test(text)),
  );
}
