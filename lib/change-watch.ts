import type { Clock } from './clock.ts';
import { Failure } from './errors.ts';
import type { OrderKey } from './snapshots/snapshot.ts';
import type { SnapshotStore } from './snapshots/store.ts';
import type { SnapshotTable } from './snapshots/table.ts';
import { isOpen, statusOf, type WatchStatus } from './snapshots/watch.ts';
import { endOfTime } from './sweep.ts';

export type ChangeWatchDeps = {
  readonly accounts: { readonly has: (account: string) => boolean };
  readonly store: SnapshotStore;
  readonly list: SnapshotTable['list'];
  /** How many orders an account's share of the rate lets us check in time. */
  readonly capacityOf: (account: string) => number;
  readonly clock: Clock;
};

export type ChangeWatchRequest = OrderKey & {
  /** Who asks, as the gateway knows them. */
  readonly by: string;
  readonly requestId: string;
  readonly watch: boolean;
};

export type ChangedWatch = {
  readonly account: string;
  readonly order_id: string;
  readonly watched: boolean;
  readonly status: WatchStatus;
  /** More orders are on watch than can be checked in time; told to who starts another one. */
  readonly over_capacity?: true;
};

export type ChangeWatch = (request: ChangeWatchRequest) => Promise<ChangedWatch>;

/**
 * Starts or stops the checking of an order by a person's word, which is kept as evidence. A stopped order stays so until
 * a person starts it again; a final one needs no watch. Throws `Failure`.
 */
export function createChangeWatch({ accounts, store, list, capacityOf, clock }: ChangeWatchDeps): ChangeWatch {
  const isOver = async (account: string): Promise<boolean> => {
    const most = capacityOf(account) + 1;
    const lists = await Promise.all([
      list(account, 'watch', endOfTime, most),
      list(account, 'attention', endOfTime, most),
    ]);
    return lists.flat().length >= most;
  };

  return async ({ account, orderId, by, requestId, watch }) => {
    if (!accounts.has(account)) {
      throw new Failure('unknown_account', `There is no account ${account} here; the stage table lists them.`);
    }
    const word = { account, orderId, at: clock.now(), by, stopped: !watch, requestId };
    const status = statusOf(await store.recordWord(word));
    const changed = { account, order_id: orderId, watched: isOpen(status), status };
    return watch && (await isOver(account)) ? { ...changed, over_capacity: true } : changed;
  };
}
