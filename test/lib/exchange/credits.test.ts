import { describe, expect, it } from 'vitest';
import { Failure } from '../../../lib/errors.ts';
import { createCredits, creditLifeMs, creditLimits, creditsDueAt, type Lane } from '../../../lib/exchange/credits.ts';
import { deribit, orangex } from '../../../lib/exchange/dialects.ts';
import { createMemoryAccountTable } from '../accounts/memory-table.ts';
import { createVirtualClock } from '../virtual-clock.ts';

const limits = creditLimits({ perSecond: 20, burst: 20 });

/** Processes that share one account, and one clock. Requests are counted, and may be made to take time or fail. */
function setUp() {
  const clock = createVirtualClock();
  const memory = createMemoryAccountTable();
  const behaviour = { requestMs: 0, fails: false };
  let requests = 0;
  const far =
    <Args extends readonly unknown[], Result>(request: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      requests++;
      if (behaviour.fails) throw new Failure('store_unavailable', 'No answer.');
      const result = await request(...args);
      clock.advance(behaviour.requestMs);
      return result;
    };
  const table = {
    ...memory,
    readAccount: far(memory.readAccount),
    advanceTat: far(memory.advanceTat),
    raiseTat: far(memory.raiseTat),
  };
  return {
    clock,
    memory,
    behaviour,
    requests: () => requests,
    credits: (lane: Lane) => createCredits({ table, account: 'main', lane, limits, clock }),
    soon: () => clock.now() + 10,
    late: () => clock.now() + 60_000,
  };
}

async function spendMany(spend: () => Promise<void>, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await spend();
}

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

  it('comes due as the arrival time comes within the burst', () => {
    expect(creditsDueAt(10_000, 1, 5, 200)).toBe(9_200);
    expect(creditsDueAt(10_000, 5, 5, 200)).toBe(10_000);
  });
});

describe('a door', () => {
  it('takes a credit of a rested account with one request', async () => {
    const { credits, requests, soon } = setUp();
    await credits('door').spend(soon());
    expect(requests()).toBe(1);
  });

  it('takes the whole burst at once, and the next credit when it is earned', async () => {
    const { credits, clock, late } = setUp();
    const { spend } = credits('door');
    await spendMany(() => spend(late()), 10);
    expect(clock.sleeps).toEqual([]);
    await spend(late());
    expect(clock.sleeps).toEqual([100]);
  });

  it('is told at once when no credit comes in time, and when to come back', async () => {
    const { credits, clock, soon, requests } = setUp();
    await spendMany(() => credits('door').spend(soon()), 10);
    const before = requests();
    const late = credits('door').spend(clock.now() + 100);
    await expect(late).rejects.toMatchObject({ code: 'throttled', retryAfterMs: 100 });
    expect(clock.sleeps).toEqual([]);
    // Raised, advanced, read: a process that knew nothing.
    expect(requests() - before).toBe(3);
  });

  it('finds its lane after a sweep took all that it may', async () => {
    const { credits, clock, late } = setUp();
    const sweep = credits('sweep');
    await spendMany(() => sweep.spend(late()), 6);
    expect(clock.sleeps).toEqual([]);
    const { spend } = credits('door');
    await spendMany(() => spend(late()), 4);
    expect(clock.sleeps).toEqual([]);
    await spend(late());
    expect(clock.sleeps).toEqual([100]);
  });

  it('steps back further each time that another one was faster', async () => {
    const { credits, clock, memory, late } = setUp();
    const full = () => memory.raiseTat('main', { below: clock.now() + 1_000, to: clock.now() + 1_000 });
    await full();
    const naps: number[] = [];
    const rival = {
      ...clock,
      sleep: async (ms: number) => {
        naps.push(ms);
        clock.advance(ms);
        if (naps.length < 4) await full();
      },
    };
    await createCredits({ table: memory, account: 'main', lane: 'door', limits, clock: rival }).spend(late());
    expect(naps).toEqual([100, 100, 200, 300]);
    await full();
    await credits('door').spend(late());
    expect(clock.sleeps).toEqual([100]);
  });

  it('gets no credit, and makes no call, when the table is out of reach', async () => {
    const { credits, behaviour, late } = setUp();
    const { spend, throttled } = credits('door');
    behaviour.fails = true;
    await expect(spend(late())).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(throttled()).rejects.toMatchObject({ code: 'store_unavailable' });
    behaviour.fails = false;
    await spend(late());
  });
});

describe('a sweep', () => {
  it('takes the credits of those who wait together with one request for five', async () => {
    const { credits, requests, late } = setUp();
    const { spend } = credits('sweep');
    await Promise.all(Array.from({ length: 6 }, () => spend(late())));
    // The first asked alone, before there were others.
    expect(requests()).toBe(2);
  });

  it('lets the credits die that come too late to be called with, and asks again', async () => {
    const { credits, behaviour, requests, late } = setUp();
    const { spend } = credits('sweep');
    behaviour.requestMs = creditLifeMs;
    const spent = spend(late());
    await Promise.resolve();
    behaviour.requestMs = 0;
    await spent;
    expect(requests()).toBe(1);

    behaviour.requestMs = creditLifeMs;
    await expect(spend(late() - 59_000)).rejects.toMatchObject({ code: 'throttled', retryAfterMs: 100 });
  });

  it('keeps a credit for its next call when the one who asked for it has gone', async () => {
    const { credits, behaviour, requests, clock, late } = setUp();
    const { spend } = credits('sweep');
    behaviour.requestMs = 500;
    await expect(spend(clock.now() + 400)).rejects.toMatchObject({ code: 'throttled' });
    await spend(late());
    expect(requests()).toBe(1);
  });
});

describe('a throttled answer', () => {
  it('stops every process of the account for as long as the exchange says, and no burst follows', async () => {
    const { credits, clock, late } = setUp();
    const start = clock.now();
    await credits('sweep').throttled(7_000);
    const { spend } = credits('door');
    await spend(late());
    expect(clock.now() - start).toBe(7_000);
    await spend(late());
    expect(clock.now() - start).toBe(7_100);
    await credits('sweep').spend(late());
    expect(clock.now() - start).toBe(7_600);
  });

  it('stops them for a second at the least, and five minutes at the most', async () => {
    const { credits, clock } = setUp();
    await credits('door').throttled();
    await expect(credits('door').spend(clock.now() + 1_000)).rejects.toMatchObject({ retryAfterMs: 1_000 });
    await credits('door').throttled(86_400_000);
    await expect(credits('door').spend(clock.now() + 1_000)).rejects.toMatchObject({ retryAfterMs: 300_000 });
  });

  it('never shortens a longer stop', async () => {
    const { credits, clock } = setUp();
    await credits('door').throttled(9_000);
    await credits('door').throttled(1_000);
    await expect(credits('door').spend(clock.now() + 1_000)).rejects.toMatchObject({ retryAfterMs: 9_000 });
  });

  it('kills the credits that its process has left, and those under way', async () => {
    const { credits, behaviour, clock } = setUp();
    const { spend, throttled } = credits('sweep');
    behaviour.requestMs = 500;
    await expect(spend(clock.now() + 400)).rejects.toMatchObject({ code: 'throttled' });
    behaviour.requestMs = 0;
    await throttled(1_000);
    await expect(spend(clock.now() + 1_400)).rejects.toMatchObject({ retryAfterMs: 1_400 });

    const other = setUp();
    const sweep = other.credits('sweep');
    const underWay = sweep.spend(other.clock.now() + 1_000);
    const cooled = sweep.throttled(5_000);
    await expect(underWay).rejects.toMatchObject({ code: 'throttled' });
    await cooled;
  });
});
