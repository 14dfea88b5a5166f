import type { Environment } from '../aws.ts';
import type { Clock } from '../clock.ts';
import { dialects } from '../exchange/dialects/index.ts';
import { rateLimitsOf } from '../exchange/rate-limiter.ts';
import { createListAccounts, type ListAccounts } from '../orders/list-accounts.ts';
import type { Stage } from '../stage.ts';
import { wireAccountReader } from './table-reader.ts';
import { settled } from './warm-up.ts';

type Deps = { readonly stage: Stage; readonly env: Environment; readonly clock: Clock };

/** Accounts at a glance: it reads their items only. */
export function wireListAccounts({ stage, env, clock }: Deps): {
  readonly accounts: ListAccounts;
  readonly warmUp: () => Promise<void>;
} {
  const table = wireAccountReader({ env });
  const accounts = new Map(
    Object.entries(stage.accounts).map(([account, { dialect, lists = true, shareOfRate }]) => {
      return [account, { dialect, lists, limits: rateLimitsOf(dialects[dialect].limit, shareOfRate) }] as const;
    }),
  );
  return {
    accounts: createListAccounts({ accounts, table, clock }),
    warmUp: () => settled([table.readAccount('')], clock),
  };
}
