import type { Code } from '../../lib/errors.ts';
import { permitLifeMs, type RateLimits } from '../../lib/exchange/rate-limiter.ts';
import type { CheckPolicy } from '../../lib/snapshots/due.ts';
import type { Checker, Finding, Violation } from './checker.ts';
import type { FaultSchedule } from './fault-schedule.ts';
import { maxSkewMs } from './lambdas.ts';
import type { Market } from './market.ts';

/** The result of a simulation. */
export type Verdict = {
  readonly seed: number;
  readonly findings: readonly Finding[];
  readonly orders: number;
  readonly closed: number;
  /** Ends that nobody could see: the exchange was down or unreachable until they were forgotten. */
  readonly excused: number;
  readonly calls: number;
  /** When they came in. */
  readonly callTimes: readonly number[];
  /** Every true state of a known order that was seen, but the first. */
  readonly transitions: readonly Transition[];
  /** Of these: how long until it, or a later one, was in the history; ascending. */
  readonly delays: readonly number[];
  /** The part of the time that the account was held by a sweep. */
  readonly swept: number;
  /** Requests to the table, and failures of checks, by name. */
  readonly requests: ReadonlyMap<string, number>;
  readonly failures: ReadonlyMap<string, number>;
  /** Equal for equal runs. */
  readonly trace: number;
};

/**
 * Once it is due, at the latest `maxMs` after its end, an order is seen within this much fair time: a tick skipped, a
 * probe's rest, a failed check set aside, others first.
 */
const allowanceMs = 4 * 60_000;
/** How much the way to the exchange can push calls together, milliseconds. */
const jitterMs = 50;

/** Nothing happened that must not, and enough happened for that to mean something. */
export function isSound({ findings, failures, orders, calls, closed, swept }: Verdict): boolean {
  const isOurFault = ourFaults.some((code) => failures.has(code));
  return findings.length === 0 && !isOurFault && closed > 0 && calls > orders && swept > minSwept;
}

/**
 * A sweep ends when nothing becomes due before the next tick; less of the time than this, and the schedule has failed.
 */
const minSwept = 0.4;
/** What no fault of the exchange, of the table or of a process excuses. */
const ourFaults: readonly Code[] = ['internal', 'store_corrupt', 'request_rejected', 'invalid_order_id'];

export function countOf({ findings }: Verdict, violation: Violation): number {
  return findings.filter((summary) => summary.violation === violation).length;
}

/** The q-th part of ascending numbers, 0 for none. */
export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}

/** Ends that were forgotten before they were seen; returns how many of them nobody could have seen. */
export function checkEnds(deps: {
  readonly market: Market;
  readonly checker: Checker;
  readonly faultSchedule: FaultSchedule;
  readonly policy: CheckPolicy;
  readonly retentionMs: number;
  readonly end: number;
  /** The account's open orders are listed. */
  readonly lists: boolean;
}): { readonly closed: number; readonly excused: number } {
  const { market, checker, faultSchedule, policy, retentionMs, end, lists } = deps;
  let closed = 0;
  let excused = 0;
  for (const { orderId, states, unlisted } of market.truths.values()) {
    const last = states.length - 1;
    const final = states[last];
    const knownAt = checker.knownAt(orderId);
    const livedUntil = final?.isFinal === true ? final.at : end;
    const canBeListed = faultSchedule.maxFairMs(states[0]?.at ?? end, livedUntil) >= allowanceMs;
    if (lists && !unlisted && knownAt === undefined && canBeListed) {
      checker.find('undiscovered', `${orderId}: live until ${new Date(livedUntil).toISOString()}, and nobody knows it`);
    }
    if (final?.isFinal !== true || knownAt === undefined || knownAt > final.at) continue;
    closed++;
    if (checker.seenAt(orderId, last) !== undefined) continue;
    // What the exchange no longer knows, its history does; without lists, histories are not searched.
    const forgottenAt = lists ? end : Math.min(final.at + retentionMs, end);
    if (faultSchedule.maxFairMs(final.at + policy.maxMs, forgottenAt) < allowanceMs) excused++;
    else checker.find('neverSeen', `${orderId}: ended at ${new Date(final.at).toISOString()}, and nobody saw it`);
  }
  return { closed, excused };
}

/** Windows in which more calls reached the exchange than permits had been earned. */
export function checkSpending(calls: readonly number[], { msPerPermit, burst }: RateLimits, checker: Checker): void {
  const maxExcess = burst.interactive + (2 * maxSkewMs + permitLifeMs + jitterMs) / msPerPermit;
  let excess = 0;
  let last = 0;
  let isOver = false;
  for (const at of calls) {
    excess = Math.max(0, excess - (at - last) / msPerPermit) + 1;
    last = at;
    if (excess > maxExcess && !isOver)
      checker.find('overspent', `${excess.toFixed(1)} permits ahead at ${new Date(at).toISOString()}`);
    isOver = excess > maxExcess;
  }
}

/** One change of an order, when it was in the history, and how long the order had not changed before it; milliseconds. */
export type Transition = { readonly at: number; readonly seenAt: number; readonly restedMs: number };

export function transitionsOf(market: Market, checker: Checker): readonly Transition[] {
  const transitions: Transition[] = [];
  for (const { orderId, states } of market.truths.values()) {
    const knownAt = checker.knownAt(orderId) ?? Number.POSITIVE_INFINITY;
    for (const [i, { at }] of states.entries()) {
      const seenAt = checker.seenAt(orderId, i);
      if (at > knownAt && seenAt !== undefined) {
        transitions.push({ at, seenAt, restedMs: at - (states[i - 1]?.at ?? at) });
      }
    }
  }
  return transitions;
}

/** Ascending. */
export function delaysOf(transitions: readonly Transition[]): readonly number[] {
  return transitions.map(({ at, seenAt }) => seenAt - at).toSorted((a, b) => a - b);
}
