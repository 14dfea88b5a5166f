import { randomUUID } from 'node:crypto';
import type { Logger } from '@aws-lambda-powertools/logger';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createGuardAccounts, type GuardAccounts } from '../account-guard/guard-accounts.ts';
import { createDynamoAccountTable } from '../accounts/dynamo-table.ts';
import { createDynamoWatchRequests } from '../accounts/dynamo-watch-requests.ts';
import { createDynamoClient, createSecretsManagerClient, type Environment } from '../aws.ts';
import type { Clock } from '../clock.ts';
import { Failure } from '../errors.ts';
import { createExchange } from '../exchange/client.ts';
import { createCredentials } from '../exchange/credentials.ts';
import { dialects, retentionMsOf } from '../exchange/dialects/index.ts';
import { capacityOf, createRateLimiter, type Priority, rateLimitsOf } from '../exchange/rate-limiter.ts';
import { createRetryBudget } from '../exchange/retry.ts';
import { createHttpTransport, type Transport } from '../exchange/transport.ts';
import { type ChangeWatch, createChangeWatch } from '../orders/change-watch.ts';
import { type Account, type CheckOrder, createCheckOrder } from '../orders/check-order.ts';
import { accountNamed } from '../orders/known-accounts.ts';
import { createListOrders, type ListOrders } from '../orders/list-orders.ts';
import { createListSnapshots, type ListSnapshots } from '../orders/list-snapshots.ts';
import { createDynamoReader } from '../snapshots/dynamo-reader.ts';
import { createDynamoTable } from '../snapshots/dynamo-table.ts';
import { createDynamoWatchCommandTable } from '../snapshots/dynamo-watch-command-table.ts';
import type { SnapshotReader } from '../snapshots/reader.ts';
import { createSnapshotStore, type SnapshotStore } from '../snapshots/store.ts';
import type { SnapshotTable } from '../snapshots/table.ts';
import type { CheckPolicy } from '../snapshots/watch.ts';
import type { Stage, StageAccount } from '../stage.ts';
import { type CheckOpenOrders, createCheckOpenOrders } from '../sweep/check-open-orders.ts';
import { createSweep } from '../sweep/sweep.ts';

export type WiringDeps = {
  readonly stage: Stage;
  readonly env: Environment;
  readonly clock: Clock;
  readonly logger: Logger;
};

/** Everything that asks the exchange for orders, put together as on Lambda. */
export type OrderChecks = {
  readonly accounts: ReadonlyMap<string, Account>;
  readonly checkOrder: CheckOrder;
  readonly checkOpenOrders: CheckOpenOrders;
  /** Does in INIT, where a whole CPU is free, what the first request would wait for. Never throws, takes 2 s at most. */
  readonly warmUp: () => Promise<void>;
};

const warmUpMs = 2_000;
/** Asked for to warm up: there is none. */
const noOrder = { account: '', orderId: '' };

/** `priority` says who spends the credits: people's door, or the schedule. Throws when the environment lacks `TABLE_NAME`. */
export function createOrderChecks({
  stage,
  env,
  clock,
  logger,
  priority,
}: WiringDeps & { readonly priority: Priority }): OrderChecks {
  const dynamodb = createDynamoClient(env);
  const secretsManager = createSecretsManagerClient(env);
  const snapshots = wireSnapshots(stage, dynamodb, env);
  const accountTable = createDynamoAccountTable({ client: dynamodb, tableName: tableNameIn(env) });
  const transport = timed(createHttpTransport({ clock }), clock, logger);
  const retryBudget = createRetryBudget();

  const accounts = new Map<string, Account>(
    Object.entries(stage.accounts).map(([account, settings]) => {
      const { url, secretName, shareOfRate } = settings;
      const dialect = { ...dialects[settings.dialect], retentionMs: retentionMsOf(settings) };
      const limits = rateLimitsOf(dialect.limit, shareOfRate);
      const exchange = createExchange({
        dialect,
        url,
        transport,
        credentials: createCredentials({ client: secretsManager, secretName, clock }),
        rateLimiter: createRateLimiter({ table: accountTable, account, priority, limits, clock }),
        clock,
        random: Math.random,
        nonce: randomUUID,
        retryBudget,
        onWarning: (sentence) => logger.warn(sentence, { account }),
      });
      return [account, { dialect, exchange }];
    }),
  );
  const store = createSnapshotStore(snapshots);
  const checkOrder = createCheckOrder({ accounts, store, clock, onDrift: eachOnce(logger) });

  return {
    accounts,
    checkOrder,
    checkOpenOrders: createCheckOpenOrders({
      sweep: createSweep({ checkOrder, list: snapshots.list, clock }),
      accounts,
      policyOf: policyOf(stage),
      capacityOf: capacityIn(stage),
      accountTable,
      clock,
      nonce: randomUUID,
    }),
    warmUp: () => warmUp([...accounts.values()], store, clock),
  };
}

/** What a person's word about a watch goes through: the table, to write it, and neither key nor exchange. */
export function wireChangeWatch({ stage, env, clock }: Omit<WiringDeps, 'logger'>): ChangeWatch {
  const binding = { client: createDynamoClient(env), tableName: tableNameIn(env) };
  return createChangeWatch({
    accounts: accountsOf(stage),
    table: createDynamoWatchCommandTable({ ...binding, policyOf: policyOf(stage) }),
    requests: createDynamoWatchRequests(binding),
    clock,
  });
}

/** What only looks at the table, put together as on Lambda; each part by itself, for each may make one kind of request. */
export type Reading<Part> = Part & Pick<OrderChecks, 'warmUp'>;

/** The lists of orders: the index alone. */
export function wireListOrders({ stage, env, clock }: ReadingDeps): Reading<{ readonly listOrders: ListOrders }> {
  const reader = wireReader(env, clock);
  return {
    listOrders: createListOrders({ accounts: accountsOf(stage), reader, clock }),
    warmUp: () => inTime([reader.list('', 'watch', { limit: 1 })], clock),
  };
}

/** The history of orders: the table alone. */
export function wireListSnapshots({
  stage,
  env,
  clock,
}: ReadingDeps): Reading<{ readonly listSnapshots: ListSnapshots }> {
  const reader = wireReader(env, clock);
  return {
    listSnapshots: createListSnapshots({ accounts: accountsOf(stage), reader }),
    warmUp: () => inTime([reader.auditEntries(noOrder, 0, 1)], clock),
  };
}

/** What keeps accounts from leaving the stage while their orders are watched: the index alone. */
export function wireGuardAccounts({ env, clock }: Pick<WiringDeps, 'env' | 'clock'>): GuardAccounts {
  return createGuardAccounts(wireReader(env, clock));
}

type ReadingDeps = Omit<WiringDeps, 'logger'>;

function wireReader(env: Environment, clock: Clock): SnapshotReader {
  return createDynamoReader({ client: createDynamoClient(env), tableName: tableNameIn(env), clock });
}

function accountsOf({ accounts }: Stage): ReadonlySet<string> {
  return new Set(Object.keys(accounts));
}

function wireSnapshots(stage: Stage, client: DynamoDBClient, env: Environment): SnapshotTable {
  return createDynamoTable({
    client,
    tableName: tableNameIn(env),
    policyOf: policyOf(stage),
    historyDaysOf: (account) => accountIn(stage, account).historyDays,
  });
}

function tableNameIn(env: Environment): string {
  const tableName = env['TABLE_NAME'];
  if (!tableName) throw new Failure('internal', 'TABLE_NAME is not set.');
  return tableName;
}

function policyOf(stage: Stage): (account: string) => CheckPolicy {
  return (account) => {
    const { minCheckSeconds, maxCheckSeconds } = accountIn(stage, account);
    return { minMs: minCheckSeconds * 1000, maxMs: maxCheckSeconds * 1000 };
  };
}

function capacityIn(stage: Stage): (account: string) => number {
  return (account) => {
    const { dialect, shareOfRate, maxCheckSeconds } = accountIn(stage, account);
    return capacityOf(rateLimitsOf(dialects[dialect].limit, shareOfRate), maxCheckSeconds * 1000);
  };
}

function accountIn({ accounts }: Stage, name: string): StageAccount {
  return accountNamed(new Map(Object.entries(accounts)), name);
}

/** More kinds of news than this from one process would tell nobody more. */
const maxDriftLines = 100;

/** What is new is logged once for each account and process: a line for a person, not one for every answer. */
function eachOnce(logger: Logger): (account: string, drift: readonly string[]) => void {
  const reported = new Set<string>();
  return (account, drift) => {
    for (const delta of drift) {
      if (reported.has(`${account} ${delta}`) || reported.size >= maxDriftLines) continue;
      reported.add(`${account} ${delta}`);
      logger.warn('drift', { account, drift: delta });
    }
  };
}

/** How long the exchange took goes into every line that this request logs from then on. */
function timed(transport: Transport, clock: Clock, logger: Logger): Transport {
  return async (request) => {
    const requestedAt = clock.now();
    try {
      return await transport(request);
    } finally {
      logger.appendKeys({ exchange_ms: clock.now() - requestedAt });
    }
  };
}

/** The table's connection always; key, token and connection of the exchange where there is only one it could be. */
async function warmUp(accounts: readonly Account[], store: SnapshotStore, clock: Clock): Promise<void> {
  const [only, ...others] = accounts;
  const tasks = [
    store.read(noOrder),
    ...(only !== undefined && others.length === 0 ? [only.exchange.warmUp(clock.now() + warmUpMs)] : []),
  ];
  await inTime(tasks, clock);
}

async function inTime(tasks: readonly Promise<unknown>[], clock: Clock): Promise<void> {
  await Promise.race([Promise.allSettled(tasks), clock.sleep(warmUpMs)]);
}
