import type { AccountListing } from '../accounts/table.ts';
import { phaseOfRank, type Rank, rankWithoutDigest } from './rank.ts';
import type { statuses, watchOrigins } from './statuses.ts';
import type { OrderSummary } from './summary.ts';

/**
 * The watch of one order. Every field is a register that only grows under `join`, so any order, any number and any
 * interleaving of writers end in the same watch, and a late writer can never undo a newer one.
 * Times are milliseconds since the Unix epoch, by our clock.
 */
export type Watch = {
  /** When we first knew of the order, and what started its watch. */
  readonly openedAt: number;
  readonly startedBy?: WatchOrigin | undefined;
  /** The greatest rank that a reply has shown, announced before its snapshot is written. */
  readonly announcedRank?: Rank | undefined;
  /** The greatest rank that the head is known to have reached, when it was first observed, and the order as of it. */
  readonly applied?:
    | { readonly rank: Rank; readonly at: number; readonly summary?: OrderSummary | undefined }
    | undefined;
  /** The two most recently requested replies, newest first. */
  readonly observations: readonly ObservedRank[];
  /** When the not-found replies were requested that came after the newest observation; newest first, at most ten. */
  readonly notFoundAt: readonly number[];
  /**
   * When the checks were requested that failed for a reason of this order alone since its newest reply, not-found
   * included; newest first, at most ten, absent when there are none. It backs the order off.
   */
  readonly failedAt?: readonly number[] | undefined;
  /** When the latest check was requested that failed with the whole account, since the newest reply. */
  readonly attemptedAt?: number | undefined;
  /** The latest list of the account's open orders that says anything of this one: when it was requested, and what. */
  readonly listed?: Listing | undefined;
  /**
   * When the exchange's histories were searched for the order since its newest observation; newest first, at most ten,
   * absent when they were not.
   */
  readonly lookedUpAt?: readonly number[] | undefined;
  /** The latest watch command: an order whose watch was stopped stays unwatched until a command starts it again. */
  readonly operator?: { readonly at: number; readonly by: string; readonly stopped: boolean } | undefined;
};

/** `present`: the list held the order. Not present: the order was missing from a list that should have held it. */
type Listing = { readonly at: number; readonly present: boolean };

/** Of a list of the account's open orders: when it was requested, and when its sweep had read which orders there are. */
export type ListTimes = Pick<AccountListing, 'at' | 'ordersReadAt'>;

/** What started the watch: the account's list, a request about the order, or a person's command. */
type WatchOrigin = (typeof watchOrigins)[number];

type ObservedRank = { readonly requestedAt: number; readonly rank: Rank };

/** What one writer learned; `join` adds it to the watch. */
export type WatchDelta = Omit<Watch, 'observations' | 'notFoundAt'> &
  Partial<Pick<Watch, 'observations' | 'notFoundAt'>>;

export type WatchStatus = (typeof statuses)[number];

const maxObservations = 2;
const maxNotFoundAt = 10;
const maxFailedAt = 10;
const maxLookedUpAt = 10;
/** The exchange's own nodes may disagree for a few seconds after a change; only later is it a contradiction. */
const settleMs = 10_000;

export function join(watch: Watch | undefined, delta: WatchDelta): Watch {
  const applied = highest(watch?.applied, delta.applied);
  const announcedRank = greatest(greatest(watch?.announcedRank, delta.announcedRank), applied?.rank);
  const operator = latest(watch?.operator, delta.operator);
  const observations = newest([...(watch?.observations ?? []), ...(delta.observations ?? [])]);
  const seenAt = observations[0]?.requestedAt ?? 0;
  const notFoundAt = newestAfter(seenAt, [watch?.notFoundAt, delta.notFoundAt], maxNotFoundAt);
  // Both are cut off at the newest reply, which only rises, so the remainder does not depend on the order of arrival.
  const latestReplyAt = Math.max(seenAt, notFoundAt[0] ?? 0);
  const failedAt = newestAfter(latestReplyAt, [watch?.failedAt, delta.failedAt], maxFailedAt);
  const attemptedAt = Math.max(watch?.attemptedAt ?? 0, delta.attemptedAt ?? 0);
  const listed = latestListing(watch?.listed, delta.listed);
  const lookedUpAt = newestAfter(seenAt, [watch?.lookedUpAt, delta.lookedUpAt], maxLookedUpAt);
  return {
    ...earliestStart(watch ?? delta, delta),
    announcedRank,
    applied,
    observations,
    notFoundAt,
    failedAt: failedAt.length > 0 ? failedAt : undefined,
    attemptedAt: attemptedAt > latestReplyAt ? attemptedAt : undefined,
    listed,
    lookedUpAt: lookedUpAt.length > 0 ? lookedUpAt : undefined,
    operator,
  };
}

export function statusOf(watch: Watch): WatchStatus {
  const { announcedRank, applied, notFoundAt } = watch;
  if (watch.operator?.stopped) return 'stopped';
  if (announcedRank === undefined) return 'unconfirmed';
  if (contradicted(watch)) return 'inconsistent';
  const phase = phaseOfRank(announcedRank);
  if (phase === 'final' && applied?.rank === announcedRank) return 'final';
  if (notFoundAt.length > 0) return 'missing';
  return phase === 'unknown' ? 'unknown' : 'watched';
}

/** An order that was never seen needs a person when this many checks, some minutes' worth, have not found it or failed. */
const maxUnobservedChecks = 5;

/** Never seen, in spite of several checks: such as the id of a linked order that the exchange never created. */
export function isUnobserved(watch: Watch): boolean {
  const { notFoundAt, failedAt = [] } = watch;
  return statusOf(watch) === 'unconfirmed' && notFoundAt.length + failedAt.length >= maxUnobservedChecks;
}

/** Whether the schedule still checks the order. */
export function isOpen(status: WatchStatus): boolean {
  return status !== 'final' && status !== 'stopped';
}

/** Whether no reply that differs from this rank in nothing but its digest was requested last. */
export function isLastRequested({ observations: [last] }: Watch, rank: Rank): boolean {
  return last === undefined || last.rank === rank || rankWithoutDigest(last.rank) !== rankWithoutDigest(rank);
}

/** When the reply that last confirmed the head's state was requested. */
export function checkedAt(watch: Watch): number | undefined {
  return watch.observations[0]?.requestedAt;
}

/** The latest list that should have held the order did: later ones may be compared with it. */
export function isCovered({ listed }: Watch): boolean {
  return listed?.present === true;
}

/** A list lacked the order after it was last seen: its own reply has to say what became of it. */
export function isVanished({ listed, observations, notFoundAt }: Watch): boolean {
  const latestReplyAt = Math.max(observations[0]?.requestedAt ?? 0, notFoundAt[0] ?? 0);
  return listed?.present === false && listed.at > latestReplyAt;
}

/**
 * How long after a list was requested its consequences may first show in the table's index: they are written while the
 * sweep holds its lease, and the index is eventually consistent; milliseconds.
 */
const indexedMs = 60_000;

/**
 * An earlier sweep's list held the order, or its watch was started again, so shortly before this sweep read the index, or
 * since, that it may not have found it: then the order's absence from this sweep's lists goes unnoticed, and they say
 * nothing of it until one holds it.
 */
export function mayHaveBeenUnindexed({ listed, operator }: Watch, ordersReadAt: number): boolean {
  const indexedSince = ordersReadAt - indexedMs;
  const wasStarted = operator?.stopped === false && listed !== undefined && operator.at > listed.at;
  if (wasStarted) return operator.at > indexedSince;
  return listed !== undefined && listed.at < ordersReadAt && listed.at > indexedSince;
}

/** A list that holds the order unchanged confirms the head's state. */
function isConfirmedByLists(watch: Watch): boolean {
  return isCovered(watch) && statusOf(watch) === 'watched' && watch.applied?.rank === watch.announcedRank;
}

/**
 * When the exchange last confirmed the head's state: by a reply about the order, or, for an open order that lists
 * cover, by the account's latest complete list.
 */
export function confirmedAt(watch: Watch, list: ListTimes | undefined): number | undefined {
  const own = checkedAt(watch);
  if (list === undefined || watch.listed === undefined || list.at < watch.listed.at) return own;
  if (!isConfirmedByLists(watch) || mayHaveBeenUnindexed(watch, list.ordersReadAt)) return own;
  return Math.max(own ?? 0, list.at);
}

/** Both latest replies rank below the head although they were requested well after it was first observed. */
function contradicted({ applied, observations }: Watch): boolean {
  return (
    applied !== undefined &&
    observations.length === maxObservations &&
    observations.every(
      ({ requestedAt, rank }) =>
        rankWithoutDigest(rank) < rankWithoutDigest(applied.rank) && requestedAt >= applied.at + settleMs,
    )
  );
}

function greatest(a: Rank | undefined, b: Rank | undefined): Rank | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a;
}

function highest(a: Watch['applied'], b: Watch['applied']): Watch['applied'] {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.rank !== b.rank) return a.rank > b.rank ? a : b;
  const summary = a.summary ?? b.summary;
  return { rank: a.rank, at: Math.min(a.at, b.at), summary };
}

/** The earlier start and its cause, which those who only add to a known watch leave out. */
function earliestStart(a: WatchDelta, b: WatchDelta): Pick<Watch, 'openedAt' | 'startedBy'> {
  const [first = a, second = b] = [a, b].sort((x, y) => x.openedAt - y.openedAt);
  const causes = first.openedAt === second.openedAt ? [first.startedBy, second.startedBy] : [first.startedBy];
  const [startedBy] = causes.filter((cause) => cause !== undefined).sort();
  return { openedAt: first.openedAt, startedBy };
}

/** Of two lists of the same moment, the one that lacked the order counts: it is checked once more. */
function latestListing(a: Listing | undefined, b: Listing | undefined): Listing | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.at === b.at) return a.present ? b : a;
  return a.at > b.at ? a : b;
}

function latest(a: Watch['operator'], b: Watch['operator']): Watch['operator'] {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.at === b.at) return JSON.stringify(a) > JSON.stringify(b) ? a : b;
  return a.at > b.at ? a : b;
}

/** The distinct times after a given time, newest first. */
function newestAfter(
  moment: number,
  times: readonly (readonly number[] | undefined)[],
  limit: number,
): readonly number[] {
  const later = times.flatMap((each) => each ?? []).filter((time) => time > moment);
  return [...new Set(later)].sort((a, b) => b - a).slice(0, limit);
}

function newest(observations: readonly ObservedRank[]): readonly ObservedRank[] {
  const sorted = observations.toSorted(
    (a, b) => b.requestedAt - a.requestedAt || (a.rank < b.rank ? 1 : a.rank > b.rank ? -1 : 0),
  );
  return sorted
    .filter(({ requestedAt, rank }, i) => sorted[i - 1]?.requestedAt !== requestedAt || sorted[i - 1]?.rank !== rank)
    .slice(0, maxObservations);
}
