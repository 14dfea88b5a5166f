import { updatedAtOfRank } from './rank.ts';
import { checkedAt, isCovered, isVanished, statusOf, type Watch } from './watch.ts';

/** How often a live order is checked; milliseconds. */
export type CheckPolicy = { readonly minMs: number; readonly maxMs: number };

/** The shortest interval of checks of an order that vanished from a list and is still open by its own reply. */
const minVanishedMs = 2_000;
/** How often an order that lists cover is still checked individually, so that no list is believed forever. */
const coveredMs = 4 * 3_600_000;
/** Its checks are due at whole steps from its opening: a reply that leaves the order in its place costs one write less. */
const coveredStepMs = 3_600_000;

/**
 * When an open order is due: soon after a change, less and less often while it rests, stays missing or fails, and at
 * once if no check of it was ever completed. A failed check only ever postpones it.
 */
export function dueAt(watch: Watch, policy: CheckPolicy): number {
  return Math.max(watch.notFoundAt.length > 0 ? 0 : dueAfterStart(watch, policy), postponedUntil(watch, policy));
}

/** Until when an order waits whose latest checks failed or did not find it, whatever else makes it due; 0 for others. */
export function postponedUntil(watch: Watch, policy: CheckPolicy): number {
  const { failedAt = [], attemptedAt, notFoundAt } = watch;
  const [lastFailed] = failedAt;
  const [lastNotFound] = notFoundAt;
  return Math.max(
    lastNotFound === undefined ? 0 : dueAfterNotFound(watch, lastNotFound, policy),
    lastFailed === undefined ? 0 : lastFailed + doubled(failedAt.length, policy),
    attemptedAt === undefined ? 0 : attemptedAt + policy.minMs,
  );
}

/** A lookup follows a check that does not find the order: the check is not later than the lookup is due. */
function dueAfterNotFound(watch: Watch, lastNotFound: number, policy: CheckPolicy): number {
  const next = lastNotFound + doubled(watch.notFoundAt.length, policy);
  if (watch.lookedUpAt === undefined) return next;
  return Math.min(next, Math.max(lookupDueAt(watch), lastNotFound + policy.minMs));
}

/** What happened while a watch was stopped is unknown: a start makes the order due at once, and never later. */
function dueAfterStart(watch: Watch, policy: CheckPolicy): number {
  const due = dueAfterReply(watch, policy);
  const startedAt = watch.operator?.at ?? 0;
  return startedAt > (checkedAt(watch) ?? Infinity) ? Math.min(due, startedAt) : due;
}

function dueAfterReply(watch: Watch, policy: CheckPolicy): number {
  const { announcedRank, observations, openedAt, listed } = watch;
  const [latest] = observations;
  if (latest !== undefined) {
    // For a state that is announced but not applied, the next list shows whether it is current.
    if (isCovered(watch) && statusOf(watch) === 'watched') {
      const sinceOpenedMs = latest.requestedAt + coveredMs - openedAt;
      return openedAt + sinceOpenedMs - (sinceOpenedMs % coveredStepMs);
    }
    // It vanished from a list after it was last seen: what became of it is worth a call at once.
    if (listed !== undefined && isVanished(watch)) return listed.at;
    const usual = clamped((latest.requestedAt - updatedAtOfRank(latest.rank)) / 10, policy);
    // It vanished from a list, and its own reply, perhaps of a node that is late, says that it is open: it is checked
    // again soon.
    const sinceVanished = listed?.present === false ? latest.requestedAt - listed.at : Infinity;
    return latest.requestedAt + Math.min(usual, Math.max(sinceVanished, minVanishedMs));
  }
  // Announced but not applied: its observer is still writing, or crashed, and the next check completes its work.
  return announcedRank === undefined ? openedAt : openedAt + policy.minMs;
}

/**
 * When an order that lists cover is due because they have not confirmed it for some time: as any other, counted from its
 * last confirmation, and not before `graceMs` have passed.
 */
export function dueWithoutLists(
  { announcedRank, openedAt }: Watch,
  confirmed: number | undefined,
  policy: CheckPolicy,
  graceMs: number,
): number {
  const from = confirmed ?? openedAt;
  const restingMs = announcedRank === undefined ? 0 : from - updatedAtOfRank(announcedRank);
  return from + Math.max(graceMs, clamped(restingMs / 10, policy));
}

/** The waits between lookups of a missing order in the exchange's histories: these are indexed with a delay. */
const lookupWaitsMs = [0, 60_000, 240_000, 600_000] as const;
const laterLookupsMs = 3_600_000;

/** When a missing order is looked up next: at once, then after 1, 5 and 15 minutes, then every hour. */
export function lookupDueAt({ notFoundAt, lookedUpAt = [] }: Watch): number {
  return (lookedUpAt[0] ?? notFoundAt[0] ?? 0) + (lookupWaitsMs[lookedUpAt.length] ?? laterLookupsMs);
}

/** The minimum interval after the first time, doubled after each further one. */
function doubled(times: number, policy: CheckPolicy): number {
  return clamped(policy.minMs * 2 ** (times - 1), policy);
}

function clamped(interval: number, { minMs, maxMs }: CheckPolicy): number {
  return Math.round(Math.min(Math.max(interval, minMs), maxMs));
}
