/** An account's stored state: rate limiter, the lease of its sweep, and whether it is paused. Times are epoch ms. */
export type AccountState = {
  /** GCRA's theoretical arrival time: when all permits taken so far are replenished; 0: none were ever taken. */
  readonly tat: number;
  readonly lease?: Lease | undefined;
  /** The last process that requested the lease. */
  readonly handoverRequestedBy?: string | undefined;
  readonly pause?: Pause | undefined;
  /** The latest complete list of the account's open orders whose consequences are all stored. */
  readonly listed?: AccountListing | undefined;
  /** Whether conclusions are drawn from the account's lists. */
  readonly listTrust?: ListTrust | undefined;
  /** What the sweep last wrote about the account. */
  readonly summary?: SweepSummary | undefined;
};

/**
 * A list of open orders: when it was requested, how many orders it held, and when its sweep had read which orders the
 * account has.
 */
export type AccountListing = { readonly at: number; readonly orders: number; readonly ordersReadAt: number };

/** Whether absence from the account's list means anything, and since when. */
export type ListTrust = {
  readonly trusted: boolean;
  readonly since: number;
  /** Why it is not trusted: `contradicted`, `incomplete`, or the code of the failure of the lists. */
  readonly reason?: string | undefined;
  /** While it is not trusted: how often it was tried again without success, and when it is tried next. */
  readonly failures: number;
  readonly nextAt?: number | undefined;
};

/** Of a circuit breaker: calls pass, none does, or one at a time does as a probe. */
export const breakerPhases = ['closed', 'open', 'half-open'] as const;
export type BreakerPhase = (typeof breakerPhases)[number];

/** Who sweeps the account, and when the lease expires. */
export type Lease = { readonly owner: string; readonly until: number };

/** What a sweep stores for readers who do not read the orders themselves. */
export type SweepSummary = {
  /** When it was written. */
  readonly at: number;
  /** Live orders on watch, and how many of them lists cover. */
  readonly open: number;
  readonly covered: number;
  /** Orders that need attention, by status. */
  readonly missing: number;
  readonly unknown: number;
  readonly inconsistent: number;
  /** The circuit breaker of the account's calls: why it is not closed (a code), and since when. */
  readonly breaker: {
    readonly phase: BreakerPhase;
    readonly reason?: string | undefined;
    readonly since?: number | undefined;
  };
  /** More orders are on watch than can be checked in time. */
  readonly overCapacity: boolean;
};

/** The latest command to pause or resume the account's sweep; without `until`, it holds until the next one. */
export type Pause = {
  readonly paused: boolean;
  readonly by: string;
  readonly at: number;
  readonly until?: number | undefined;
};

/**
 * The account's own item. Each operation is one atomic request. All throw `store_unavailable` when the table is
 * unreachable; the write may then have happened, or may still happen. Each says whether it is safe to repeat.
 */
export type AccountTable = {
  /** Strongly consistent. */
  readonly readAccount: (account: string) => Promise<AccountState>;
  /**
   * Advances `tat` by `byMs` if it is in [from, to]; returns the new value, or `undefined` when it was not. A
   * repetition advances it twice: the first permits are lost, so the account spends too little, never too much.
   */
  readonly advanceTat: (account: string, move: TatMove) => Promise<number | undefined>;
  /** Sets `tat` to `to` if it is absent or before `below`; `to` is not before `below`. A repetition has no effect. */
  readonly raiseTat: (account: string, raise: TatRaise) => Promise<boolean>;
  /**
   * Takes the lease if there is none, it is the owner's, or it expired; returns the account as it then is, or
   * `undefined`. Safe to repeat.
   */
  readonly takeLease: (account: string, lease: Lease & { readonly now: number }) => Promise<AccountState | undefined>;
  /**
   * Renews the lease if it is still the owner's, and stores what its sweep found out; returns the account as it then is,
   * or `undefined` when the lease is another's, or a later list is stored. Safe to repeat.
   */
  readonly renewLease: (account: string, lease: Lease, progress?: SweepProgress) => Promise<AccountState | undefined>;
  /** Requests a handover from the lease's owner; only the last request is stored. Safe to repeat. */
  readonly requestHandover: (account: string, owner: string) => Promise<void>;
  /** Releases the lease if it is the owner's, and stores what its sweep found out. Safe to repeat. */
  readonly releaseLease: (account: string, owner: string, progress?: SweepProgress) => Promise<void>;
  /** Stores a command; `false` if the stored one is as late or later: another command, or this one repeated. */
  readonly setPause: (account: string, pause: Pause) => Promise<boolean>;
};

/** The part of the account's item that starting a watch needs. Throws `store_unavailable`. */
export type WatchRequests = {
  /** Stores when a watch was last requested; returns the summary of the last sweep, if any. Safe to repeat. */
  readonly recordWatchRequest: (account: string, at: number) => Promise<SweepSummary | undefined>;
};

/** What the lease's owner stores with the account; what is `undefined` stays as it is. */
export type SweepProgress = {
  readonly listed?: AccountListing | undefined;
  readonly listTrust?: ListTrust | undefined;
  readonly summary?: SweepSummary | undefined;
};

type TatMove = { readonly from: number; readonly to: number; readonly byMs: number };
type TatRaise = { readonly below: number; readonly to: number };

export function isPaused({ pause }: Pick<AccountState, 'pause'>, now: number): boolean {
  return pause?.paused === true && (pause.until === undefined || now < pause.until);
}
