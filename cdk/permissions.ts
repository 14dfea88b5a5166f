/**
 * What each function may do: function, resource, exact actions. The functions' roles are made from this table and from
 * nothing else; the tests hold the template against it, and the calls that a bundle can make. A function is named after
 * its file in functions/.
 */
export const permissions = {
  'get-order': {
    exchangeKeys: ['secretsmanager:GetSecretValue'],
    // Not the index: only the scheduled checks read it.
    snapshotTable: ['dynamodb:PutItem', 'dynamodb:Query'],
    // Its own log group, which the stack makes: no logs:CreateLogGroup.
    logGroup: ['logs:CreateLogStream', 'logs:PutLogEvents'],
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** The functions that there are. */
export type FunctionName = keyof typeof permissions;

/** The resources that a function must be given, besides the log group that it brings along. */
export type ResourceName<Name extends FunctionName> = Exclude<keyof (typeof permissions)[Name] & string, 'logGroup'>;
