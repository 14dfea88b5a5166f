import { type AccountTable, isPaused } from '../accounts/table.ts';
import type { Clock } from '../clock.ts';

type UnsweptDeps = { readonly table: Pick<AccountTable, 'readAccount'>; readonly clock: Clock };

export type FindUnsweptAccounts = (accounts: readonly string[]) => Promise<readonly string[]>;

/** A sweep writes its summary every ten seconds and as it ends, and the next one starts within a minute. */
const silentMs = 3 * 60_000;

/** Which of these accounts nobody has swept for three minutes, paused ones excepted. Throws `store_unavailable`. */
export function createFindUnsweptAccounts({ table, clock }: UnsweptDeps): FindUnsweptAccounts {
  return async (accounts) => {
    const unswept = await Promise.all(
      accounts.map(async (account) => {
        const state = await table.readAccount(account);
        const now = clock.now();
        const isSwept = state.summary !== undefined && now - state.summary.at < silentMs;
        return isSwept || isPaused(state, now) ? [] : [account];
      }),
    );
    return unswept.flat();
  };
}
