import { expect, it } from 'vitest';
import type { ListTrust } from '../../../lib/accounts/table.ts';
import { fullTrust, nextTrust, type TrustEvent } from '../../../lib/sweep/list-trust.ts';

const minute = 60_000;
const contradicted: TrustEvent = { type: 'contradicted' };
const failed: TrustEvent = { type: 'failed', reason: 'invalid_response' };
const passed: TrustEvent = { type: 'passed' };

/** The state after these events, a second apart. */
function stateAfter(...events: readonly TrustEvent[]): ListTrust {
  return events.reduce((trust, event, i) => nextTrust(trust, event, (i + 1) * 1_000), fullTrust);
}

it('the trust in an account’s lists survives two suspicious lists in a row, and ends with the third', () => {
  expect(stateAfter(contradicted, contradicted)).toMatchObject({ trusted: true, failures: 2 });
  expect(stateAfter(contradicted, contradicted, contradicted)).toEqual({
    trusted: false,
    since: 3_000,
    reason: 'contradicted',
    failures: 1,
    nextAt: 3_000 + minute,
  });
  expect(stateAfter(failed, failed, failed)).toMatchObject({ trusted: false, reason: 'invalid_response' });
});

it('the trust in an account’s lists starts counting again after a list that passes', () => {
  expect(stateAfter(failed, failed, passed)).toEqual({ trusted: true, since: 3_000, failures: 0 });
  expect(stateAfter(failed, failed, passed, failed)).toMatchObject({ trusted: true, failures: 1 });
  expect(stateAfter(passed)).toBe(fullTrust);
});

it('the trust in an account’s lists returns with the first list that passes, however long it was lost', () => {
  const gone = stateAfter(contradicted, contradicted, contradicted, contradicted);
  expect(nextTrust(gone, passed, 9_000)).toEqual({ trusted: true, since: 9_000, failures: 0 });
});

it('the trust in an account’s lists is tried again less and less often: within an hour after contradictions, within five minutes after failures', () => {
  const waits = (event: TrustEvent) => {
    let trust = stateAfter(event, event);
    return Array.from({ length: 9 }, (_, i) => {
      trust = nextTrust(trust, event, i * 1_000);
      return ((trust.nextAt ?? 0) - i * 1_000) / minute;
    });
  };
  expect(waits(contradicted)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  expect(waits(failed)).toEqual([1, 2, 4, 5, 5, 5, 5, 5, 5]);
});

it('the trust in an account’s lists keeps the time at which it was lost, and the latest reason', () => {
  const gone = stateAfter(contradicted, contradicted, contradicted, failed);
  expect(gone).toMatchObject({ since: 3_000, reason: 'invalid_response', failures: 2 });
});
