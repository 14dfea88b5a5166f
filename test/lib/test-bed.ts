import { DeleteItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { withDefaults } from '../../cdk/account-defaults.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Item } from '../../lib/dynamo.ts';
import type { DialectName } from '../../lib/exchange/dialects/index.ts';
import type { Stage } from '../../lib/stage/stage.ts';
import type { SecretsManager } from '../emulator/aws/secrets-manager/server.ts';
import type { Key } from '../emulator/exchange/auth.ts';
import { defaultKey, type Exchange, startExchange } from '../emulator/exchange/server.ts';
import type { Engine } from '../engines.ts';
import { startLocalAws } from '../local-aws.ts';

/** All that the code talks to, on loopback, and a stage and an environment that lead there. */
export type TestBed = {
  /** The exchange of account `main`. */
  readonly orangex: Exchange;
  /** The exchange of account `other`. */
  readonly deribit: Exchange;
  readonly secrets: SecretsManager;
  readonly secretNames: { readonly main: string; readonly other: string };
  readonly engine: Engine;
  readonly stage: Stage;
  readonly env: Readonly<Record<string, string>>;
  /** What the table holds of an order. */
  readonly itemsOf: (orderId: string, account?: string) => Promise<readonly Item[]>;
  /** How many snapshots that is. */
  readonly historyOf: (orderId: string, account?: string) => Promise<readonly Item[]>;
  readonly watchOf: (orderId: string, account?: string) => Promise<Item | undefined>;
  /** Forgets what the accounts have spent of the exchanges' limits, and that an exchange throttled them. */
  readonly resetRateLimits: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

export type TestBedOptions = {
  readonly now?: Clock['now'];
  readonly key?: Key;
  /** Whether sweeps list the accounts, each second. Default: they check single orders only. */
  readonly lists?: boolean;
};

const secretNames = {
  main: 'order-state-snapshots/test/main/exchange-key',
  other: 'order-state-snapshots/test/other/exchange-key',
};

export async function startTestBed(options: TestBedOptions = {}): Promise<TestBed> {
  const { now = Date.now, key = defaultKey, lists = false } = options;
  const [orangex, deribit, aws] = await Promise.all([
    startExchange({ dialect: 'orangex', now, keys: [key] }),
    startExchange({ dialect: 'deribit', now, keys: [key] }),
    startLocalAws(),
  ]);
  const { secrets, engine } = aws;
  for (const name of Object.values(secretNames)) secrets.create(name, secretText(key));

  // More than there is: these tests are about other things than the rate limit.
  const settings = { shareOfRate: 1_000, lists, minListSeconds: 1, maxListSeconds: 1 };
  const defaults = (dialect: DialectName) => ({ dialect, ...withDefaults({ dialect, ...settings }) });
  const itemsOf = async (orderId: string, account = 'main'): Promise<readonly Item[]> => {
    const { Items = [] } = await engine.client.send(
      new QueryCommand({
        TableName: engine.tableName,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: `${account}#${orderId}` } },
        ConsistentRead: true,
      }),
    );
    return Items;
  };
  return {
    orangex,
    deribit,
    secrets,
    secretNames,
    engine,
    stage: {
      name: 'test',
      auth: { kind: 'iam' },
      accounts: {
        main: { ...defaults('orangex'), url: orangex.url, secretName: secretNames.main },
        other: { ...defaults('deribit'), url: deribit.url, secretName: secretNames.other },
      },
    },
    env: {
      TABLE_NAME: engine.tableName,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL_DYNAMODB: engine.url,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
    },
    itemsOf,
    historyOf: async (orderId, account) =>
      (await itemsOf(orderId, account)).filter(({ sk }) => sk?.S?.startsWith('S#')),
    watchOf: async (orderId, account) => (await itemsOf(orderId, account)).find(({ sk }) => sk?.S === 'NOW#WATCH'),
    resetRateLimits: async () => {
      for (const account of ['main', 'other']) {
        const Key = { pk: { S: account }, sk: { S: 'ACCOUNT' } };
        await engine.client.send(new DeleteItemCommand({ TableName: engine.tableName, Key }));
      }
    },
    stop: async () => {
      await Promise.all([orangex.stop(), deribit.stop(), aws.stop()]);
    },
  };
}

export function secretText({ clientId, clientSecret }: Key): string {
  return JSON.stringify({ client_id: clientId, client_secret: clientSecret });
}
