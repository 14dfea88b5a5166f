/** How often an account's open orders are listed, milliseconds: `minMs` while orders change, `maxMs` when all rest. */
export type ListPolicy = { readonly minMs: number; readonly maxMs: number };

/** The interval grows with the time since the last change of any order: an account that was just busy is likely to be again. */
export function listIntervalMs({ minMs, maxMs }: ListPolicy, sinceChangeMs: number): number {
  return Math.round(Math.min(Math.max(sinceChangeMs / 30, minMs), maxMs));
}

/**
 * A sweep sends a call again alongside one whose reply takes longer than this, milliseconds: all orders wait for a
 * list.
 */
export const hedgingDelayMs = 2_000;
