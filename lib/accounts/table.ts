/** What is kept of an account: what it spent, who sweeps it, what a person said of it. Times are epoch ms. */
export type AccountState = {
  /** GCRA's theoretical arrival time: when the credits taken so far will all have been earned back; 0: none ever were. */
  readonly tat: number;
  readonly lease?: Lease;
  /** Who asked last to be given the lease. */
  readonly handoverRequestedBy?: string;
  readonly pause?: Pause;
  /** What the last sweep found that ended. */
  readonly summary?: SweepSummary;
};

/** Who sweeps the account, and when others need no longer respect it. */
export type Lease = { readonly owner: string; readonly until: number };

/** What a sweep leaves behind for those who do not look at the orders themselves. */
export type SweepSummary = {
  /** More orders are on watch than can be checked in time. */
  readonly overCapacity: boolean;
};

/** The latest word of a person on whether the account is swept; without `until`, it holds until the next. */
export type Pause = {
  readonly paused: boolean;
  readonly by: string;
  readonly at: number;
  readonly until?: number;
};

/**
 * The account's own item: each operation is one request, atomic. All throw `store_unavailable` when the table cannot be
 * reached, in which case the write may have happened, or may yet; what a second sending does is said of each.
 */
export type AccountTable = {
  /** Sees every write that was answered before. */
  readonly readAccount: (account: string) => Promise<AccountState>;
  /**
   * Moves `tat` on by `byMs` if it is in [from, to]; answers the new one, `undefined` when it was not. Sent twice it
   * moves twice: the credits of the first are lost, which spends too little, never too much.
   */
  readonly advanceTat: (account: string, move: TatMove) => Promise<number | undefined>;
  /** Sets `tat` to `to`, which is not before `below`, if it is absent or before `below`. Sent twice it is refused. */
  readonly raiseTat: (account: string, raise: TatRaise) => Promise<boolean>;
  /** Takes or renews the lease if there is none, it is the owner's, or it ended. Safe to send twice. */
  readonly takeLease: (account: string, lease: Lease & { readonly now: number }) => Promise<boolean>;
  /** Asks the lease's owner to hand it over; the last to ask is remembered. Safe to send twice. */
  readonly requestHandover: (account: string, owner: string) => Promise<void>;
  /** Gives the lease up if it is the owner's, and leaves what they found, if they did. Safe to send twice. */
  readonly releaseLease: (account: string, owner: string, summary?: SweepSummary) => Promise<void>;
  /** Keeps a person's word; `false` when one as late is kept already: another's, or this one, sent twice. */
  readonly setPause: (account: string, pause: Pause) => Promise<boolean>;
};

/** The account's item as starting a watch needs it: a write, and what it answers. Throws `store_unavailable`. */
export type WatchRequests = {
  /** Keeps when somebody last asked for a watch; answers what the last sweep found, if one did. Safe to send twice. */
  readonly recordWatchRequest: (account: string, at: number) => Promise<SweepSummary | undefined>;
};

export type TatMove = { readonly from: number; readonly to: number; readonly byMs: number };
export type TatRaise = { readonly below: number; readonly to: number };

export function isPaused({ pause }: Pick<AccountState, 'pause'>, now: number): boolean {
  return pause?.paused === true && (pause.until === undefined || now < pause.until);
}
