import { alarmRules } from './alarm-rules.ts';
import {
  allowStatementsOf,
  everyReplicaHas,
  invokeConfigOf,
  isExplained,
  isQueue,
  isRetained,
  isWithin,
  type Rule,
  requiresTls,
  schedulesOf,
} from './rule-conditions.ts';
import { each, referencedId, valueAt } from './template-resources.ts';

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
 * What AWS's own rules do not check: data survives mistakes, retries end, what is given up leaves a message in a
 * dead-letter queue, permissions are minimal, and whatever stops raises an alarm.
 */
export const rules: readonly Rule[] = [
  ...alarmRules,
  {
    name: 'TableRecovery',
    types: table,
    holds: ({ Properties }) =>
      everyReplicaHas(Properties, 'PointInTimeRecoverySpecification', 'PointInTimeRecoveryEnabled'),
    fix: 'Turn on point-in-time recovery in every replica: without it, a bad write cannot be undone.',
  },
  {
    name: 'TableKept',
    types: table,
    holds: isRetained,
    fix: 'Keep the table with RETAIN_ON_UPDATE_OR_DELETE in every stage: deleting a stack must not delete the record.',
  },
  {
    name: 'TableProtection',
    types: table,
    holds: ({ Properties }, { stage }) => !stage.protect || everyReplicaHas(Properties, 'DeletionProtectionEnabled'),
    fix: 'Turn on deletion protection in every replica of the table, because the stage sets protect.',
  },
  {
    name: 'TableStream',
    types: table,
    holds: ({ Properties }) => valueAt(Properties, 'StreamSpecification', 'StreamViewType') === 'NEW_AND_OLD_IMAGES',
    fix: 'Stream new and old images: transitions are derived from an item before and after the change.',
  },
  {
    name: 'SecretKept',
    types: secret,
    holds: isRetained,
    fix: 'Keep the secret with RETAIN_ON_UPDATE_OR_DELETE: deleting a stack must not delete the exchange key.',
  },
  {
    name: 'SecretEmpty',
    types: secret,
    holds: ({ Properties }) => !('GenerateSecretString' in Properties || 'SecretString' in Properties),
    fix: 'Give the secret no value: a generated one looks like a key, and a given one would be in the template.',
  },
  {
    name: 'LogsKept',
    types: logs,
    holds: (resource) => typeof valueAt(resource.Properties, 'RetentionInDays') === 'number' && isRetained(resource),
    fix: 'Set a retention in days, and keep the log group with RETAIN_ON_UPDATE_OR_DELETE.',
  },
  {
    name: 'PinnedIds',
    types: [...table, ...secret, ...queue, ...bus],
    // CDK ends its ids with eight hexadecimal digits; eight decimal digits may belong to an account's name.
    holds: ({ id }) => !/(?=[0-9A-F]{8}$)\d*[A-F]/.test(id),
    fix: 'Pin its logical id with overrideLogicalId: CloudFormation replaces a resource whose id changes, and its content is lost.',
  },
  {
    name: 'CustomerKey',
    types: [...table, ...secret, ...queue, ...logs],
    holds: ({ Properties }, { stage: { kmsKeyArn } }) =>
      kmsKeyArn === undefined || JSON.stringify(Properties).includes(kmsKeyArn),
    fix: "Encrypt it with the stage's kmsKeyArn.",
  },
  {
    name: 'QueueEncrypted',
    types: queue,
    holds: ({ Properties }) => Properties['SqsManagedSseEnabled'] === true || 'KmsMasterKeyId' in Properties,
    fix: 'Encrypt the queue: its messages contain the events of failed invocations.',
  },
  {
    name: 'QueueTlsOnly',
    types: queue,
    holds: requiresTls,
    fix: 'Let the policy of the queue deny plain http (enforceSSL).',
  },
  {
    name: 'QueueKeeps',
    types: queue,
    holds: ({ Properties }) => Properties['MessageRetentionPeriod'] === 1_209_600,
    fix: 'Keep messages for 14 days, the maximum of SQS: someone has to read them.',
  },
  {
    name: 'BusClosed',
    types: ['AWS::Events::EventBusPolicy'],
    holds: () => false,
    fix: 'Remove the policy of the bus: no other AWS account may put events on it.',
  },
  {
    name: 'ScheduleRetries',
    types: schedule,
    holds: ({ Properties }) => valueAt(Properties, 'Target', 'RetryPolicy', 'MaximumRetryAttempts') === 0,
    fix: 'Set MaximumRetryAttempts to 0: the default is 185, and a late check is of no use.',
  },
  {
    name: 'ScheduleAge',
    types: schedule,
    holds: ({ Properties }) => valueAt(Properties, 'Target', 'RetryPolicy', 'MaximumEventAgeInSeconds') === 60,
    fix: 'Set MaximumEventAgeInSeconds to 60: after a minute, the next event does the same work.',
  },
  {
    name: 'ScheduleDeadLetters',
    types: schedule,
    holds: ({ Properties }, among) => isQueue(valueAt(Properties, 'Target', 'DeadLetterConfig', 'Arn'), among),
    fix: 'Give the schedule a dead-letter queue of this stack: without it, no one would notice what the schedule could not start.',
  },
  {
    name: 'ScheduleOnTime',
    types: schedule,
    holds: ({ Properties }) => valueAt(Properties, 'FlexibleTimeWindow', 'Mode') === 'OFF',
    fix: 'Turn the flexible time window off: an order can close and vanish in the meantime.',
  },
  {
    name: 'SourceRetries',
    types: source,
    holds: ({ Properties }) => isWithin(Properties['MaximumRetryAttempts'], 1, 10),
    fix: 'Set MaximumRetryAttempts to 1 to 10: by default one bad record blocks its shard until it expires.',
  },
  {
    name: 'SourceAge',
    types: source,
    holds: ({ Properties }) => isWithin(Properties['MaximumRecordAgeInSeconds'], 3_600, 86_399),
    fix: 'Set MaximumRecordAgeInSeconds to at least one hour and less than 24 hours, after which the stream drops its records.',
  },
  {
    name: 'SourceBisected',
    types: source,
    holds: ({ Properties }) => Properties['BisectBatchOnFunctionError'] === true,
    fix: 'Turn on BisectBatchOnFunctionError: otherwise a whole batch is given up for one record.',
  },
  {
    name: 'SourceItemFailures',
    types: source,
    holds: ({ Properties }) => each(Properties['FunctionResponseTypes']).includes('ReportBatchItemFailures'),
    fix: 'Report failures by item (ReportBatchItemFailures): otherwise a whole batch is repeated for one record.',
  },
  {
    name: 'SourceDeadLetters',
    types: source,
    holds: ({ Properties }, among) =>
      isQueue(valueAt(Properties, 'DestinationConfig', 'OnFailure', 'Destination'), among),
    fix: 'Give the stream a dead-letter queue of this stack: without it, no one would know which records were given up.',
  },
  {
    name: 'SourceFiltered',
    types: source,
    holds: ({ Properties }) => 'FilterCriteria' in Properties,
    fix: 'Filter the records: every check writes a watch, and would invoke the function.',
  },
  {
    name: 'FunctionRuntime',
    types: lambda,
    holds: ({ Properties }) => Properties['Runtime'] === 'nodejs24.x',
    fix: 'Set the runtime to nodejs24.x, the version that the tests ran on.',
  },
  {
    name: 'FunctionLogs',
    types: lambda,
    holds: ({ Properties }, { resources }) =>
      resources.some(
        ({ id, Type }) => logs.includes(Type) && id === referencedId(valueAt(Properties, 'LoggingConfig', 'LogGroup')),
      ),
    fix: 'Give the function a log group of this stack: the one that Lambda creates keeps its lines forever.',
  },
  {
    name: 'FunctionRetries',
    types: lambda,
    holds: ({ id }, { resources }) => {
      const config = invokeConfigOf(id, resources);
      return config?.['MaximumRetryAttempts'] === 0 && config['MaximumEventAgeInSeconds'] === 60;
    },
    fix: 'Bound asynchronous invocations to 0 retries and 60 seconds (EventInvokeConfig): the default is 2 retries and 6 hours.',
  },
  {
    name: 'ScheduledFunctionDeadLetters',
    types: lambda,
    holds: ({ id }, among) =>
      schedulesOf(id, among.resources).length === 0 ||
      isQueue(valueAt(invokeConfigOf(id, among.resources), 'DestinationConfig', 'OnFailure', 'Destination'), among),
    fix: 'Give the function that a schedule invokes an on-failure queue of this stack: otherwise it fails without a trace.',
  },
  {
    name: 'SweepConcurrency',
    types: lambda,
    holds: ({ id, Properties }, { resources, stage }) => {
      const schedules = schedulesOf(id, resources).filter((at) => at['ScheduleExpression'] === 'rate(1 minute)').length;
      const reserved = schedules === 0 || Properties['ReservedConcurrentExecutions'] === 2 * schedules;
      return reserved || !stage.reserveConcurrency;
    },
    fix: 'Reserve two concurrent executions for each schedule, as the stage sets with reserveConcurrency: otherwise any other function of the AWS account can stop the checks.',
  },
  {
    name: 'NoWildcardActions',
    types: policies,
    holds: ({ Properties }) =>
      allowStatementsOf(Properties).every(
        (statement) =>
          valueAt(statement, 'NotAction') === undefined &&
          !each(valueAt(statement, 'Action')).some((action) => String(action).includes('*')),
      ),
    fix: 'List the actions one by one in cdk/functions.ts: a wildcard also allows actions that AWS adds later.',
  },
  {
    name: 'NoWildcardResources',
    types: policies,
    holds: ({ Properties }) =>
      allowStatementsOf(Properties).every(
        (statement) =>
          valueAt(statement, 'NotResource') === undefined &&
          (!JSON.stringify(each(valueAt(statement, 'Resource'))).includes('*') || isExplained(statement)),
      ),
    fix: 'List the resources one by one; if AWS supports no narrower one, explain the action in cdk/functions.ts.',
  },
  {
    name: 'RoleBoundary',
    types: ['AWS::IAM::Role'],
    holds: ({ Properties }, { stage: { permissionsBoundaryArn: boundary } }) =>
      boundary === undefined || Properties['PermissionsBoundary'] === boundary,
    fix: "Give the role the stage's permissionsBoundaryArn.",
  },
];
