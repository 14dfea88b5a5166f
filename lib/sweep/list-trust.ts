import type { ListTrust } from '../accounts/table.ts';
import type { Code } from '../errors.ts';

/*
 * Whether conclusions are drawn from the absence of an order in its account's lists: a state and an event give the next
 * state; the clock is an argument (epoch ms). While lists are not trusted, orders are checked one by one.
 */

export type TrustEvent =
  /** A complete list in which no live order was missing without an explanation. */
  | { readonly type: 'passed' }
  /** The list lacked an order that its own reply showed to be open. */
  | { readonly type: 'contradicted' }
  /** The exchange replied with something that permits no conclusion, or refused to list at all. */
  | { readonly type: 'failed'; readonly reason: Code | 'incomplete' };

export const fullTrust: ListTrust = { trusted: true, since: 0, failures: 0 };

/**
 * One odd list is tried again at the usual pace, because the list or the probe's reply may be late; this many in a row
 * are not.
 */
const maxFailures = 3;
const firstRetryMs = 60_000;
/** A list that failed is tried again sooner than one that was wrong: nothing depends on it meanwhile. */
const maxRetryMs = { contradicted: 3_600_000, failed: 300_000 } as const;

export function nextTrust(trust: ListTrust, event: TrustEvent, now: number): ListTrust {
  if (event.type === 'passed') return trust.trusted && trust.failures === 0 ? trust : { ...fullTrust, since: now };
  const failures = trust.failures + 1;
  if (trust.trusted && failures < maxFailures) return { ...trust, failures };
  const retries = trust.trusted ? 0 : failures - 1;
  const retryMs = Math.min(firstRetryMs * 2 ** retries, maxRetryMs[event.type]);
  return {
    trusted: false,
    since: trust.trusted ? now : trust.since,
    reason: event.type === 'contradicted' ? 'contradicted' : event.reason,
    failures: trust.trusted ? 1 : failures,
    nextAt: now + retryMs,
  };
}
