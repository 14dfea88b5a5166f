import type { AccountState, AccountTable, WatchRequests } from '../../../lib/accounts/table.ts';

/** The accounts' items without DynamoDB, held to the engines by the contract suite. */
export function createMemoryAccountTable(): AccountTable & WatchRequests {
  const accounts = new Map<string, AccountState>();
  const kept = (account: string): AccountState => accounts.get(account) ?? { tat: 0 };
  const keep = (account: string, changes: Partial<AccountState>): AccountState => {
    const state = { ...kept(account), ...changes };
    accounts.set(account, state);
    return state;
  };

  return {
    readAccount: async (account) => kept(account),
    advanceTat: async (account, { from, to, byMs }) => {
      const { tat } = kept(account);
      if (tat === 0 || tat < from || tat > to) return undefined;
      keep(account, { tat: tat + byMs });
      return tat + byMs;
    },
    raiseTat: async (account, { below, to }) => {
      const { tat } = kept(account);
      if (tat >= below) return false;
      keep(account, { tat: to });
      return true;
    },
    takeLease: async (account, { owner, until, now }) => {
      const { lease } = kept(account);
      if (lease !== undefined && lease.owner !== owner && lease.until > now) return undefined;
      return keep(account, { lease: { owner, until } });
    },
    renewLease: async (account, { owner, until }, { listed, listTrust, summary } = {}) => {
      const { lease, listed: before } = kept(account);
      if (lease?.owner !== owner) return undefined;
      if (listed !== undefined && before !== undefined && before.at > listed.at) return undefined;
      return keep(account, {
        lease: { owner, until },
        ...(listed !== undefined && { listed }),
        ...(listTrust !== undefined && { listTrust }),
        ...(summary !== undefined && { summary }),
      });
    },
    requestHandover: async (account, owner) => {
      keep(account, { handoverRequestedBy: owner });
    },
    releaseLease: async (account, owner, { listed, listTrust, summary } = {}) => {
      const { lease, ...rest } = kept(account);
      if (lease?.owner !== owner) return;
      accounts.set(account, {
        ...rest,
        ...(listed !== undefined && { listed }),
        ...(listTrust !== undefined && { listTrust }),
        ...(summary !== undefined && { summary }),
      });
    },
    recordWatchRequest: async (account) => kept(account).summary,
    setPause: async (account, pause) => {
      const { pause: there } = kept(account);
      if (there !== undefined && there.at >= pause.at) return false;
      keep(account, { pause });
      return true;
    },
  };
}
