import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
  ListTablesCommand,
} from '@aws-sdk/client-dynamodb';
import { active, startDynamo } from './emulator/aws/engines.ts';
import { listen } from './emulator/listen.ts';

/** A local DynamoDB with one empty snapshot table, reached by the real SDK. */
export type Engine = {
  readonly client: DynamoDBClient;
  readonly url: string;
  readonly tableName: string;
  readonly stop: () => Promise<void>;
};

/** The table as the stack has it: `test/cdk/order-state-stack.test.ts` holds the template to this. */
export const snapshotTable = {
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
    { AttributeName: 'list', AttributeType: 'S' },
    { AttributeName: 'list_at', AttributeType: 'N' },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'lists',
      KeySchema: [
        { AttributeName: 'list', KeyType: 'HASH' },
        { AttributeName: 'list_at', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
} satisfies Omit<CreateTableCommandInput, 'TableName'>;

/** A table in the DynamoDB of the run, or, when it must have a certain name, in a separate one. */
export async function startDynalite(tableName?: string): Promise<Engine> {
  const shared = process.env['SHARED_DYNAMO_URL'];
  if (tableName === undefined && shared !== undefined)
    return withTable(shared, `snapshots-${randomUUID()}`, async () => {});
  const { url, stop } = await startDynamo(undefined);
  return withTable(url, tableName ?? 'snapshots', stop);
}

const dynoxide = fileURLToPath(new URL('../node_modules/@dynoxide/linux-x64/dynoxide', import.meta.url));

/** The second engine is a binary, published for one platform. */
const hasDynoxide = existsSync(dynoxide);

async function startDynoxide(): Promise<Engine> {
  const port = await freePort();
  const child = spawn(dynoxide, ['serve', '--port', String(port)], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  await responding(url, child);
  return withTable(url, 'snapshots', async () => {
    const exited = once(child, 'exit');
    child.kill();
    await exited;
  });
}

/** What the contracts of the tables are tested on. */
export const engines = [
  { name: 'dynalite', start: startDynalite, present: true },
  { name: 'dynoxide', start: startDynoxide, present: hasDynoxide },
] as const;

async function withTable(url: string, tableName: string, stopEngine: () => Promise<void>): Promise<Engine> {
  const client = clientOf(url);
  await client.send(new CreateTableCommand({ TableName: tableName, ...snapshotTable }));
  await active(client, tableName);
  const stop = async () => {
    client.destroy();
    await stopEngine();
  };
  return { client, url, tableName, stop };
}

function clientOf(endpoint: string): DynamoDBClient {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  return new DynamoDBClient({ endpoint, region: 'eu-central-1', credentials, maxAttempts: 1 });
}

async function freePort(): Promise<number> {
  const probe = createServer();
  const { port } = await listen(probe, 0);
  probe.close();
  await once(probe, 'close');
  return port;
}

/** Waits for the process's first response; its end is a failure, and so is a minute without either. */
async function responding(url: string, child: ChildProcess): Promise<void> {
  const client = clientOf(url);
  const until = Date.now() + 60_000;
  for (;;) {
    try {
      await client.send(new ListTablesCommand({}));
      client.destroy();
      return;
    } catch (error) {
      if (child.exitCode !== null || Date.now() > until) throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
