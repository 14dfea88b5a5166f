import type { WatchRequests } from '../accounts/table.ts';
import type { Clock } from '../clock.ts';
import type { OrderKey } from '../snapshots/snapshot.ts';
import type { WatchCommandTable } from '../snapshots/table.ts';
import { isOpen, statusOf, type WatchStatus } from '../snapshots/watch.ts';
import { applyWatchCommand } from '../snapshots/watch-command.ts';
import { type KnownAccounts, refuseUnknownAccount } from './known-accounts.ts';

type ChangeWatchDeps = {
  readonly accounts: KnownAccounts;
  readonly table: WatchCommandTable;
  readonly requests: WatchRequests;
  readonly clock: Clock;
};

export type ChangeWatchRequest = OrderKey & {
  /** The caller, as the gateway identified them. */
  readonly by: string;
  readonly requestId: string;
  /** Whether to start or to stop the watch. */
  readonly watch: boolean;
};

export type WatchChange = {
  readonly watched: boolean;
  readonly status: WatchStatus;
  /** When a watch is started: the account's last sweep found more watched orders than can be checked in time. */
  readonly overCapacity: boolean;
};

export type ChangeWatch = (request: ChangeWatchRequest) => Promise<WatchChange>;

/**
 * Starts or stops the watch of an order and records who did. A stopped order stays unwatched until its watch is started
 * again; a final order needs no watch. Throws `Failure`.
 */
export function createChangeWatch({ accounts, table, requests, clock }: ChangeWatchDeps): ChangeWatch {
  return async ({ account, orderId, by, requestId, watch }) => {
    refuseUnknownAccount(accounts, account);
    const at = clock.now();
    const status = statusOf(await applyWatchCommand(table, { account, orderId, at, by, stopped: !watch, requestId }));
    const summary = watch ? await requests.recordWatchRequest(account, at) : undefined;
    return { watched: isOpen(status), status, overCapacity: summary?.overCapacity ?? false };
  };
}
