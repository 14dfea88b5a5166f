import type { AccountTable } from '../accounts/table.ts';
import type { Clock } from '../clock.ts';

/** When the account's latest complete list was requested, milliseconds since the Unix epoch, if there was one. */
export type ListedAt = (account: string) => Promise<number | undefined>;

/** A list is at most so much older here than in the table, milliseconds: one read serves a whole batch of orders. */
const keptMs = 1_000;

/** Reads it from the account's item. Throws `store_unavailable`. */
export function createListedAt(table: Pick<AccountTable, 'readAccount'>, clock: Pick<Clock, 'now'>): ListedAt {
  const reads = new Map<string, { readonly at: number; readonly listedAt: Promise<number | undefined> }>();
  return (account) => {
    const kept = reads.get(account);
    if (kept !== undefined && clock.now() < kept.at + keptMs) return kept.listedAt;
    const listedAt = table.readAccount(account).then(({ listed }) => listed?.at);
    reads.set(account, { at: clock.now(), listedAt });
    listedAt.catch(() => reads.delete(account));
    return listedAt;
  };
}
