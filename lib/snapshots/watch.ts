import { phaseOfRank, type Rank, updatedAtOfRank } from './rank.ts';
import type { statuses } from './statuses.ts';

/**
 * What we know of the watching of one order. Every field is a register that only grows under `join`, so any order, any
 * number and any interleaving of writers end in the same watch, and a late writer can never undo a newer one.
 * Times are milliseconds since the Unix epoch, by our clock.
 */
export type Watch = {
  /** When the order first became known here. */
  readonly openedAt: number;
  /** The greatest rank that an answer has shown, known before its snapshot is written. */
  readonly announcedRank?: Rank;
  /** The greatest rank that the head is known to have reached, and when it was first observed. */
  readonly applied?: { readonly rank: Rank; readonly at: number };
  /** The two answers asked last, newest first. */
  readonly observations: readonly ObservedRank[];
  /** When the not-found answers were asked that came after the newest sighting; newest first, at most ten. */
  readonly notFoundAt: readonly number[];
  /** The latest word of a person: an order they let go stays unwatched until a person takes it up again. */
  readonly operator?: { readonly at: number; readonly by: string; readonly stopped: boolean };
};

export type ObservedRank = { readonly requestedAt: number; readonly rank: Rank };

/** What a writer learned; everything in it is joined in. */
export type WatchDelta = Omit<Watch, 'observations' | 'notFoundAt'> &
  Partial<Pick<Watch, 'observations' | 'notFoundAt'>>;

export type WatchStatus = (typeof statuses)[number];

/** How often a live order is checked; milliseconds. */
export type CheckPolicy = { readonly minMs: number; readonly maxMs: number };

const maxObservations = 2;
const maxNotFoundAt = 10;
/** The exchange's own nodes may disagree for a few seconds after a change; only later than that it is a contradiction. */
const settleMs = 10_000;

export function join(watch: Watch | undefined, delta: WatchDelta): Watch {
  const applied = highest(watch?.applied, delta.applied);
  const announcedRank = greatest(greatest(watch?.announcedRank, delta.announcedRank), applied?.rank);
  const operator = latest(watch?.operator, delta.operator);
  const observations = newest([...(watch?.observations ?? []), ...(delta.observations ?? [])]);
  const seenAt = observations[0]?.requestedAt ?? 0;
  const notFoundAt = new Set(
    [...(watch?.notFoundAt ?? []), ...(delta.notFoundAt ?? [])].filter((requestedAt) => requestedAt > seenAt),
  );
  return {
    openedAt: Math.min(watch?.openedAt ?? delta.openedAt, delta.openedAt),
    ...(announcedRank !== undefined && { announcedRank }),
    ...(applied !== undefined && { applied }),
    observations,
    notFoundAt: [...notFoundAt].sort((a, b) => b - a).slice(0, maxNotFoundAt),
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

/** Whether the schedule still asks for the order. */
export function isOpen(status: WatchStatus): boolean {
  return status !== 'final' && status !== 'stopped';
}

/** When the state in the head was last confirmed by an answer: the time of asking. */
export function checkedAt(watch: Watch): number | undefined {
  return watch.observations[0]?.requestedAt;
}

/**
 * When an open order is asked for again: soon after a change, ever more rarely as it rests or stays missing, and at once
 * when no check of it was ever completed.
 */
export function dueAt({ observations, notFoundAt, openedAt }: Watch, { minMs, maxMs }: CheckPolicy): number {
  const within = (interval: number) => Math.round(Math.min(Math.max(interval, minMs), maxMs));
  const [latestNotFound] = notFoundAt;
  if (latestNotFound !== undefined) return latestNotFound + within(minMs * 2 ** (notFoundAt.length - 1));
  const [latest] = observations;
  if (latest === undefined) return openedAt;
  return latest.requestedAt + within((latest.requestedAt - updatedAtOfRank(latest.rank)) / 10);
}

/** Both latest answers rank below the head although they were asked well after it was first observed. */
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

function newest(observations: readonly ObservedRank[]): readonly ObservedRank[] {
  const sorted = observations.toSorted(
    (a, b) => b.requestedAt - a.requestedAt || (a.rank < b.rank ? 1 : a.rank > b.rank ? -1 : 0),
  );
  return sorted
    .filter(({ requestedAt, rank }, i) => sorted[i - 1]?.requestedAt !== requestedAt || sorted[i - 1]?.rank !== rank)
    .slice(0, maxObservations);
}
