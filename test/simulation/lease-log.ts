import type { AccountListing, AccountTable } from '../../lib/accounts/table.ts';

/** How much of the time somebody had the account, so that its orders were looked after. */
type LeaseLog = {
  readonly table: AccountTable;
  /** The part of the time between the two, in [0, 1]. */
  readonly heldPart: (from: number, to: number) => number;
};

export function createLeaseLog(
  table: AccountTable,
  now: () => number,
  onListed: (list: AccountListing) => void,
): LeaseLog {
  let heldMs = 0;
  let current: { readonly owner: string; readonly since: number; readonly until: number } | undefined;

  const settle = (at: number): void => {
    if (current === undefined) return;
    const end = Math.min(at, current.until);
    heldMs += Math.max(0, end - current.since);
    current = end < current.until ? { ...current, since: end } : undefined;
  };
  return {
    table: {
      ...table,
      takeLease: async (account, lease) => {
        const taken = await table.takeLease(account, lease);
        settle(now());
        if (taken) current = { owner: lease.owner, since: now(), until: now() + (lease.until - lease.now) };
        return taken;
      },
      renewLease: async (account, lease, progress) => {
        const renewed = await table.renewLease(account, lease, progress);
        settle(now());
        if (renewed) current = { owner: lease.owner, since: now(), until: lease.until };
        if (renewed && progress?.listed !== undefined) onListed(progress.listed);
        return renewed;
      },
      releaseLease: async (account, owner, progress) => {
        await table.releaseLease(account, owner, progress);
        settle(now());
        if (current?.owner === owner) current = undefined;
      },
    },
    heldPart: (from, to) => {
      settle(to);
      return heldMs / (to - from);
    },
  };
}
