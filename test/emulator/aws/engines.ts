import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import dynalite from 'dynalite';
import { listen, unlisten } from '../listen.ts';
import type { LocalTable } from './assembly.ts';
import { DataFolderError } from './data-folder.ts';
import type { SecretsManager } from './secrets-manager/server.ts';

/** An engine that the functions reach over loopback, through the real AWS SDK. */
export type Engine = { readonly url: string; readonly stop: () => Promise<void> };

/** How this machine's own SDK clients reach an engine. */
export const access = {
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  // The engine is on this machine: what it refuses once, it refuses again.
  maxAttempts: 1,
};

/**
 * Starts DynamoDB: in memory, or in a folder that keeps it between runs. Once the folder cannot be written, as when the
 * disk is full, requests end without a response and `unwritable` is called with the system's reason.
 */
export async function startDynamo(
  folder: string | undefined,
  unwritable: (reason: string) => void = () => undefined,
): Promise<Engine> {
  const server = dynalite({ createTableMs: 0, ...(folder === undefined ? {} : { path: folder }) });
  // Clients are on this machine, and must not find an idle connection closed under a request.
  server.keepAliveTimeout = 0;
  const fail = (reason: string) => {
    server.closeAllConnections();
    unwritable(reason);
  };
  running.add(fail);
  if (!process.listeners('uncaughtException').includes(onException)) {
    process.on('uncaughtException', onException);
  }
  const { port } = await listen(server, 0);
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      running.delete(fail);
      stopped = true;
      await unlisten(server);
    },
  };
}

/** What the engines of this process do when their store fails. */
const running = new Set<(reason: string) => void>();
/** An engine was stopped: requests whose client has gone may still want to write to it, and nobody waits for them. */
let stopped = false;

/** dynalite throws a store's failure where nobody can catch it, and leaves the request open. */
function onException(error: unknown): void {
  const isClosed = error instanceof Error && error.message === 'Database is closed';
  if (isClosed && stopped) return;
  // What it also says when the store did not open: it drops the cause.
  const reason = isClosed ? 'its table does not open' : ioFailure(error);
  if (reason === undefined) throw error;
  for (const fail of running) fail(reason);
}

function ioFailure(error: unknown): string | undefined {
  if (!(error instanceof Error && 'code' in error && error.code === 'LEVEL_IO_ERROR')) return undefined;
  return error.message.replace(/^.*: /, '');
}

/** Makes the tables of the template that are not there yet; kept ones must have the same keys. */
export async function createTables(url: string, region: string, tables: readonly LocalTable[]): Promise<void> {
  const client = new DynamoDBClient({ ...access, endpoint: url, region });
  await Promise.all(tables.map((table) => createTable(client, table)));
  client.destroy();
}

async function createTable(client: DynamoDBClient, table: LocalTable): Promise<void> {
  try {
    await client.send(new CreateTableCommand(table));
    await active(client, table.TableName);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ResourceInUseException') throw error;
    const kept = (await client.send(new DescribeTableCommand({ TableName: table.TableName }))).Table;
    if (keysOf(kept ?? {}) !== keysOf(table)) {
      throw new DataFolderError('has a table of another version of this stack: choose another folder');
    }
  }
}

/** Ends when the table takes requests: until then, which is moments here, requests find no table. */
export async function active(client: DynamoDBClient, TableName: string | undefined): Promise<void> {
  const isActive = async () =>
    (await client.send(new DescribeTableCommand({ TableName }))).Table?.TableStatus === 'ACTIVE';
  while (!(await isActive()));
}

function keysOf({ KeySchema, GlobalSecondaryIndexes }: TableDescription): string {
  return JSON.stringify([KeySchema, GlobalSecondaryIndexes?.map(({ IndexName, KeySchema }) => [IndexName, KeySchema])]);
}

/** Creates the template's secrets, as a deployment would, and puts an exchange key into each, as an operator would. */
export async function fillSecrets(
  manager: SecretsManager,
  region: string,
  names: readonly string[],
  key: { readonly clientId: string; readonly clientSecret: string },
): Promise<void> {
  const client = new SecretsManagerClient({ ...access, endpoint: manager.url, region });
  const SecretString = JSON.stringify({ client_id: key.clientId, client_secret: key.clientSecret });
  for (const name of names) manager.create(name);
  await Promise.all(names.map((SecretId) => client.send(new PutSecretValueCommand({ SecretId, SecretString }))));
  client.destroy();
}
