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
    // Its own log group, which the stack makes: no logs:CreateLogGroup.
    logGroup: ['logs:CreateLogStream', 'logs:PutLogEvents'],
  },
  'change-watch': {
    snapshotTable: ['dynamodb:PutItem', 'dynamodb:Query'],
    // To see whether more orders are on watch than can be checked in time.
    orderLists: ['dynamodb:Query'],
    logGroup: ['logs:CreateLogStream', 'logs:PutLogEvents'],
  },
  'check-open-orders': {
    exchangeKeys: ['secretsmanager:GetSecretValue'],
    snapshotTable: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
    orderLists: ['dynamodb:Query'],
    deadLetters: ['sqs:SendMessage'],
    logGroup: ['logs:CreateLogStream', 'logs:PutLogEvents'],
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
    logGroup: ['logs:CreateLogStream', 'logs:PutLogEvents'],
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** What Lambda itself reaches with a function's role, and the function's code does not. */
export const reachedByLambda: ReadonlySet<string> = new Set(['deadLetters', 'logGroup', 'tableStream']);

/** The functions that there are. */
export type FunctionName = keyof typeof permissions;

/** The resources that a function must be given, besides the log group that it brings along. */
export type ResourceName<Name extends FunctionName> = Exclude<keyof (typeof permissions)[Name] & string, 'logGroup'>;
