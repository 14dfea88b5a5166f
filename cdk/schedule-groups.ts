import type { AccountConfig } from './stage-config.ts';

/** Accounts that one schedule sweeps together, and the name of that schedule. */
export type ScheduleGroup = {
  readonly name: string;
  readonly accounts: readonly string[];
  /** The accounts of the group after it, in a ring: its ticks look whether those are swept. */
  readonly next: readonly string[];
};

/** This many accounts at rest, listed every ten seconds, take a small part of one invocation's time. */
const maxAccountsPerGroup = 25;

/**
 * The groups of a stage, by position: the first 25 accounts of the stage table, then the next 25. An account that is
 * added at the end moves no other one. One that is removed, or added in between, moves those after it by one place:
 * that does no harm, because leases keep two groups from sweeping an account at once. An account with `ownSchedule` has
 * its own group, under its own name, and takes no place.
 */
export function scheduleGroups(accounts: Readonly<Record<string, AccountConfig>>): readonly ScheduleGroup[] {
  const alone = Object.keys(accounts).filter((account) => accounts[account]?.ownSchedule === true);
  const shared = Object.keys(accounts).filter((account) => !alone.includes(account));
  const groups = Array.from({ length: Math.ceil(shared.length / maxAccountsPerGroup) }, (_, i) => ({
    // An account's name has no upper case.
    name: `Accounts${i + 1}`,
    accounts: shared.slice(i * maxAccountsPerGroup, (i + 1) * maxAccountsPerGroup),
  }));
  const ring = [...groups, ...alone.map((account) => ({ name: account, accounts: [account] }))];
  return ring.map((group, i) => ({ ...group, next: ring[(i + 1) % ring.length]?.accounts ?? [] }));
}
