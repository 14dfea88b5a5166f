import { asFailure, type Failure } from '../errors.ts';
import type { OrderKey } from '../snapshots/snapshot.ts';
import type { SnapshotStore } from '../snapshots/store.ts';
import type { SnapshotTable, StoredWatch } from '../snapshots/table.ts';
import { inParallel } from './parallel.ts';

type UnreadableOrdersDeps = {
  readonly list: SnapshotTable['list'];
  readonly read: SnapshotStore['read'];
  /** Called once for each order. */
  readonly onUnreadable: (orderId: string, failure: Failure) => void;
  readonly onRead: (orderId: string, stored: StoredWatch) => void;
};

/**
 * Lists the index without the items that cannot be read, so that these do not stop other orders. Each of their orders
 * is read individually once, because a reader of its watch would take it for confirmed by the account's lists.
 */
export function createListWithoutUnreadable(deps: UnreadableOrdersDeps): SnapshotTable['list'] {
  const { list, read, onUnreadable, onRead } = deps;
  const known = new Set<string>();

  const readByItself = async (key: OrderKey): Promise<void> => {
    try {
      const { stored } = await read(key);
      if (stored !== undefined) onRead(key.orderId, stored);
    } catch (thrown) {
      const failure = asFailure(thrown);
      if (failure.code === 'store_unavailable') throw failure;
    }
  };

  return async (account, name, until, limit) => {
    const unreadable = new Map<string, Failure>();
    const listed = await list(account, name, until, limit, (orderId, failure) => unreadable.set(orderId, failure));
    const unread = [...unreadable].filter(([orderId]) => !known.has(orderId));
    await inParallel(
      unread,
      () => true,
      async ([orderId, failure]) => {
        await readByItself({ account, orderId });
        known.add(orderId);
        onUnreadable(orderId, failure);
      },
    );
    return listed;
  };
}
