import type { SnapshotReader } from '../snapshots/reader.ts';

export type GuardAccountsDeps = { readonly list: SnapshotReader['list'] };

/** Says why the accounts of a stage may not become others, or nothing when they may. */
export type GuardAccounts = (before: readonly string[], after: readonly string[]) => Promise<string | undefined>;

/**
 * An account may leave its stage only when nobody watches an order of it any more: its schedule goes with it, and an
 * order that nobody checks closes unseen. Renaming an account is removing it.
 */
export function createGuardAccounts({ list }: GuardAccountsDeps): GuardAccounts {
  return async (before, after) => {
    const leaving = before.filter((account) => !after.includes(account));
    const watched: string[] = [];
    for (const account of leaving) {
      const lists = await Promise.all([list(account, 'live', { limit: 1 }), list(account, 'attention', { limit: 1 })]);
      const [open] = lists.flatMap(({ rows }) => rows);
      if (open !== undefined) watched.push(`${account} (order ${open.orderId} is one of those)`);
    }
    if (watched.length === 0) return undefined;
    return `Orders are still on watch in what would be removed: account ${watched.join(', account ')}. Put the account back into the stage table, wait until its orders are final or stop their watch (DELETE …/watch), and deploy again.`;
  };
}
