import type { AccountListing, AccountTable } from '../accounts/table.ts';
import type { Clock } from '../clock.ts';

/** The account's latest complete list, if there was one. */
export type ReadLatestList = (account: string) => Promise<AccountListing | undefined>;

/** A list is at most this much older here than in the table, milliseconds: one read serves a whole batch of orders. */
const keptMs = 1_000;

/** Reads it from the account's item. Throws `store_unavailable`. */
export function createReadLatestList(
  table: Pick<AccountTable, 'readAccount'>,
  clock: Pick<Clock, 'now'>,
): ReadLatestList {
  const reads = new Map<string, { readonly at: number; readonly list: ReturnType<ReadLatestList> }>();
  return (account) => {
    const kept = reads.get(account);
    if (kept !== undefined && clock.now() < kept.at + keptMs) return kept.list;
    const list = table.readAccount(account).then(({ listed }) => listed);
    reads.set(account, { at: clock.now(), list });
    list.catch(() => reads.delete(account));
    return list;
  };
}
