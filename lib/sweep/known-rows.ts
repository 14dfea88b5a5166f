import type { Rank } from '../snapshots/rank.ts';

/** An order's row as it last was: while its text is the same, and the watch is at its rank, there is nothing to do. */
export type KnownRow = {
  readonly orderId: string;
  readonly digest: string;
  /** `undefined`: the order is not open here. */
  readonly rank: Rank | undefined;
};

/** The rows of one account's lists. What a row's text means does not change, so they outlive the sweep that read them. */
export type KnownRows = {
  readonly ofDigest: (digest: string) => KnownRow | undefined;
  readonly set: (row: KnownRow) => void;
  readonly delete: (orderId: string) => void;
  /** Deletes all rows for which this is `false`. */
  readonly retain: (isRetained: (row: KnownRow) => boolean) => void;
};

export function createKnownRows(): KnownRows {
  const byOrder = new Map<string, KnownRow>();
  const byDigest = new Map<string, KnownRow>();

  const remove = (orderId: string): void => {
    const row = byOrder.get(orderId);
    if (row === undefined) return;
    byOrder.delete(orderId);
    byDigest.delete(row.digest);
  };

  return {
    ofDigest: (digest) => byDigest.get(digest),
    set: (row) => {
      remove(row.orderId);
      byOrder.set(row.orderId, row);
      byDigest.set(row.digest, row);
    },
    delete: remove,
    retain: (isRetained) => {
      for (const row of byOrder.values()) if (!isRetained(row)) remove(row.orderId);
    },
  };
}
