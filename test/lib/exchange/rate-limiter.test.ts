import { describe, expect, it } from 'vitest';
import { Failure } from '../../../lib/errors.ts';
import { createCredits, creditLifeMs, creditLimits, type Lane } from '../../../lib/exchange/rate-limiter.ts';
import { createMemoryAccountTable } from '../accounts/memory-table.ts';
import { createVirtualClock } from '../virtual-clock.ts';

const limits = creditLimits({ perSecond: 20, burst: 20 });

/** Processes that share one account, and one clock. Requests are counted, and can be made to fail or, each, to last. */
function setUp() {
  const clock = createVirtualClock();
  const memory = createMemoryAccountTable();
  const lasts: number[] = [];
  const behaviour = { fails: false };
  let requests = 0;
  const far =
    <Args extends readonly unknown[], Result>(request: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      requests++;
      if (behaviour.fails) throw new Failure('store_unavailable', 'No answer.');
      const result = await request(...args);
      clock.advance(lasts.shift() ?? 0);
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
    lasts,
    requests: () => requests,
    credits: (lane: Lane) => createCredits({ table, account: 'main', lane, limits, clock }),
    late: () => clock.now() + 60_000,
  };
}

describe('a door', () => {
  it('takes a credit of a rested account with one request', async () => {
    const { credits, requests, late } = setUp();
    await credits('door').spend(late());
    expect(requests()).toBe(1);
  });

  it('takes the whole burst at once, and the next credit when it is earned', async () => {
    const { credits, clock, late } = setUp();
    const { spend } = credits('door');
    for (let i = 0; i < 10; i++) await spend(late());
    expect(clock.sleeps).toEqual([]);
    await spend(late());
    expect(clock.sleeps).toEqual([100]);
  });

  it('is told at once when no credit comes in time, and when to come back', async () => {
    const { credits, clock, late, requests } = setUp();
    for (let i = 0; i < 10; i++) await credits('door').spend(late());
    const before = requests();
    const spent = credits('door').spend(clock.now() + 100);
    await expect(spent).rejects.toMatchObject({ code: 'no_credit', retryAfterMs: 100 });
    expect(clock.sleeps).toEqual([]);
    // Raised, advanced, read: a process that knew nothing.
    expect(requests() - before).toBe(3);
  });

  it('finds its lane after a sweep took all that it may', async () => {
    const { credits, clock, late } = setUp();
    const sweep = credits('sweep');
    for (let i = 0; i < 6; i++) await sweep.spend(late());
    expect(clock.sleeps).toEqual([]);
    const { spend } = credits('door');
    for (let i = 0; i < 4; i++) await spend(late());
    expect(clock.sleeps).toEqual([]);
    await spend(late());
    expect(clock.sleeps).toEqual([100]);
  });

  it('steps back further each time that another one was faster', async () => {
    const { clock, memory, late } = setUp();
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
  });

  it('gets no credit, and makes no call, when the table is out of reach', async () => {
    const { credits, behaviour, late } = setUp();
    behaviour.fails = true;
    await expect(credits('door').spend(late())).rejects.toMatchObject({ code: 'store_unavailable' });
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

  it('lets the credits die that come too late to be called with, and asks again while there is time', async () => {
    const { credits, lasts, requests, late, clock } = setUp();
    const { spend } = credits('sweep');
    lasts.push(creditLifeMs);
    await spend(late());
    expect(requests()).toBe(2);
    lasts.push(creditLifeMs);
    await expect(spend(clock.now() + creditLifeMs)).rejects.toMatchObject({ code: 'no_credit', retryAfterMs: 100 });
  });

  it('keeps a credit for its next call when the one who asked for it has gone', async () => {
    const { credits, lasts, requests, clock, late } = setUp();
    const { spend } = credits('sweep');
    lasts.push(500);
    await expect(spend(clock.now() + 400)).rejects.toMatchObject({ code: 'no_credit' });
    await spend(late());
    expect(requests()).toBe(1);
  });
});

describe('a throttled answer', () => {
  it('stops every process of the account for as long as the exchange says, and no burst follows', async () => {
    const { credits, clock, late } = setUp();
    await credits('sweep').throttled(7_000);
    const { spend } = credits('door');
    for (let i = 0; i < 2; i++) await spend(late());
    await credits('sweep').spend(late());
    expect(clock.sleeps).toEqual([7_000, 100, 500]);
  });

  it('stops them for a second at the least and five minutes at the most, and never shortens a longer stop', async () => {
    const { credits, clock } = setUp();
    const { throttled } = credits('sweep');
    const spend = () => credits('door').spend(clock.now() + 1_000);
    await throttled();
    await expect(spend()).rejects.toMatchObject({ retryAfterMs: 1_000 });
    await throttled(86_400_000);
    await throttled(9_000);
    await expect(spend()).rejects.toMatchObject({ retryAfterMs: 300_000 });
  });

  it('stops its own process even when the table could not be told', async () => {
    const { credits, behaviour, requests, clock } = setUp();
    const { spend, throttled } = credits('sweep');
    behaviour.fails = true;
    await expect(throttled(3_000)).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(spend(clock.now() + 3_000)).rejects.toMatchObject({ code: 'no_credit' });
    behaviour.fails = false;
    await spend(clock.now() + 60_000);
    expect(clock.sleeps).toEqual([3_400]);
    expect(requests()).toBe(2);
  });

  it('kills the credits that its process has left, and those on their way to it', async () => {
    const { credits, lasts, clock } = setUp();
    const { spend, throttled } = credits('sweep');
    lasts.push(500);
    await expect(spend(clock.now() + 400)).rejects.toMatchObject({ code: 'no_credit' });
    await throttled();
    await expect(spend(clock.now() + 1_400)).rejects.toMatchObject({ retryAfterMs: 1_400 });

    clock.advance(60_000);
    const underWay = spend(clock.now() + 1_000);
    await Promise.all([throttled(5_000), expect(underWay).rejects.toMatchObject({ code: 'no_credit' })]);
  });
});
