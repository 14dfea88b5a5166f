import { DynamoDBClient, paginateListTables } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { paginateListSecrets, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { paginateListQueues, SQSClient } from '@aws-sdk/client-sqs';
import { UsageError } from './command-line.ts';
import { isLoopback, type Target } from './options.ts';

/*
 * How the commands reach what a deployment made: clients with an operator's own credentials (a profile, single sign-on,
 * whatever the SDK finds), and names as CloudFormation makes them: the stack's, the template's, and something random.
 */

export type Table = { readonly client: DynamoDBClient; readonly tableName: string };
export type DeadLetterQueue = 'TransitionDeadLetters' | 'SweepDeadLetters';

export async function openTable(target: Target): Promise<Table> {
  const client = new DynamoDBClient(configOf(target));
  if (target.table !== undefined) return { client, tableName: target.table };
  const found: string[] = [];
  for await (const { TableNames = [] } of paginateListTables({ client }, {})) found.push(...TableNames);
  return { client, tableName: theOne('tables', 'SnapshotTable', '--table', found, target) };
}

/** The stack's event bus, which is called as the stack is; the table's name begins with that. */
export function busOf(tableName: string): string {
  const [, bus] = /^(order-state-snapshots-.+)-SnapshotTable/.exec(tableName) ?? [];
  if (bus === undefined) throw new UsageError('give --bus: the name of the table does not imply it');
  return bus;
}

export function createEvents(target: Target): EventBridgeClient {
  return new EventBridgeClient(configOf(target));
}

export function createSecrets(target: Target): SecretsManagerClient {
  return new SecretsManagerClient(configOf(target));
}

/** The secret of an account where no stage table says it. */
export async function findSecret(client: SecretsManagerClient, account: string, target: Target): Promise<string> {
  const found: string[] = [];
  for await (const { SecretList = [] } of paginateListSecrets({ client }, {}))
    found.push(...SecretList.flatMap(({ Name = '' }) => (Name.endsWith(`/${account}/exchange-key`) ? [Name] : [])));
  return theOne('secrets', `/${account}/exchange-key`, '--secret', found, { ...target, stage: undefined });
}

export function createQueues(target: Target): SQSClient {
  return new SQSClient(configOf(target));
}

/** The URL of one of the stack's queues. */
export async function findQueue(client: SQSClient, queue: DeadLetterQueue, target: Target): Promise<string> {
  const found: string[] = [];
  for await (const { QueueUrls = [] } of paginateListQueues({ client }, { MaxResults: 1000 })) found.push(...QueueUrls);
  const named = new Map(found.map((url) => [url.replace(/^.*\//, ''), url]));
  const name = theOne('queues', queue, '--stage', [...named.keys()], target);
  return named.get(name) ?? '';
}

function configOf({ region, endpoint }: Target) {
  return {
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    // The stack on this machine looks at no signature, and nobody needs AWS settings for it.
    ...(endpoint !== undefined &&
      isLoopback(endpoint) && {
        region: region ?? 'us-east-1',
        credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      }),
    requestHandler: { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
  };
}

/** The stage's, by its name; at an endpoint the only one of its kind. */
function theOne(what: string, kind: string, option: string, found: readonly string[], { stage, endpoint }: Target) {
  const prefix = `order-state-snapshots-${stage}-${kind}`;
  const fitting = found.filter((name) => (stage === undefined ? name.includes(kind) : name.startsWith(prefix)));
  const [only, ...others] = fitting;
  if (only !== undefined && others.length === 0) return only;
  const where = endpoint === undefined ? '' : ` at ${endpoint}`;
  const called = stage === undefined ? `…${kind}…${where}` : `${prefix}…`;
  throw new Error(`${fitting.length} ${what} are called ${called}: give ${option}, or look at --region`);
}
