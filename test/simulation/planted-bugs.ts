import type { AccountTable } from '../../lib/accounts/table.ts';
import { asFailure, type Code } from '../../lib/errors.ts';
import type { Exchange } from '../../lib/exchange/client.ts';
import type { ExchangeLists } from '../../lib/exchange/lists.ts';
import type { SnapshotTable } from '../../lib/snapshots/table.ts';
import { createMemoryAccountTable } from '../lib/accounts/memory-table.ts';

/** A mistake of the kind that others have made, around a collaborator of every process. */
export type PlantedBug = {
  readonly exchange: (exchange: Exchange) => Exchange;
  readonly lists: (lists: ExchangeLists) => ExchangeLists;
  readonly snapshotTable: (table: SnapshotTable) => SnapshotTable;
  /** What the permits are counted in. */
  readonly rateLimitTable: (table: AccountTable) => AccountTable;
};

export const noBug: PlantedBug = {
  exchange: (exchange) => exchange,
  lists: (lists) => lists,
  snapshotTable: (table) => table,
  rateLimitTable: (table) => table,
};

const absent: ReadonlySet<Code> = new Set(['order_not_found', 'unreachable', 'timeout']);

export const plantedBugs = {
  /** An order that cannot be had is taken to be canceled, as it was last seen otherwise. */
  'absence closes an order': {
    ...noBug,
    exchange: (exchange) => {
      const known = new Map<string, Awaited<ReturnType<Exchange['getOrderState']>>>();
      return {
        ...exchange,
        getOrderState: async (orderId, options) => {
          try {
            const answer = await exchange.getOrderState(orderId, options);
            known.set(orderId, answer);
            return answer;
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
  /** One snapshot in twenty is taken to be written, and is not. */
  'the history skips a snapshot': {
    ...noBug,
    snapshotTable: (table) => {
      let snapshots = 0;
      return { ...table, putSnapshot: async (snapshot) => ++snapshots % 20 === 0 || table.putSnapshot(snapshot) };
    },
  },
} as const satisfies Record<string, PlantedBug>;
