import { explainedWildcards } from './permissions.ts';
import type { ResolvedStage } from './stages.ts';
import { at, each, type Resource, target } from './template-resources.ts';

/** What the rules ask of a stage. */
export type RuledStage = Pick<ResolvedStage, 'kmsKeyArn' | 'permissionsBoundaryArn' | 'protect' | 'reserveConcurrency'>;

export type Rule = {
  readonly name: string;
  /** The types that it is about. */
  readonly of: readonly string[];
  readonly holds: (resource: Resource, among: Among) => boolean;
  /** What to change where it does not hold, and why. */
  readonly fix: string;
};

type Among = { readonly resources: readonly Resource[]; readonly stage: RuledStage };

const schedule = ['AWS::Scheduler::Schedule'];
const source = ['AWS::Lambda::EventSourceMapping'];
const lambda = ['AWS::Lambda::Function'];
const table = ['AWS::DynamoDB::GlobalTable'];
const secret = ['AWS::SecretsManager::Secret'];
const queue = ['AWS::SQS::Queue'];
const logs = ['AWS::Logs::LogGroup'];
const bus = ['AWS::Events::EventBus'];
const policies = ['AWS::IAM::ManagedPolicy', 'AWS::IAM::Policy', 'AWS::IAM::Role', 'AWS::IAM::RolePolicy'];

/**
 * The rules of this house that AWS's own do not look at: what is kept outlives mistakes, nothing is tried for ever,
 * whatever is given up leaves a dead letter, and nobody may do more than they do.
 */
export const rules: readonly Rule[] = [
  {
    name: 'TableRecovery',
    of: table,
    holds: ({ Properties }) =>
      everyReplica(Properties, 'PointInTimeRecoverySpecification', 'PointInTimeRecoveryEnabled'),
    fix: 'Turn point-in-time recovery on in every replica: without it a bad write is for ever.',
  },
  {
    name: 'TableProtection',
    of: table,
    holds: (resource, { stage }) =>
      !stage.protect || (isRetained(resource) && everyReplica(resource.Properties, 'DeletionProtectionEnabled')),
    fix: 'Retain the table and protect every replica from deletion, as the stage says with protect: it is the record.',
  },
  {
    name: 'TableStream',
    of: table,
    holds: ({ Properties }) => at(Properties, 'StreamSpecification', 'StreamViewType') === 'NEW_AND_OLD_IMAGES',
    fix: 'Stream new and old images: a transition is told from what an item was and is.',
  },
  {
    name: 'SecretKept',
    of: secret,
    holds: isRetained,
    fix: 'Retain the secret, always: whoever deletes a stack does not mean the key of the exchange.',
  },
  {
    name: 'SecretEmpty',
    of: secret,
    holds: ({ Properties }) => !('GenerateSecretString' in Properties || 'SecretString' in Properties),
    fix: 'Give the secret no value: a generated one looks like a key and is none, and a written one is in the template.',
  },
  {
    name: 'LogsKept',
    of: logs,
    holds: (resource, { stage }) =>
      typeof at(resource.Properties, 'RetentionInDays') === 'number' && (!stage.protect || isRetained(resource)),
    fix: 'Say how long the logs are kept, and retain the group where the stage says protect.',
  },
  {
    name: 'PinnedIds',
    of: [...table, ...secret, ...queue, ...bus],
    // CDK ends its ids with eight hexadecimal digits; eight decimal ones are the number of an account.
    holds: ({ id }) => !/(?=[0-9A-F]{8}$)\d*[A-F]/.test(id),
    fix: 'Pin its logical id with overrideLogicalId: CloudFormation replaces, with all that is in it, what changes its id.',
  },
  {
    name: 'CustomerKey',
    of: [...table, ...secret, ...queue, ...logs],
    holds: ({ Properties }, { stage: { kmsKeyArn } }) =>
      kmsKeyArn === undefined || JSON.stringify(Properties).includes(kmsKeyArn),
    fix: "Encrypt it with the stage's kmsKeyArn.",
  },
  {
    name: 'QueueEncrypted',
    of: queue,
    holds: ({ Properties }) => Properties['SqsManagedSseEnabled'] === true || 'KmsMasterKeyId' in Properties,
    fix: 'Encrypt the queue: dead letters hold what the lost ones held.',
  },
  {
    name: 'QueueTlsOnly',
    of: queue,
    holds: takesTlsOnly,
    fix: 'Let the policy of the queue deny whatever comes over plain http (enforceSSL).',
  },
  {
    name: 'QueueKeeps',
    of: queue,
    holds: ({ Properties }) => Properties['MessageRetentionPeriod'] === 1_209_600,
    fix: 'Keep messages for 14 days, the longest that SQS does: a person has to read them first.',
  },
  {
    name: 'BusClosed',
    of: ['AWS::Events::EventBusPolicy'],
    holds: () => false,
    fix: 'Remove the policy of the bus: nobody else puts events on it.',
  },
  {
    name: 'ScheduleRetries',
    of: schedule,
    holds: ({ Properties }) => at(Properties, 'Target', 'RetryPolicy', 'MaximumRetryAttempts') === 0,
    fix: 'Set MaximumRetryAttempts to 0: left open it is 185, and what comes late is stale.',
  },
  {
    name: 'ScheduleAge',
    of: schedule,
    holds: ({ Properties }) => at(Properties, 'Target', 'RetryPolicy', 'MaximumEventAgeInSeconds') === 60,
    fix: 'Set MaximumEventAgeInSeconds to 60: the next minute does the work of this one.',
  },
  {
    name: 'ScheduleDeadLetters',
    of: schedule,
    holds: ({ Properties }, among) => isQueue(at(Properties, 'Target', 'DeadLetterConfig', 'Arn'), among),
    fix: 'Give the schedule a dead-letter queue of this stack: nobody hears of what it could not start.',
  },
  {
    name: 'ScheduleOnTime',
    of: schedule,
    holds: ({ Properties }) => at(Properties, 'FlexibleTimeWindow', 'Mode') === 'OFF',
    fix: 'Turn the flexible time window off: an order closes and vanishes in the meantime.',
  },
  {
    name: 'SourceRetries',
    of: source,
    holds: ({ Properties }) => isWithin(Properties['MaximumRetryAttempts'], 1, 10),
    fix: 'Set MaximumRetryAttempts to 1 to 10: left open, one bad record blocks its shard until it expires.',
  },
  {
    name: 'SourceAge',
    of: source,
    holds: ({ Properties }) => isWithin(Properties['MaximumRecordAgeInSeconds'], 3_600, 86_399),
    fix: 'Set MaximumRecordAgeInSeconds to an hour or more, and below the 24 after which the stream drops its records.',
  },
  {
    name: 'SourceBisected',
    of: source,
    holds: ({ Properties }) => Properties['BisectBatchOnFunctionError'] === true,
    fix: 'Turn BisectBatchOnFunctionError on: else a whole batch is given up for one record.',
  },
  {
    name: 'SourceItemFailures',
    of: source,
    holds: ({ Properties }) => each(Properties['FunctionResponseTypes']).includes('ReportBatchItemFailures'),
    fix: 'Report failures by item (ReportBatchItemFailures): else what was done of a batch is done again.',
  },
  {
    name: 'SourceDeadLetters',
    of: source,
    holds: ({ Properties }, among) => isQueue(at(Properties, 'DestinationConfig', 'OnFailure', 'Destination'), among),
    fix: 'Give the stream a dead-letter queue of this stack: nobody hears of the records that it gave up.',
  },
  {
    name: 'SourceFiltered',
    of: source,
    holds: ({ Properties }) => 'FilterCriteria' in Properties,
    fix: 'Filter the records: every check touches a watch, and would invoke the function.',
  },
  {
    name: 'FunctionRuntime',
    of: lambda,
    holds: ({ Properties }) => Properties['Runtime'] === 'nodejs24.x',
    fix: 'Set the runtime to nodejs24.x, which is what the tests ran on.',
  },
  {
    name: 'FunctionLogs',
    of: lambda,
    holds: ({ Properties }, { resources }) =>
      resources.some(
        ({ id, Type }) => logs.includes(Type) && id === target(at(Properties, 'LoggingConfig', 'LogGroup')),
      ),
    fix: 'Give the function a log group of this stack: the one that Lambda makes keeps its lines for ever.',
  },
  {
    name: 'FunctionRetries',
    of: lambda,
    holds: ({ id }, { resources }) => {
      const config = invokeConfigOf(id, resources);
      return config?.['MaximumRetryAttempts'] === 0 && config['MaximumEventAgeInSeconds'] === 60;
    },
    fix: 'Bound asynchronous invocations to 0 retries and 60 seconds (EventInvokeConfig): left open it is 2 and 6 hours.',
  },
  {
    name: 'ScheduledFunctionDeadLetters',
    of: lambda,
    holds: ({ id }, among) =>
      schedulesOf(id, among.resources).length === 0 ||
      isQueue(at(invokeConfigOf(id, among.resources), 'DestinationConfig', 'OnFailure', 'Destination'), among),
    fix: 'Give the function that a schedule invokes an on-failure queue of this stack: it fails without a trace.',
  },
  {
    name: 'SweepConcurrency',
    of: lambda,
    holds: ({ id, Properties }, { resources, stage }) => {
      const accounts = schedulesOf(id, resources).filter((at) => at['ScheduleExpression'] === 'rate(1 minute)').length;
      const reserved = accounts === 0 || Properties['ReservedConcurrentExecutions'] === 2 * accounts;
      return reserved || !stage.reserveConcurrency;
    },
    fix: 'Reserve two concurrent executions for each account, as the stage says with reserveConcurrency: else anything that runs in the AWS account can stop the checks.',
  },
  {
    name: 'NoWildcardActions',
    of: policies,
    holds: ({ Properties }) =>
      allowing(Properties).every(
        (statement) =>
          at(statement, 'NotAction') === undefined &&
          !each(at(statement, 'Action')).some((action) => String(action).includes('*')),
      ),
    fix: 'Name the actions one by one, in cdk/permissions.ts: a wildcard also allows what AWS thinks of next.',
  },
  {
    name: 'NoWildcardResources',
    of: policies,
    holds: ({ Properties }) =>
      allowing(Properties).every(
        (statement) =>
          at(statement, 'NotResource') === undefined &&
          (!JSON.stringify(each(at(statement, 'Resource'))).includes('*') || isExplained(statement)),
      ),
    fix: 'Name the resources one by one; where AWS knows no narrower one, explain the action in cdk/permissions.ts.',
  },
  {
    name: 'RoleBoundary',
    of: ['AWS::IAM::Role'],
    holds: ({ Properties }, { stage: { permissionsBoundaryArn: boundary } }) =>
      boundary === undefined || Properties['PermissionsBoundary'] === boundary,
    fix: "Hold the role within the stage's permissionsBoundaryArn.",
  },
];

function isRetained({ DeletionPolicy, UpdateReplacePolicy }: Resource): boolean {
  return ['Retain', 'RetainExceptOnCreate'].includes(DeletionPolicy ?? '') && UpdateReplacePolicy === 'Retain';
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most;
}

function everyReplica(properties: unknown, ...path: readonly string[]): boolean {
  const replicas = each(at(properties, 'Replicas'));
  return replicas.length > 0 && replicas.every((replica) => at(replica, ...path) === true);
}

function isQueue(arn: unknown, { resources }: Among): boolean {
  return resources.some(({ id, Type }) => queue.includes(Type) && id === target(arn));
}

function takesTlsOnly({ id }: Resource, { resources }: Among): boolean {
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

function invokeConfigOf(functionId: string, resources: readonly Resource[]): Resource['Properties'] | undefined {
  return resources.find(
    ({ Type, Properties }) =>
      Type === 'AWS::Lambda::EventInvokeConfig' && target(Properties['FunctionName']) === functionId,
  )?.Properties;
}

function schedulesOf(functionId: string, resources: readonly Resource[]): Resource['Properties'][] {
  return resources
    .filter(({ Type, Properties }) => schedule.includes(Type) && target(at(Properties, 'Target', 'Arn')) === functionId)
    .map(({ Properties }) => Properties);
}

/** The statements that allow something, of a policy or of those within a role. */
function allowing(properties: unknown): readonly unknown[] {
  return [properties, ...each(at(properties, 'Policies'))]
    .flatMap((policy) => each(at(policy, 'PolicyDocument', 'Statement')))
    .filter((statement) => at(statement, 'Effect') === 'Allow');
}

function isExplained(statement: unknown): boolean {
  return each(at(statement, 'Action')).every((action) => Object.hasOwn(explainedWildcards, String(action)));
}
