import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient, paginateListTables, ResourceNotFoundException } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { paginateListSecrets, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { paginateListQueues, SQSClient } from '@aws-sdk/client-sqs';
import { exchangeKeyOutput, type StackOutput, secretNameOf, stackNameOf, stackOutputs } from '../stack-outputs.ts';
import { UsageError } from './command-line.ts';
import { isLoopback, type Target } from './options.ts';

/*
 * How the commands reach what a deployment made: clients with an operator's own credentials (a profile, single sign-on,
 * whatever the SDK finds), and names from the outputs of the stack. Where there is no stack, as on this machine or after
 * it was destroyed, they are found by how CloudFormation names resources: the stack's name, the template's, a random end.
 */

export type Table = { readonly client: DynamoDBClient; readonly tableName: string };
export type DeadLetterQueueName = 'transitionDeadLetters' | 'sweepDeadLetters';

export async function openTable(target: Target): Promise<Table> {
  const client = createDynamo(target);
  if (target.table !== undefined) return { client, tableName: target.table };
  const output = await outputOf(target, stackOutputs.table);
  if (output !== undefined) return { client, tableName: output };
  const found: string[] = [];
  for await (const { TableNames = [] } of paginateListTables({ client }, {})) found.push(...TableNames);
  return { client, tableName: theOne({ kind: 'table', name: 'SnapshotTable', option: '--table' }, found, target) };
}

/** A client whose requests throw `UsageError` when their table does not exist: a wrong name, or a wrong region. */
function createDynamo(target: Target): DynamoDBClient {
  const client = new DynamoDBClient(clientConfigOf(target));
  client.middlewareStack.add((next) => async (request) => {
    try {
      return await next(request);
    } catch (error) {
      if (!(error instanceof ResourceNotFoundException && 'TableName' in request.input)) throw error;
      throw new UsageError(`There is no table ${request.input.TableName} here: check its name, and --region`);
    }
  });
  return client;
}

/** The API's base URL. */
export async function findApi(target: Target): Promise<string> {
  const url = await outputOf(target, stackOutputs.url);
  if (url === undefined) throw new UsageError('Give --url: there is no such stack, or it has no API');
  return url;
}

/** The name or ARN of the event bus that the stack publishes to. */
export async function findBus(target: Target, { tableName }: Table): Promise<string> {
  const output = await outputOf(target, stackOutputs.transitionBus);
  // Without a stack: the bus has its name.
  const bus = stackOfTable(tableName);
  if ((output ?? bus) === undefined) throw new UsageError('Give --bus: the name of the table does not imply it');
  return output ?? bus ?? '';
}

/** The name of the stack that made a table: the table's begins with it. `undefined` for a name of another kind. */
export function stackOfTable(tableName = ''): string | undefined {
  return /^(order-state-snapshots-.+)-SnapshotTable/.exec(tableName)?.[1];
}

export function createEvents(target: Target): EventBridgeClient {
  return new EventBridgeClient(clientConfigOf(target));
}

export function createSecrets(target: Target): SecretsManagerClient {
  return new SecretsManagerClient(clientConfigOf(target));
}

/** The name or ARN of an account's secret. */
export async function findSecret(client: SecretsManagerClient, account: string, target: Target): Promise<string> {
  const output = await outputOf(target, exchangeKeyOutput(account));
  if (output !== undefined) return output;
  if (isStack(target)) return secretNameOf(target.stage, account);
  const found: string[] = [];
  for await (const { SecretList = [] } of paginateListSecrets({ client }, {}))
    found.push(...SecretList.flatMap(({ Name = '' }) => (Name.endsWith(`/${account}/exchange-key`) ? [Name] : [])));
  const secret = { kind: 'secret', name: `/${account}/exchange-key`, option: '--secret' };
  return theOne(secret, found, { ...target, stage: undefined });
}

export function createQueues(target: Target): SQSClient {
  return new SQSClient(clientConfigOf(target));
}

/** The URL of one of the stage's dead-letter queues. */
export async function findQueue(client: SQSClient, queue: DeadLetterQueueName, target: Target): Promise<string> {
  const output = await outputOf(target, stackOutputs[queue]);
  if (output !== undefined) return output;
  const found: string[] = [];
  for await (const { QueueUrls = [] } of paginateListQueues({ client }, { MaxResults: 1000 })) found.push(...QueueUrls);
  const named = new Map(found.map((url) => [url.replace(/^.*\//, ''), url]));
  const wanted = { kind: 'queue', name: stackOutputs[queue], option: '--stage' };
  return named.get(theOne(wanted, [...named.keys()], target)) ?? '';
}

/** The options of every AWS client. */
export function clientConfigOf({ region, endpoint }: Target) {
  return {
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    // The stack on this machine checks no signature, and needs no AWS settings.
    ...(endpoint !== undefined &&
      isLoopback(endpoint) && {
        region: region ?? 'us-east-1',
        credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      }),
    requestHandler: { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
  };
}

/** Whether CloudFormation refused a request because there is no such stack. */
export function isMissingStackError(error: unknown): boolean {
  return error instanceof Error && error.name === 'ValidationError' && /does not exist/.test(error.message);
}

/** What npm start runs has no CloudFormation. */
function isStack(target: Target): target is Target & { readonly stage: string } {
  return target.stage !== undefined && (target.endpoint === undefined || !isLoopback(target.endpoint));
}

/** `undefined` when there is no stack, or when it has no such output. */
async function outputOf(target: Target, output: StackOutput | string): Promise<string | undefined> {
  if (!isStack(target)) return undefined;
  const client = new CloudFormationClient(clientConfigOf(target));
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stackNameOf(target.stage) }));
    return Stacks[0]?.Outputs?.find(({ OutputKey }) => OutputKey === output)?.OutputValue;
  } catch (error) {
    if (isMissingStackError(error)) return undefined;
    throw error;
  }
}

type Wanted = { readonly kind: string; readonly name: string; readonly option: string };

/** The stage's, by its name; at an endpoint the only one of its kind. */
function theOne({ kind, name, option }: Wanted, all: readonly string[], { stage, endpoint }: Target): string {
  const prefix = stage === undefined ? '' : `${stackNameOf(stage)}-`;
  const found = all.filter((each) => (stage === undefined ? each.includes(name) : each.startsWith(`${prefix}${name}`)));
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  const where = endpoint === undefined ? '' : ` at ${endpoint}`;
  const pattern = `${prefix === '' ? '…' : prefix}${name}…`;
  if (only === undefined) throw new Error(`There is no ${kind} ${pattern}${where}: give ${option}, or check --region`);
  throw new Error(`There are ${found.length} ${kind}s ${pattern}${where}, give ${option}: ${found.join(', ')}`);
}
