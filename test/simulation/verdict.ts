import type { Code } from '../../lib/errors.ts';
import { type CreditLimits, creditLifeMs } from '../../lib/exchange/rate-limiter.ts';
import type { CheckPolicy } from '../../lib/snapshots/watch.ts';
import type { Crime, Finding, Judge } from './checker.ts';
import type { Weather } from './fault-schedule.ts';
import { largestSkewMs } from './lambdas.ts';
import type { Market } from './market.ts';

/** What a simulation came to. */
export type Verdict = {
  readonly seed: number;
  readonly findings: readonly Finding[];
  readonly orders: number;
  readonly closed: number;
  /** Ends that nobody could see: the exchange or the way to it was in trouble until they were forgotten. */
  readonly excused: number;
  readonly calls: number;
  /** When they came in. */
  readonly callTimes: readonly number[];
  /** Of every true state of a known order: how long until it, or a later one, was in the history; ascending. */
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
  return findings.length === 0 && !isOurFault && closed > 0 && calls > orders && swept > leastSwept;
}

/** A sweep ends when nothing falls due before the next tick; less of the time than this, and the schedule has failed. */
const leastSwept = 0.4;
/** What no trouble of the exchange, of the table or of a process excuses. */
const ourFaults: readonly Code[] = ['internal', 'store_corrupt', 'call_rejected', 'invalid_order_id'];

export function countOf({ findings }: Verdict, crime: Crime): number {
  return findings.filter((finding) => finding.crime === crime).length;
}

/** The q-th part of ascending numbers, 0 for none. */
export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}

/** Ends that were forgotten before they were seen; answers how many of them nobody could have seen. */
export function judgeEnds(deps: {
  readonly market: Market;
  readonly judge: Judge;
  readonly weather: Weather;
  readonly policy: CheckPolicy;
  readonly retentionMs: number;
  readonly end: number;
}): { readonly closed: number; readonly excused: number } {
  const { market, judge, weather, policy, retentionMs, end } = deps;
  let closed = 0;
  let excused = 0;
  for (const { orderId, states } of market.truths.values()) {
    const last = states.length - 1;
    const final = states[last];
    const knownAt = judge.knownAt(orderId);
    if (final?.isFinal !== true || knownAt === undefined || knownAt > final.at) continue;
    closed++;
    if (judge.seenAt(orderId, last) !== undefined) continue;
    const forgottenAt = Math.min(final.at + retentionMs, end);
    if (weather.longestFair(final.at + policy.maxMs, forgottenAt) < allowanceMs) excused++;
    else judge.find('neverSeen', `${orderId}: ended at ${new Date(final.at).toISOString()}, and nobody saw it`);
  }
  return { closed, excused };
}

/** Windows in which more calls reached the exchange than credits had been earned. */
export function judgeSpending(calls: readonly number[], { msPerCredit, burst }: CreditLimits, judge: Judge): void {
  const most = burst.door + (2 * largestSkewMs + creditLifeMs + jitterMs) / msPerCredit;
  let excess = 0;
  let last = 0;
  let isOver = false;
  for (const at of calls) {
    excess = Math.max(0, excess - (at - last) / msPerCredit) + 1;
    last = at;
    if (excess > most && !isOver)
      judge.find('overspent', `${excess.toFixed(1)} credits ahead at ${new Date(at).toISOString()}`);
    isOver = excess > most;
  }
}

export function delaysOf(market: Market, judge: Judge): readonly number[] {
  const delays: number[] = [];
  for (const { orderId, states } of market.truths.values()) {
    const knownAt = judge.knownAt(orderId) ?? Number.POSITIVE_INFINITY;
    for (const [i, { at }] of states.entries()) {
      const seenAt = judge.seenAt(orderId, i);
      if (at > knownAt && seenAt !== undefined) delays.push(seenAt - at);
    }
  }
  return delays.toSorted((a, b) => a - b);
}
