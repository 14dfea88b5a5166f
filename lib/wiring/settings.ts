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

/** Throws `unknown_account`. */
export function accountIn({ accounts }: Stage, name: string): StageAccount {
  return accountNamed(new Map(Object.entries(accounts)), name);
}

/** How often each account's orders are checked. */
export function policyIn(stage: Stage): (account: string) => CheckPolicy {
  return (account) => {
    const { minCheckSeconds, maxCheckSeconds } = accountIn(stage, account);
    return { minMs: minCheckSeconds * 1000, maxMs: maxCheckSeconds * 1000 };
  };
}

/** How often each account's open orders are listed. */
export function listPolicyIn(stage: Stage): (account: string) => ListPolicy {
  return (account) => {
    const { minListSeconds, maxListSeconds } = accountIn(stage, account);
    return { minMs: minListSeconds * 1000, maxMs: maxListSeconds * 1000 };
  };
}
