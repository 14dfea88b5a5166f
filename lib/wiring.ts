import { randomUUID } from 'node:crypto';
import type { Logger } from '@aws-lambda-powertools/logger';
import { createAwsClients, type Environment } from './aws.ts';
import { type Account, type CheckOrder, createCheckOrder } from './check-order.ts';
import type { Clock } from './clock.ts';
import { createCredentials } from './credentials.ts';
import { Failure } from './errors.ts';
import { createExchange } from './exchange/client.ts';
import { dialects } from './exchange/dialects.ts';
import { createRetryBudget } from './exchange/retry.ts';
import { createHttpTransport, type Transport } from './exchange/transport.ts';
import { createDynamoTable } from './snapshots/dynamo-table.ts';
import { createSnapshotStore, type SnapshotStore } from './snapshots/store.ts';
import type { CheckPolicy } from './snapshots/watch.ts';
import type { Stage } from './stage.ts';

export type WiringDeps = {
  readonly stage: Stage;
  readonly env: Environment;
  readonly clock: Clock;
  readonly logger: Logger;
};

export type Wiring = {
  readonly checkOrder: CheckOrder;
  /** Does in INIT, where a whole CPU is free, what the first request would wait for. Never throws, takes 2 s at most. */
  readonly warmUp: () => Promise<void>;
};

const warmUpMs = 2_000;

/** Everything that asks the exchange, put together as on Lambda. Throws when the environment lacks `TABLE_NAME`. */
export function wire({ stage, env, clock, logger }: WiringDeps): Wiring {
  const tableName = env['TABLE_NAME'];
  if (tableName === undefined) throw new Failure('internal', 'TABLE_NAME is not set.');
  const { dynamodb, secretsManager } = createAwsClients(env);
  const transport = timed(createHttpTransport({ clock }), clock, logger);
  const retryBudget = createRetryBudget();

  const accounts = new Map<string, Account>(
    Object.entries(stage.accounts).map(([name, { dialect: dialectName, url, secretName }]) => {
      const dialect = dialects[dialectName];
      const credentials = createCredentials({ client: secretsManager, secretName, clock });
      const onWarning = (sentence: string) => logger.warn(sentence, { account: name });
      const ports = { transport, credentials, clock, random: Math.random, nonce: randomUUID, retryBudget, onWarning };
      return [name, { dialect, exchange: createExchange({ dialect, url, ...ports }) }];
    }),
  );
  const store = createSnapshotStore(createDynamoTable({ client: dynamodb, tableName, policyOf: policyOf(stage) }));

  return {
    checkOrder: createCheckOrder({ accounts, store, clock }),
    warmUp: () => warmUp([...accounts.values()], store, clock),
  };
}

function policyOf({ accounts }: Stage): (account: string) => CheckPolicy {
  return (name) => {
    const account = accounts[name];
    if (account === undefined) throw new Failure('unknown_account', `There is no account ${name} here.`);
    return { minMs: account.minCheckSeconds * 1000, maxMs: account.maxCheckSeconds * 1000 };
  };
}

/** How long the exchange took goes into every line that this request logs from then on. */
function timed(transport: Transport, clock: Clock, logger: Logger): Transport {
  return async (request) => {
    const askedAt = clock.now();
    try {
      return await transport(request);
    } finally {
      logger.appendKeys({ exchange_ms: clock.now() - askedAt });
    }
  };
}

/** The table's connection always; key, token and connection of the exchange where there is only one it could be. */
async function warmUp(accounts: readonly Account[], store: SnapshotStore, clock: Clock): Promise<void> {
  const [only, ...others] = accounts;
  const tasks = [
    store.read({ account: '', orderId: '' }),
    ...(only !== undefined && others.length === 0 ? [only.exchange.warmUp(clock.now() + warmUpMs)] : []),
  ];
  await Promise.race([Promise.allSettled(tasks), clock.sleep(warmUpMs)]);
}
