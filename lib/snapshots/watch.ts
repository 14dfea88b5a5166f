import { phaseOfRank, type Rank, updatedAtOfRank } from './rank.ts';
import type { statuses } from './statuses.ts';

/**
 * The watch of one order. Every field is a register that only grows under `join`, so any order, any number and any
 * interleaving of writers end in the same watch, and a late writer can never undo a newer one.
 * Times are milliseconds since the Unix epoch, by our clock.
 */
export type Watch = {
  /** When we first knew of the order. */
  readonly openedAt: number;
  /** The greatest rank that an answer has shown, announced before its snapshot is written. */
  readonly announcedRank?: Rank;
  /** The greatest rank that the head is known to have reached, and when it was first observed. */
  readonly applied?: { readonly rank: Rank; readonly at: number };
  /** The two most recently requested answers, newest first. */
  readonly observations: readonly ObservedRank[];
  /** When the not-found answers were requested that came after the newest observation; newest first, at most ten. */
  readonly notFoundAt: readonly number[];
  /**
   * When the checks were requested that failed for a reason of this order alone since its newest answer, not-found
   * included; newest first, at most ten, absent when there are none. It backs the order off.
   */
  readonly failedAt?: readonly number[];
  /** When the latest check was requested that failed with the whole account, since the newest answer. */
  readonly attemptedAt?: number;
  /** The latest watch command: an order whose watch was stopped stays unwatched until a command starts it again. */
  readonly operator?: { readonly at: number; readonly by: string; readonly stopped: boolean };
};

type ObservedRank = { readonly requestedAt: number; readonly rank: Rank };

/** What one writer learned; `join` adds it to the watch. */
export type WatchDelta = Omit<Watch, 'observations' | 'notFoundAt'> &
  Partial<Pick<Watch, 'observations' | 'notFoundAt'>>;

export type WatchStatus = (typeof statuses)[number];

/** How often a live order is checked; milliseconds. */
export type CheckPolicy = { readonly minMs: number; readonly maxMs: number };

const maxObservations = 2;
const maxNotFoundAt = 10;
const maxFailedAt = 10;
/** The exchange's own nodes may disagree for a few seconds after a change; only later is it a contradiction. */
const settleMs = 10_000;

export function join(watch: Watch | undefined, delta: WatchDelta): Watch {
  const applied = highest(watch?.applied, delta.applied);
  const announcedRank = greatest(greatest(watch?.announcedRank, delta.announcedRank), applied?.rank);
  const operator = latest(watch?.operator, delta.operator);
  const observations = newest([...(watch?.observations ?? []), ...(delta.observations ?? [])]);
  const seenAt = observations[0]?.requestedAt ?? 0;
  const notFoundAt = newestAfter(seenAt, [watch?.notFoundAt, delta.notFoundAt], maxNotFoundAt);
  // Both are cut off at the newest answer, which only rises, so the remainder does not depend on the order of arrival.
  const answeredAt = Math.max(seenAt, notFoundAt[0] ?? 0);
  const failedAt = newestAfter(answeredAt, [watch?.failedAt, delta.failedAt], maxFailedAt);
  const attemptedAt = Math.max(watch?.attemptedAt ?? 0, delta.attemptedAt ?? 0);
  return {
    openedAt: Math.min(watch?.openedAt ?? delta.openedAt, delta.openedAt),
    ...(announcedRank !== undefined && { announcedRank }),
    ...(applied !== undefined && { applied }),
    observations,
    notFoundAt,
    ...(failedAt.length > 0 && { failedAt }),
    ...(attemptedAt > answeredAt && { attemptedAt }),
    ...(operator !== undefined && { operator }),
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

/** Whether the schedule still checks the order. */
export function isOpen(status: WatchStatus): boolean {
  return status !== 'final' && status !== 'stopped';
}

/** When the answer that last confirmed the head's state was requested. */
export function checkedAt(watch: Watch): number | undefined {
  return watch.observations[0]?.requestedAt;
}

/**
 * When an open order is due: soon after a change, less and less often while it rests, stays missing or fails, and at
 * once if no check of it was ever completed. A failed check only ever postpones it.
 */
export function dueAt(watch: Watch, policy: CheckPolicy): number {
  const { failedAt = [], attemptedAt } = watch;
  const [lastFailed] = failedAt;
  return Math.max(
    dueAfterAnswer(watch, policy),
    lastFailed === undefined ? 0 : lastFailed + doubled(failedAt.length, policy),
    attemptedAt === undefined ? 0 : attemptedAt + policy.minMs,
  );
}

function dueAfterAnswer({ announcedRank, observations, notFoundAt, openedAt }: Watch, policy: CheckPolicy): number {
  const [lastNotFound] = notFoundAt;
  if (lastNotFound !== undefined) return lastNotFound + doubled(notFoundAt.length, policy);
  const [latest] = observations;
  if (latest !== undefined) {
    return latest.requestedAt + clamped((latest.requestedAt - updatedAtOfRank(latest.rank)) / 10, policy);
  }
  // Announced but not applied: its observer is still writing, or crashed, and the next check completes its work.
  return announcedRank === undefined ? openedAt : openedAt + policy.minMs;
}

/** The minimum interval after the first time, doubled after each further one. */
function doubled(times: number, policy: CheckPolicy): number {
  return clamped(policy.minMs * 2 ** (times - 1), policy);
}

function clamped(interval: number, { minMs, maxMs }: CheckPolicy): number {
  return Math.round(Math.min(Math.max(interval, minMs), maxMs));
}

/** Both latest answers rank below the head although they were requested well after it was first observed. */
function contradicted({ applied, observations }: Watch): boolean {
  return (
    applied !== undefined &&
    observations.length === maxObservations &&
    observations.every(({ requestedAt, rank }) => rank < applied.rank && requestedAt >= applied.at + settleMs)
  );
}

function greatest(a: Rank | undefined, b: Rank | undefined): Rank | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a;
}

function highest(a: Watch['applied'], b: Watch['applied']): Watch['applied'] {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.rank === b.rank) return a.at <= b.at ? a : b;
  return a.rank > b.rank ? a : b;
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
