import { expect, it } from 'vitest';
import { deribit } from '../../../lib/exchange/dialects/deribit.ts';
import { orangex } from '../../../lib/exchange/dialects/orangex.ts';
import { capacityOf, permitsDueAt, rateLimitsOf } from '../../../lib/exchange/rate-limiter.ts';

it('the rate limit of an account is half of what the exchange allows by default, with part of the burst kept for interactive calls', () => {
  expect(rateLimitsOf(orangex.limit)).toEqual({ msPerPermit: 200, burst: { interactive: 5, background: 3 } });
  expect(rateLimitsOf(deribit.limit)).toEqual({ msPerPermit: 100, burst: { interactive: 50, background: 30 } });
  expect(rateLimitsOf(deribit.limit, 0.25)).toEqual({ msPerPermit: 200, burst: { interactive: 25, background: 15 } });
});

it('the rate limit of an account has at least one permit for each priority', () => {
  expect(rateLimitsOf({ perSecond: 1, burst: 1 })).toEqual({
    msPerPermit: 2000,
    burst: { interactive: 1, background: 1 },
  });
  expect(rateLimitsOf({ perSecond: 3, burst: 4 })).toEqual({
    msPerPermit: 667,
    burst: { interactive: 2, background: 1 },
  });
});

it('the rate limit of an account allows as many orders as there are permits within the maximum check interval', () => {
  expect(capacityOf(rateLimitsOf(orangex.limit), 600_000)).toBe(3_000);
});

it('the rate limit of an account gives the next permit as soon as the arrival time is within the burst', () => {
  expect([1, 5].map((permits) => permitsDueAt(10_000, permits, 5, 200))).toEqual([9_200, 10_000]);
});
