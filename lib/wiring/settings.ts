import type { Environment } from '../aws/clients.ts';
import { Failure } from '../errors.ts';
import { accountNamed } from '../orders/known-accounts.ts';
import type { CheckPolicy } from '../snapshots/due.ts';
import type { Stage, StageAccount } from '../stage/stage.ts';
import type { ListPolicy } from '../sweep/pace.ts';

/** The snapshot table's name. Throws `internal` when the environment lacks `TABLE_NAME`. */
export function tableNameIn(env: Environment): string {
  const tableName = env['TABLE_NAME'];
  if (!tableName) throw new Failure('internal', 'TABLE_NAME is not set.');
  return tableName;
}

export function accountsIn({ accounts }: Stage): ReadonlySet<string> {
  return new Set(Object.keys(accounts));
}

/** The settings of each account. The function throws `unknown_account`. */
export function settingsIn({ accounts }: Stage): (account: string) => StageAccount {
  const settings = new Map(Object.entries(accounts));
  return (account) => accountNamed(settings, account);
}

/** How often an account's orders are checked. */
export function checkPolicyOf({ minCheckSeconds, maxCheckSeconds }: StageAccount): CheckPolicy {
  return { minMs: minCheckSeconds * 1000, maxMs: maxCheckSeconds * 1000 };
}

/** How often an account's open orders are listed. */
export function listPolicyOf({ minListSeconds, maxListSeconds }: StageAccount): ListPolicy {
  return { minMs: minListSeconds * 1000, maxMs: maxListSeconds * 1000 };
}
