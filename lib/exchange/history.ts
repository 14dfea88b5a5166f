import type { Clock } from '../clock.ts';
import type { Failure } from '../errors.ts';
import type { Calls } from './calls.ts';
import type { Dialect } from './dialects/index.ts';
import type { OrderRow } from './open-orders.ts';

export type HistoryQuery = { readonly orderId: string; readonly instrumentName: string };

/** One look into one place. Times are ours, epoch ms: just before the first call, just after the last reply. */
export type HistoryAttempt = {
  /** The place, as the dialect names it. */
  readonly source: string;
  /**
   * `found`: the order's row is there, and its state decides what it proves. `fills`: trades of the order are there, which
   * prove fills and no end. `not_found`: read to the end. `not_exhausted`: longer than we read. `failed`: no answer.
   */
  readonly outcome: 'found' | 'fills' | 'not_found' | 'not_exhausted' | 'failed';
  /** How many rows or trades were read. */
  readonly rows: number;
  readonly requestedAt: number;
  readonly answeredAt: number;
  /** Why it failed. */
  readonly failure?: Failure;
};

/** The order's row in a history. Being in a history is not being closed: the row's state says what it is. */
export type HistoryRow = OrderRow & {
  readonly source: string;
  /** Just before the call that the row came with, and just after; epoch ms. */
  readonly requestedAt: number;
  readonly answeredAt: number;
  readonly keyVersion: string;
};

export type HistoryLookup = {
  readonly row?: HistoryRow;
  /** In the order in which they were made. */
  readonly attempts: readonly HistoryAttempt[];
};

export function createHistory(_dialect: Dialect, _call: Calls['call'], _clock: Clock) {
  return async (_query: HistoryQuery, _options: { readonly deadline: number }): Promise<HistoryLookup> => ({
    attempts: [],
  });
}
