import { randomUUID } from 'node:crypto';
import { createDynamoAccountTable } from '../accounts/dynamo-table.ts';
import type { AccountTable } from '../accounts/table.ts';
import { createDynamoClient, createSecretsManagerClient, type Environment } from '../aws/clients.ts';
import type { Clock } from '../clock.ts';
import { createAccountTransports } from '../exchange/account-transport.ts';
import type { Credentials } from '../exchange/auth.ts';
import type { CallDeps } from '../exchange/calls.ts';
import { createExchange, type Exchange } from '../exchange/client.ts';
import { createCredentials, type KeyFallback } from '../exchange/credentials.ts';
import { dialects } from '../exchange/dialects/index.ts';
import { createRateLimiter, type Priority, rateLimitsOf } from '../exchange/rate-limiter.ts';
import { createRetryBudget } from '../exchange/retry.ts';
import { createHttpTransport, type Transport } from '../exchange/transport.ts';
import type { Logger } from '../log.ts';
import { type Account, type CheckOrder, createCheckOrder } from '../orders/check-order.ts';
import type { CheckResult } from '../orders/check-result.ts';
import { createReadLatestList } from '../orders/freshness.ts';
import { createRememberedChecks } from '../orders/remembered-checks.ts';
import { createDynamoTable } from '../snapshots/dynamo-table.ts';
import { createSnapshotStore, type SnapshotStore } from '../snapshots/store.ts';
import type { SnapshotTable } from '../snapshots/table.ts';
import type { Stage } from '../stage/stage.ts';
import { rehearseCheck } from './rehearsal.ts';
import { checkPolicyOf, settingsIn, tableNameIn } from './settings.ts';
import { maxWarmUpMs, nonexistentOrder, settleWhileWarmingUp } from './warm-up.ts';

export type OrderChecksDeps = {
  readonly stage: Stage;
  readonly env: Environment;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whose share of the rate limit the checks spend. */
  readonly priority: Priority;
  /** Called each time that a previous key is chosen, because the current one does not work; it is logged already. */
  readonly onPreviousKey?: () => void;
  /** Makes the exchange of an account. Default: one that knows single orders only. */
  readonly connect?: (deps: CallDeps, account: string) => Exchange;
};

export type OrderChecks = {
  readonly accounts: ReadonlyMap<string, Account>;
  readonly checkOrder: CheckOrder;
  readonly snapshotTable: SnapshotTable;
  readonly store: SnapshotStore;
  readonly accountTable: AccountTable;
  readonly onDrift: (account: string, drift: readonly string[]) => void;
  /**
   * Does in INIT, where a whole CPU is free, what the first request would wait for. `present` makes a response of what was
   * checked. Never throws, takes 2 s at most.
   */
  readonly warmUp: (present?: (checked: CheckResult) => unknown) => Promise<void>;
};

/** Checks of single orders, with key, exchange and table. Throws when the environment lacks `TABLE_NAME`. */
export function createOrderChecks(deps: OrderChecksDeps): OrderChecks {
  const { stage, env, clock, logger, priority, connect = (calls: CallDeps) => createExchange(calls) } = deps;
  const client = createDynamoClient(env);
  const tableName = tableNameIn(env);
  const settingsOf = settingsIn(stage);
  const snapshotTable = createDynamoTable({
    client,
    tableName,
    policyOf: (account) => checkPolicyOf(settingsOf(account)),
    historyDaysOf: (account) => settingsOf(account).historyDays,
  });
  const accountTable = createDynamoAccountTable({ client, tableName });
  const secretsManager = createSecretsManagerClient(env);
  const transport = timed(createHttpTransport({ clock }), clock, logger);
  const createTransport = createAccountTransports(transport, clock, Object.keys(stage.accounts).length);
  const reported = fallbackReports(deps);
  const keys: Credentials[] = [];

  const accounts = new Map<string, Account>(
    Object.entries(stage.accounts).map(([account, settings]) => {
      const { url, secretName, shareOfRate } = settings;
      const dialect = { ...dialects[settings.dialect], retentionMs: settings.keepsClosedOrdersSeconds * 1_000 };
      const limits = rateLimitsOf(dialect.limit, shareOfRate);
      const onFallback = reported(account);
      const credentials = createCredentials({ client: secretsManager, secretName, clock, onFallback });
      keys.push(credentials);
      const calls = {
        dialect,
        url,
        transport: createTransport(),
        credentials,
        rateLimiter: createRateLimiter({ table: accountTable, account, priority, limits, clock }),
        clock,
        random: Math.random,
        nonce: randomUUID,
        retryBudget: createRetryBudget(),
        onWarning: (sentence: string) => logger.warn(sentence, { account }),
      };
      return [account, { dialect, exchange: connect(calls, account) }];
    }),
  );
  const store = createSnapshotStore(snapshotTable);
  const onDrift = loggedOnce(logger);
  const readLatestList = createReadLatestList(accountTable, clock);
  const checkOrder = createCheckOrder({ accounts, store, readLatestList, clock, onDrift });
  return {
    accounts,
    // A sweep keeps its own orders in memory.
    checkOrder: priority === 'interactive' ? createRememberedChecks(checkOrder, clock) : checkOrder,
    snapshotTable,
    store,
    accountTable,
    onDrift,
    warmUp: (present) => warmUp({ accounts: [...accounts.values()], keys, store, clock }, present),
  };
}

/** Names the code of what is wrong with the current key, and nothing of either key. */
function fallbackReports({ logger, onPreviousKey }: OrderChecksDeps) {
  return (account: string) =>
    ({ code, until }: KeyFallback): void => {
      logger.error('previous key used', { account, code, until: new Date(until).toISOString() });
      onPreviousKey?.();
    };
}

/** A process logs this many kinds of drift and no more. */
const maxDriftLines = 100;

/** Logs each kind of drift once per account and process, not once per reply. */
function loggedOnce(logger: Logger): (account: string, drift: readonly string[]) => void {
  const logged = new Set<string>();
  return (account, drift) => {
    for (const kind of drift) {
      if (logged.has(`${account} ${kind}`) || logged.size >= maxDriftLines) continue;
      logged.add(`${account} ${kind}`);
      logger.warn('drift', { account, drift: kind });
    }
  };
}

/** Adds the duration of the exchange's latest reply to all log lines of the request. */
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

/** More keys than this are not fetched ahead: most of them would not be used. */
const maxKeys = 10;

type WarmUpDeps = {
  readonly accounts: readonly Account[];
  readonly keys: readonly Credentials[];
  readonly store: SnapshotStore;
  readonly clock: Clock;
};

/**
 * The table's connection, and key, token and connection of the first account's exchange. Of the other accounts only the
 * keys: a token takes a permit of an account that this process may never call.
 */
async function warmUp(
  { accounts: [first], keys: [, ...otherKeys], store, clock }: WarmUpDeps,
  present: (checked: CheckResult) => unknown = () => {},
): Promise<void> {
  const deadline = clock.now() + maxWarmUpMs;
  const exchange = first === undefined ? [] : [first.exchange.warmUp(deadline)];
  const fetched = otherKeys.slice(0, maxKeys).map((key) => key.get(deadline));
  const rehearsed = first && rehearseCheck(first.dialect.name, clock).then((checked) => checked.map(present));
  await settleWhileWarmingUp(
    [store.read(nonexistentOrder), ...exchange, ...fetched, Promise.resolve(rehearsed)],
    clock,
  );
}
