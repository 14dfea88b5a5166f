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
  readonly sighted?: Rank;
  /** The greatest rank that the head is known to have reached, and when it was first observed. */
  readonly recorded?: { readonly rank: Rank; readonly at: number };
  /** The two answers asked last, newest first. */
  readonly sightings: readonly Sighting[];
  /** When the not-found answers were asked that came after the newest sighting; newest first, at most ten. */
  readonly missed: readonly number[];
  /** The latest word of a person: an order they let go stays unwatched until a person takes it up again. */
  readonly operator?: { readonly at: number; readonly by: string; readonly stopped: boolean };
};

export type Sighting = { readonly askedAt: number; readonly rank: Rank };

/** What a writer learned; everything in it is joined in. */
export type WatchNews = Omit<Watch, 'sightings' | 'missed'> & Partial<Pick<Watch, 'sightings' | 'missed'>>;

export type WatchStatus = (typeof statuses)[number];

/** How often a live order is checked; milliseconds. */
export type CheckPolicy = { readonly minMs: number; readonly maxMs: number };

const keptSightings = 2;
const keptMisses = 10;
/** The exchange's own nodes may disagree for a few seconds after a change; only later than that it is a contradiction. */
const settleMs = 10_000;

export function join(watch: Watch | undefined, news: WatchNews): Watch {
  const recorded = furthest(watch?.recorded, news.recorded);
  const sighted = greatest(greatest(watch?.sighted, news.sighted), recorded?.rank);
  const operator = latest(watch?.operator, news.operator);
  const sightings = newest([...(watch?.sightings ?? []), ...(news.sightings ?? [])]);
  const seenAt = sightings[0]?.askedAt ?? 0;
  const missed = new Set([...(watch?.missed ?? []), ...(news.missed ?? [])].filter((askedAt) => askedAt > seenAt));
  return {
    openedAt: Math.min(watch?.openedAt ?? news.openedAt, news.openedAt),
    ...(sighted !== undefined && { sighted }),
    ...(recorded !== undefined && { recorded }),
    sightings,
    missed: [...missed].sort((a, b) => b - a).slice(0, keptMisses),
    ...(operator !== undefined && { operator }),
  };
}

export function statusOf(watch: Watch): WatchStatus {
  const { sighted, recorded, missed } = watch;
  if (watch.operator?.stopped) return 'stopped';
  if (sighted === undefined) return 'unconfirmed';
  if (contradicted(watch)) return 'inconsistent';
  const phase = phaseOfRank(sighted);
  if (phase === 'final' && recorded?.rank === sighted) return 'final';
  if (missed.length > 0) return 'missing';
  return phase === 'unknown' ? 'unknown' : 'watched';
}

/** Whether the schedule still asks for the order. */
export function isOpen(status: WatchStatus): boolean {
  return status !== 'final' && status !== 'stopped';
}

/** When the state in the head was last confirmed by an answer: the time of asking. */
export function checkedAt(watch: Watch): number | undefined {
  return watch.sightings[0]?.askedAt;
}

/**
 * When an open order is asked for again: soon after a change, ever more rarely as it rests or stays missing, and at once
 * when no check of it was ever completed.
 */
export function dueAt({ sightings, missed, openedAt }: Watch, { minMs, maxMs }: CheckPolicy): number {
  const within = (interval: number) => Math.round(Math.min(Math.max(interval, minMs), maxMs));
  const [lastMiss] = missed;
  if (lastMiss !== undefined) return lastMiss + within(minMs * 2 ** (missed.length - 1));
  const [latest] = sightings;
  if (latest === undefined) return openedAt;
  return latest.askedAt + within((latest.askedAt - updatedAtOfRank(latest.rank)) / 10);
}

/** Both latest answers rank below the head although they were asked well after it was first observed. */
function contradicted({ recorded, sightings }: Watch): boolean {
  return (
    recorded !== undefined &&
    sightings.length === keptSightings &&
    sightings.every(({ askedAt, rank }) => rank < recorded.rank && askedAt >= recorded.at + settleMs)
  );
}

function greatest(a: Rank | undefined, b: Rank | undefined): Rank | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a;
}

function furthest(a: Watch['recorded'], b: Watch['recorded']): Watch['recorded'] {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.rank === b.rank) return a.at <= b.at ? a : b;
  return a.rank > b.rank ? a : b;
}

function latest(a: Watch['operator'], b: Watch['operator']): Watch['operator'] {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.at === b.at) return JSON.stringify(a) > JSON.stringify(b) ? a : b;
  return a.at > b.at ? a : b;
}

function newest(sightings: readonly Sighting[]): readonly Sighting[] {
  const sorted = sightings.toSorted(
    (a, b) => b.askedAt - a.askedAt || (a.rank < b.rank ? 1 : a.rank > b.rank ? -1 : 0),
  );
  return sorted
    .filter(({ askedAt, rank }, i) => sorted[i - 1]?.askedAt !== askedAt || sorted[i - 1]?.rank !== rank)
    .slice(0, keptSightings);
}
