import { createGuardAccounts, type GuardAccounts } from '../account-guard/guard-accounts.ts';
import type { Environment } from '../aws/clients.ts';
import type { Clock } from '../clock.ts';
import { wireReader } from './table-reader.ts';

/** Protects accounts with watched orders from being removed: it reads the index only. */
export function wireGuardAccounts(deps: { readonly env: Environment; readonly clock: Clock }): GuardAccounts {
  return createGuardAccounts(wireReader(deps));
}
