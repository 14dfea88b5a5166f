import type { AccountTable } from '../../lib/accounts/table.ts';
import { asFailure, type Code } from '../../lib/errors.ts';
import type { Exchange } from '../../lib/exchange/client.ts';
import type { ExchangeLists } from '../../lib/exchange/lists.ts';
import type { OrderRow } from '../../lib/exchange/rows.ts';
import type { CheckResult } from '../../lib/orders/check-result.ts';
import { createRememberedChecks } from '../../lib/orders/remembered-checks.ts';
import type { SnapshotTable } from '../../lib/snapshots/table.ts';
import { createMemoryAccountTable } from '../lib/accounts/memory-table.ts';

/** A mistake of the kind that others have made, around a collaborator of every process. */
export type PlantedBug = {
  readonly exchange: (exchange: Exchange) => Exchange;
  readonly lists: (lists: ExchangeLists) => ExchangeLists;
  readonly snapshotTable: (table: SnapshotTable) => SnapshotTable;
  readonly accountTable: (table: AccountTable) => AccountTable;
  /** What the permits are counted in. */
  readonly rateLimitTable: (table: AccountTable) => AccountTable;
  /** What a process that handles requests remembers of orders. */
  readonly remembered: typeof createRememberedChecks;
};

export const noBug: PlantedBug = {
  exchange: (exchange) => exchange,
  lists: (lists) => lists,
  snapshotTable: (table) => table,
  accountTable: (table) => table,
  rateLimitTable: (table) => table,
  remembered: createRememberedChecks,
};

const absent: ReadonlySet<Code> = new Set(['order_not_found', 'unreachable', 'connection_lost', 'busy', 'timeout']);

/** What is in no list any more is returned as canceled, as it was last seen; `failed` lists are taken for empty ones. */
function closesWhatIsAbsent(isEmptyWhenFailed: boolean): PlantedBug {
  const rows = new Map<string, OrderRow>();
  let latest: ReadonlySet<string> | undefined;
  return {
    ...noBug,
    lists: (lists) => ({
      ...lists,
      listOpenOrders: async (options) => {
        try {
          const list = await lists.listOpenOrders(options);
          latest = list.ids;
          for (const row of list.changed) rows.set(row.orderId, row);
          return list;
        } catch (thrown) {
          if (isEmptyWhenFailed) latest = new Set();
          throw thrown;
        }
      },
    }),
    exchange: (exchange) => ({
      ...exchange,
      getOrderState: async (orderId, options) => {
        const reply = await exchange.getOrderState(orderId, options);
        if (latest === undefined || latest.has(orderId) || !rows.has(orderId)) return reply;
        const resultText = reply.resultText.replace(/"order_state":"\w+"/, '"order_state":"canceled"');
        return { ...reply, resultText, order: { ...reply.order, order_state: 'canceled' } };
      },
    }),
  };
}

export const plantedBugs = {
  'absence from a list closes an order': closesWhatIsAbsent(false),
  'a failed list is an empty one, and closes': closesWhatIsAbsent(true),
  /** Nothing that was ever listed vanishes, and `listed_at` goes on. */
  'listed_at advances before the vanished are marked': {
    ...noBug,
    lists: (lists) => {
      const ids = new Set<string>();
      return {
        ...lists,
        listOpenOrders: async (options) => {
          const list = await lists.listOpenOrders(options);
          for (const orderId of list.ids) ids.add(orderId);
          return { ...list, ids: new Set(ids) };
        },
      };
    },
  },
  'listed_at is the time of its writing': {
    ...noBug,
    accountTable: (table) => ({
      ...table,
      renewLease: (account, lease, progress = {}) => {
        const { listed } = progress;
        return table.renewLease(account, lease, {
          ...progress,
          listed: listed && { ...listed, at: lease.until - 30_000 },
        });
      },
    }),
  },
  /** An order that cannot be read is taken to be canceled, otherwise as it was last seen. */
  'absence closes an order': {
    ...noBug,
    exchange: (exchange) => {
      const known = new Map<string, Awaited<ReturnType<Exchange['getOrderState']>>>();
      return {
        ...exchange,
        getOrderState: async (orderId, options) => {
          try {
            const reply = await exchange.getOrderState(orderId, options);
            known.set(orderId, reply);
            return reply;
          } catch (thrown) {
            const last = known.get(orderId);
            if (last === undefined || !absent.has(asFailure(thrown).code)) throw thrown;
            const resultText = last.resultText.replace(/"order_state":"\w+"/, '"order_state":"canceled"');
            return { ...last, resultText, order: { ...last.order, order_state: 'canceled' } };
          }
        },
      };
    },
  },
  'a rate limiter per process': { ...noBug, rateLimitTable: () => createMemoryAccountTable() },
  /** The watch is written whatever its revision. */
  'a late touch revives a watch': {
    ...noBug,
    snapshotTable: (table) => ({
      ...table,
      putWatch: async (key, watch, after) => {
        if (await table.putWatch(key, watch, after)) return true;
        const { stored } = await table.readCurrent(key);
        return table.putWatch(key, watch, stored?.revision ?? 0);
      },
    }),
  },
  /** What this process saw last, whatever others have seen since. */
  'memory serves max_age': {
    ...noBug,
    remembered: (checkOrder, clock) => {
      const last = new Map<string, CheckResult>();
      return async (request) => {
        const { orderId, maxAgeMs } = request;
        const known = last.get(orderId);
        if (known !== undefined && maxAgeMs !== undefined && clock.now() - known.checkedAt <= maxAgeMs) return known;
        const checked = await checkOrder(request);
        last.set(orderId, checked);
        return checked;
      };
    },
  },
  /**
   * A process believes that its write of a watch was done, although it was refused because another process had written.
   */
  'memory is believed after a conflict': {
    ...noBug,
    snapshotTable: (table) => ({
      ...table,
      putWatch: async (key, watch, after) => (await table.putWatch(key, watch, after)) || watch.applied !== undefined,
    }),
  },
  /** One snapshot in twenty is taken to be written, and is not. */
  'the history skips a snapshot': {
    ...noBug,
    snapshotTable: (table) => {
      let snapshots = 0;
      return { ...table, putSnapshot: async (snapshot) => ++snapshots % 20 === 0 || table.putSnapshot(snapshot) };
    },
  },
} as const satisfies Record<string, PlantedBug>;
