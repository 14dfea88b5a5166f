import { type AccountState, type AccountTable, isPaused } from '../accounts/table.ts';
import type { Clock } from '../clock.ts';
import { type DialectName, dialects } from '../exchange/dialects/index.ts';
import { type RateLimits, rateLimitsOf } from '../exchange/rate-limiter.ts';
import type { StageAccount } from '../stage/stage.ts';
import { accountNamed } from './known-accounts.ts';

/** An account as its stage sets it. */
type AccountSettings = {
  readonly dialect: DialectName;
  /** Whether its open orders are listed. */
  readonly lists: boolean;
  readonly limits: RateLimits;
};

type ListAccountsDeps = {
  readonly accounts: ReadonlyMap<string, AccountSettings>;
  readonly table: Pick<AccountTable, 'readAccount'>;
  readonly clock: Pick<Clock, 'now'>;
};

/** What we know of an account as a whole; times are milliseconds since the Unix epoch. */
export type AccountOverview = {
  readonly account: string;
  readonly dialect: DialectName;
  readonly lists: boolean;
  readonly state: AccountState;
  /** How much of our share's burst is in use now, 0 to 1; above 1 after the exchange throttled a call. */
  readonly rateLimitUsed: number;
  readonly paused: boolean;
};

export type ListAccounts = {
  /** All accounts of the stage that the caller may see, by name. */
  readonly all: (mayRead: (account: string) => boolean) => Promise<readonly AccountOverview[]>;
  /** Throws `unknown_account`. */
  readonly one: (account: string) => Promise<AccountOverview>;
};

/** Accounts at a glance, from their items in the table. Throws `store_unavailable`. */
export function createListAccounts({ accounts, table, clock }: ListAccountsDeps): ListAccounts {
  const one: ListAccounts['one'] = async (account) => {
    const { dialect, lists, limits } = accountNamed(accounts, account);
    const state = await table.readAccount(account);
    const now = clock.now();
    const burstMs = limits.burst.interactive * limits.msPerPermit;
    const rateLimitUsed = Math.max(0, state.tat - now) / burstMs;
    return { account, dialect, lists, state, rateLimitUsed, paused: isPaused(state, now) };
  };
  return {
    one,
    all: (mayRead) => Promise.all([...accounts.keys()].filter(mayRead).sort().map(one)),
  };
}

/** What an overview of accounts needs of their settings. */
export function accountSettings(
  accounts: Readonly<Record<string, Pick<StageAccount, 'dialect' | 'lists' | 'shareOfRate'>>>,
): ReadonlyMap<string, AccountSettings> {
  return new Map(
    Object.entries(accounts).map(([account, { dialect, lists, shareOfRate }]) => {
      return [account, { dialect, lists, limits: rateLimitsOf(dialects[dialect].limit, shareOfRate) }] as const;
    }),
  );
}
