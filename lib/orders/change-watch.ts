import type { WatchRequests } from '../accounts/table.ts';
import type { ChangedWatch } from '../api/responses.ts';
import type { Clock } from '../clock.ts';
import type { OrderKey } from '../snapshots/snapshot.ts';
import type { WatchCommandTable } from '../snapshots/table.ts';
import { isOpen, statusOf } from '../snapshots/watch.ts';
import { applyWatchCommand } from '../snapshots/watch-command.ts';
import { type KnownAccounts, refuseUnknown } from './known-accounts.ts';

export type ChangeWatchDeps = {
  readonly accounts: KnownAccounts;
  readonly table: WatchCommandTable;
  readonly requests: WatchRequests;
  readonly clock: Clock;
};

export type ChangeWatchRequest = OrderKey & {
  /** Who asks, as the gateway knows them. */
  readonly by: string;
  readonly requestId: string;
  readonly watch: boolean;
};

export type ChangeWatch = (request: ChangeWatchRequest) => Promise<ChangedWatch>;

/**
 * Starts or stops the checking of an order by a person's word, which is kept as evidence. A stopped order stays so until
 * a person starts it again; a final one needs no watch. Who starts a watch hears whether the account's last sweep found
 * more orders than can be checked in time. Throws `Failure`.
 */
export function createChangeWatch({ accounts, table, requests, clock }: ChangeWatchDeps): ChangeWatch {
  return async ({ account, orderId, by, requestId, watch }) => {
    refuseUnknown(accounts, account);
    const at = clock.now();
    const status = statusOf(await applyWatchCommand(table, { account, orderId, at, by, stopped: !watch, requestId }));
    const summary = watch ? await requests.recordWatchRequest(account, at) : undefined;
    return {
      account,
      order_id: orderId,
      watched: isOpen(status),
      status,
      ...(summary?.overCapacity && { over_capacity: true }),
    };
  };
}
