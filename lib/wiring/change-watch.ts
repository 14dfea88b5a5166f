import { createDynamoWatchRequests } from '../accounts/dynamo-watch-requests.ts';
import { createDynamoClient, type Environment } from '../aws/clients.ts';
import type { Clock } from '../clock.ts';
import { type ChangeWatch, createChangeWatch } from '../orders/change-watch.ts';
import { createDynamoWatchCommandTable } from '../snapshots/dynamo-watch-command-table.ts';
import type { Stage } from '../stage/stage.ts';
import { accountsIn, checkPolicyOf, settingsIn, tableNameIn } from './settings.ts';

/** Starting and stopping a watch: it writes the table, and needs neither key nor exchange. */
export function wireChangeWatch(deps: {
  readonly stage: Stage;
  readonly env: Environment;
  readonly clock: Clock;
}): ChangeWatch {
  const { stage, env, clock } = deps;
  const binding = { client: createDynamoClient(env), tableName: tableNameIn(env) };
  const settingsOf = settingsIn(stage);
  const policyOf = (account: string) => checkPolicyOf(settingsOf(account));
  return createChangeWatch({
    accounts: accountsIn(stage),
    table: createDynamoWatchCommandTable({ ...binding, policyOf }),
    requests: createDynamoWatchRequests(binding),
    clock,
  });
}
