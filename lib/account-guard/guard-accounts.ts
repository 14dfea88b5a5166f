import type { SnapshotReader } from '../snapshots/reader.ts';

type GuardAccountsDeps = { readonly list: SnapshotReader['list'] };

/** Returns why the accounts of a stage must not change in this way, or undefined if they may. */
export type GuardAccounts = (before: readonly string[], after: readonly string[]) => Promise<string | undefined>;

/** CloudFormation accepts 4,096 bytes as the response of a custom resource; a name and an order id are 96 at most. */
const maxNamed = 10;

/**
 * An account may leave its stage only when none of its orders is watched: its schedule goes with it, and an order that
 * is not checked closes unseen. Renaming an account removes it.
 */
export function createGuardAccounts({ list }: GuardAccountsDeps): GuardAccounts {
  return async (before, after) => {
    const leaving = before.filter((account) => !after.includes(account));
    const watched: string[] = [];
    for (const account of leaving) {
      const lists = await Promise.all([list(account, 'live', { limit: 1 }), list(account, 'attention', { limit: 1 })]);
      const [open] = lists.flatMap(({ rows }) => rows);
      if (open !== undefined) watched.push(`${account} (for instance ${open.orderId})`);
    }
    if (watched.length === 0) return undefined;
    const named = watched.slice(0, maxNamed).join(', ');
    const others = watched.length > maxNamed ? ` and ${watched.length - maxNamed} more` : '';
    return `This deployment removes accounts with watched orders: ${named}${others}. Put them back into the stage table, wait until their orders are final or stop the watches (DELETE .../watch), and deploy again.`;
  };
}
