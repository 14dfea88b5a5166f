import type { EarlierRows } from '../exchange/rows.ts';
import type { Rank } from '../snapshots/rank.ts';

/** An order's row as it last was: while its text is the same, and the watch is at its rank, there is nothing to do. */
export type KnownRow = {
  readonly orderId: string;
  readonly text: string;
  /** `undefined`: the order is not open here. */
  readonly rank: Rank | undefined;
};

/** The rows of one account's lists. What a row's text means does not change, so they outlive the sweep that read them. */
export type KnownRows = {
  /** Begins to go through one reply; `isSettled` says of a row that is as it was whether there is nothing to do. */
  readonly follow: (isSettled: (row: KnownRow) => boolean) => EarlierRows;
  readonly set: (row: KnownRow) => void;
  /** Deletes all rows for which this is `false`. */
  readonly retain: (isRetained: (row: KnownRow) => boolean) => void;
};

/** `next`: the row that followed when both were last listed, perhaps not as it is now. */
type LinkedRow = KnownRow & { next: LinkedRow | undefined };

export function createKnownRows(): KnownRows {
  const byOrder = new Map<string, LinkedRow>();

  return {
    follow: (isSettled) => {
      let previous: LinkedRow | undefined;
      return {
        next: () => previous?.next,
        isKnown: (orderId, text) => {
          const row = byOrder.get(orderId);
          if (previous !== undefined) previous.next = row;
          previous = row;
          return row !== undefined && row.text === text && isSettled(row);
        },
      };
    },
    set: (row) => {
      byOrder.set(row.orderId, { ...row, text: copied(row.text), next: byOrder.get(row.orderId)?.next });
    },
    retain: (isRetained) => {
      for (const row of byOrder.values()) if (!isRetained(row)) byOrder.delete(row.orderId);
    },
  };
}

/** A row's text is a part of the reply's, which it would keep in memory. */
function copied(text: string): string {
  return Buffer.from(text).toString();
}
