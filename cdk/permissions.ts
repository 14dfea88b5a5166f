/** Its own log group, which the stack makes: no logs:CreateLogGroup. */
const logGroup = ['logs:CreateLogStream', 'logs:PutLogEvents'] as const;
/** Where the stage wants traces. */
const traces = ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'] as const;

/**
 * What each function may do: function, resource, exact actions. The functions' roles are made from this table and from
 * nothing else; the tests hold the template against it, and the calls that a bundle can make. A function is named after
 * its file in functions/.
 */
export const permissions = {
  'get-order': {
    exchangeKeys: ['secretsmanager:GetSecretValue'],
    // Not the index. Single items are the account's own, which counts the credits.
    snapshotTable: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
    // Where the stage has one: table and secrets want no more, and queues a new data key besides.
    customerKey: ['kms:Decrypt'],
    logGroup,
    traces,
  },
  'check-orders': {
    exchangeKeys: ['secretsmanager:GetSecretValue'],
    snapshotTable: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
    customerKey: ['kms:Decrypt'],
    logGroup,
    traces,
  },
  'get-order-state': {
    exchangeKeys: ['secretsmanager:GetSecretValue'],
    snapshotTable: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
    customerKey: ['kms:Decrypt'],
    logGroup,
    traces,
  },
  'list-orders': {
    orderLists: ['dynamodb:Query'],
    customerKey: ['kms:Decrypt'],
    logGroup,
    traces,
  },
  'list-snapshots': {
    snapshotTable: ['dynamodb:Query'],
    customerKey: ['kms:Decrypt'],
    logGroup,
    traces,
  },
  'change-watch': {
    // It reads nothing: it acts on what its writes answer.
    snapshotTable: ['dynamodb:PutItem', 'dynamodb:UpdateItem'],
    customerKey: ['kms:Decrypt'],
    logGroup,
    traces,
  },
  'check-open-orders': {
    exchangeKeys: ['secretsmanager:GetSecretValue'],
    snapshotTable: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
    orderLists: ['dynamodb:Query'],
    deadLetters: ['sqs:SendMessage'],
    customerKey: ['kms:Decrypt', 'kms:GenerateDataKey'],
    logGroup,
    traces,
  },
  'guard-accounts': {
    orderLists: ['dynamodb:Query'],
    customerKey: ['kms:Decrypt'],
    logGroup,
    traces,
  },
  'publish-transitions': {
    transitionBus: ['events:PutEvents'],
    tableStream: [
      'dynamodb:DescribeStream',
      'dynamodb:GetRecords',
      'dynamodb:GetShardIterator',
      'dynamodb:ListStreams',
    ],
    deadLetters: ['sqs:SendMessage'],
    customerKey: ['kms:Decrypt', 'kms:GenerateDataKey'],
    logGroup,
    traces,
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** What AWS itself reaches with a function's role, and the function's code does not. */
export const reachedByLambda: ReadonlySet<string> = new Set([
  'customerKey',
  'deadLetters',
  'logGroup',
  'tableStream',
  'traces',
]);

/** Actions that are granted on everything, and why; the rules of the house let no other one pass. */
export const explainedWildcards: Readonly<Record<(typeof traces)[number], string>> = {
  'xray:PutTelemetryRecords': 'X-Ray has no resource that traces could be put into: IAM takes * and nothing else.',
  'xray:PutTraceSegments': 'X-Ray has no resource that traces could be put into: IAM takes * and nothing else.',
};

/** The functions that there are. */
export type FunctionName = keyof typeof permissions;

/** The resources that a function must be given, besides what it brings along or the stage names. */
export type ResourceName<Name extends FunctionName> = Exclude<
  keyof (typeof permissions)[Name] & string,
  'customerKey' | 'logGroup' | 'traces'
>;
