import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../../lib/errors.ts';
import { createRetryBudget, retryDelay } from '../../../lib/exchange/retry.ts';

test('the retry budget allows the very first call to be repeated, once', () => {
  const budget = createRetryBudget();
  expect(budget.spend()).toBe(false);
  budget.earn();
  expect(budget.spend()).toBe(true);
  expect(budget.spend()).toBe(false);
});

test('the retry budget never allows more than a fifth of the calls to be repeated, rounded up, however they come', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 500 }), (steps) => {
      const budget = createRetryBudget();
      let calls = 0;
      let retries = 0;
      for (const isCall of steps) {
        if (isCall) {
          calls += 1;
          budget.earn();
        } else if (budget.spend()) retries += 1;
        expect(retries).toBeLessThanOrEqual(Math.ceil(calls / 5));
      }
    }),
  );
});

test('the retry budget allows a whole fifth when every call fails', () => {
  const budget = createRetryBudget();
  let retries = 0;
  for (let call = 0; call < 100; call++) {
    budget.earn();
    if (budget.spend()) retries += 1;
  }
  expect(retries).toBe(20);
});

test('the retry budget never allows more than a fifth of any calls in a row, however many came before', () => {
  const budget = createRetryBudget();
  for (let call = 0; call < 10_000; call++) budget.earn();
  const spent = Array.from({ length: 20 }, () => budget.spend());
  expect(spent.filter((was) => was)).toHaveLength(1);
});

describe('waits', () => {
  const busy = new Failure('busy', 'busy');
  const throttled = new Failure('throttled', 'throttled', { retryAfterMs: 1_000 });

  test('the wait before a retry is spread over 200 ms', () => {
    expect(retryDelay(busy, 0, 10_000)).toBe(0);
    expect(retryDelay(busy, 0.5, 10_000)).toBe(100);
  });

  test('the wait before a retry is never shorter than what the exchange required', () => {
    expect(retryDelay(throttled, 0, 10_000)).toBe(1_000);
    expect(retryDelay(throttled, 0.5, 10_000)).toBe(1_100);
  });

  test('the wait before a retry leaves 250 ms before the deadline, or there is no retry', () => {
    expect(retryDelay(throttled, 0.5, 1_350)).toBe(1_100);
    expect(retryDelay(throttled, 0.5, 1_349)).toBeUndefined();
    expect(retryDelay(busy, 0, 0)).toBeUndefined();
  });
});
