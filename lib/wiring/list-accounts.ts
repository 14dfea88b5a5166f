import type { Environment } from '../aws/clients.ts';
import type { Clock } from '../clock.ts';
import { accountSettings, createListAccounts, type ListAccounts } from '../orders/list-accounts.ts';
import type { Stage } from '../stage/stage.ts';
import { wireAccountReader } from './table-reader.ts';
import { settleWhileWarmingUp } from './warm-up.ts';

type Deps = { readonly stage: Stage; readonly env: Environment; readonly clock: Clock };

/** Accounts at a glance: it reads their items only. */
export function wireListAccounts({ stage, env, clock }: Deps): {
  readonly accounts: ListAccounts;
  readonly warmUp: () => Promise<void>;
} {
  const table = wireAccountReader({ env });
  return {
    accounts: createListAccounts({ accounts: accountSettings(stage.accounts), table, clock }),
    warmUp: () => settleWhileWarmingUp([table.readAccount('')], clock),
  };
}
