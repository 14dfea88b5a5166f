import { describe, expect, it } from 'vitest';
import { deribit, orangex } from '../../../lib/exchange/dialects/index.ts';
import { capacityOf, creditLimits, creditsDueAt } from '../../../lib/exchange/rate-limiter.ts';

describe('what an account may spend', () => {
  it('is half of what the exchange allows, unless told otherwise, a part of the burst kept for people', () => {
    expect(creditLimits(orangex.limit)).toEqual({ msPerCredit: 200, burst: { door: 5, sweep: 3 } });
    expect(creditLimits(deribit.limit)).toEqual({ msPerCredit: 100, burst: { door: 50, sweep: 30 } });
    expect(creditLimits(deribit.limit, 0.25)).toEqual({ msPerCredit: 200, burst: { door: 25, sweep: 15 } });
  });

  it('is at least one credit for everyone', () => {
    expect(creditLimits({ perSecond: 1, burst: 1 })).toEqual({ msPerCredit: 2000, burst: { door: 1, sweep: 1 } });
    expect(creditLimits({ perSecond: 3, burst: 4 })).toEqual({ msPerCredit: 667, burst: { door: 2, sweep: 1 } });
  });

  it('is enough for as many orders as there are credits while one may wait', () => {
    expect(capacityOf(creditLimits(orangex.limit), 600_000)).toBe(3_000);
  });

  it('comes due as the arrival time comes within the burst', () => {
    expect([1, 5].map((credits) => creditsDueAt(10_000, credits, 5, 200))).toEqual([9_200, 10_000]);
  });
});
