import { maxOrders } from '../lib/api/parameters.ts';

/** The settings of one function. */
export type FunctionSettings = {
  readonly description: string;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  /** Options of Node, as `NODE_OPTIONS` has them. Default: none. */
  readonly nodeOptions?: string;
  /** Exact IAM actions, by the resource that they are allowed on. */
  readonly permissions: Readonly<Partial<Record<ResourceName, readonly string[]>>>;
  /** The queue for asynchronous invocations that Lambda gave up on. Default: none, because a caller waits for the response. */
  readonly onFailure?: 'sweepDeadLetters' | 'transitionDeadLetters';
  /** Concurrent executions reserved for each schedule of the function, where the stage reserves any. */
  readonly concurrencyPerSchedule?: number;
};

/** The resources of the stack that functions use. */
export const resourceNames = [
  'exchangeKeys',
  /** The table without its index. */
  'snapshotTable',
  /** The table's index. */
  'orderLists',
  'tableStream',
  'transitionBus',
  'sweepDeadLetters',
  'transitionDeadLetters',
] as const;
export type ResourceName = (typeof resourceNames)[number];

/** Below the gateway's 30 s, so that a caller gets our response and not the gateway's. */
const api = { timeoutSeconds: 28, memoryMb: 512 } as const;

const checksOrders = {
  exchangeKeys: ['secretsmanager:GetSecretValue'],
  // Single items are the account's own: rate limiter, lease, pause.
  snapshotTable: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
} as const;

/**
 * Every function of the stack, named after its file in functions/. Roles are made from these permissions and from nothing
 * else; the tests compare them with the template, and with the calls that each bundle can make.
 */
export const functionSettings = {
  'get-order': {
    description: 'Checks one order at the exchange, stores the snapshot and returns it.',
    ...api,
    permissions: checksOrders,
  },
  'check-orders': {
    description: `Checks up to ${maxOrders} orders at the exchange, stores the snapshots and returns them.`,
    ...api,
    permissions: checksOrders,
  },
  'get-order-state': {
    description: "Takes the exchange's own request and returns the exchange's own response.",
    ...api,
    permissions: checksOrders,
  },
  'list-orders': {
    description: 'Lists the orders of an account by state, from the table.',
    ...api,
    // The account's item says when its latest list confirmed the orders that it covers.
    permissions: { orderLists: ['dynamodb:Query'], snapshotTable: ['dynamodb:GetItem'] },
  },
  'list-accounts': {
    description: 'Lists the accounts with their latest list, orders and limits, from the table.',
    ...api,
    permissions: { snapshotTable: ['dynamodb:GetItem'] },
  },
  'list-snapshots': {
    description: 'Returns the history of one order, from the table.',
    ...api,
    permissions: { snapshotTable: ['dynamodb:Query'] },
  },
  'change-watch': {
    description: 'Starts or stops the watch of one order, and records the caller.',
    ...api,
    // It reads nothing: its conditional writes return all that it needs.
    permissions: { snapshotTable: ['dynamodb:PutItem', 'dynamodb:UpdateItem'] },
  },
  'check-open-orders': {
    description: 'Lists and checks the open orders of a group of accounts.',
    // A sweep runs until the next minute's has taken over, which may be late.
    timeoutSeconds: 150,
    // It waits nearly all of its time.
    memoryMb: 256,
    // V8's own young generation grows to 100 MB while long lists are read (`npm run bench -- --sweep`). Unconfirmed: Lambda
    // may set the option itself, as 5 % of the memory (nodejs18.x does), and then that counts.
    nodeOptions: '--max-semi-space-size=4',
    permissions: { ...checksOrders, orderLists: ['dynamodb:Query'], sweepDeadLetters: ['sqs:SendMessage'] },
    onFailure: 'sweepDeadLetters',
    // The running sweep, and the one that takes over.
    concurrencyPerSchedule: 2,
  },
  'publish-transitions': {
    description: 'Publishes what changed in orders and watches to the event bus.',
    timeoutSeconds: 30,
    memoryMb: 512,
    permissions: {
      transitionBus: ['events:PutEvents'],
      tableStream: [
        'dynamodb:DescribeStream',
        'dynamodb:GetRecords',
        'dynamodb:GetShardIterator',
        'dynamodb:ListStreams',
      ],
      transitionDeadLetters: ['sqs:SendMessage'],
    },
    onFailure: 'transitionDeadLetters',
  },
  'guard-accounts': {
    description: 'Refuses a deployment that removes an account while one of its orders is watched.',
    timeoutSeconds: 30,
    memoryMb: 512,
    permissions: { orderLists: ['dynamodb:Query'] },
  },
} as const satisfies Readonly<Record<string, FunctionSettings>>;

export type FunctionName = keyof typeof functionSettings;

export const functionNames: readonly FunctionName[] = Object.keys(functionSettings).filter(isFunctionName);

function isFunctionName(name: string): name is FunctionName {
  return Object.hasOwn(functionSettings, name);
}

/** IAM conditions on the actions, by the resource that these are allowed on. */
export const permissionConditions: Readonly<
  Partial<Record<ResourceName, Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>>>
> = {
  // A key that is only tried out (AWSPENDING), and versions by their id, are for operators.
  exchangeKeys: { 'ForAnyValue:StringEquals': { 'secretsmanager:VersionStage': ['AWSCURRENT', 'AWSPREVIOUS'] } },
};

/** What every function may also do, where the stage has such a resource. */
export const commonPermissions = {
  /** Its own log group, which the stack creates: no logs:CreateLogGroup. */
  logGroup: ['logs:CreateLogStream', 'logs:PutLogEvents'],
  traces: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'],
} as const;

/** With the stage's key: reading table and secrets takes the first, sending to a queue both. */
export function keyPermissions({ onFailure }: FunctionSettings): readonly string[] {
  return onFailure === undefined ? ['kms:Decrypt'] : ['kms:Decrypt', 'kms:GenerateDataKey'];
}

/** A resource with a wildcard that an action is allowed on, without the template's references, and why. */
type ExplainedWildcard = { readonly on: RegExp; readonly reason: string };

const everything = { on: /^\*$/, reason: 'X-Ray has no resource-level permissions: IAM accepts only *.' };

/** Actions that are allowed on more than one named resource; the stack's rules let no other pass. */
export const explainedWildcards: Readonly<
  Record<(typeof commonPermissions.traces)[number] | 'secretsmanager:GetSecretValue', ExplainedWildcard>
> = {
  'xray:PutTelemetryRecords': everything,
  'xray:PutTraceSegments': everything,
  'secretsmanager:GetSecretValue': {
    on: /^arn::secretsmanager:::secret:order-state-snapshots\/[a-z][a-z0-9-]*\/\*\/exchange-key-\?{6}$/,
    reason:
      "The names of the stage's own secrets share a prefix that nothing else has; their individual ARNs do not fit into the policies of a role. Other secrets are listed individually.",
  },
};
