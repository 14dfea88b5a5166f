import { expect, it } from 'vitest';
import { Failure } from '../../../lib/errors.ts';
import { createRateLimiter, type Priority, permitLifeMs, rateLimitsOf } from '../../../lib/exchange/rate-limiter.ts';
import { createEnvironment } from '../accounts/environment.ts';
import { createMemoryAccountTable } from '../accounts/memory-table.ts';
import { createVirtualClock } from '../virtual-clock.ts';

const limits = rateLimitsOf({ perSecond: 20, burst: 20 });

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
      if (behaviour.fails) throw new Failure('store_unavailable', 'No response.');
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
    permits: (priority: Priority) => createRateLimiter({ table, account: 'main', priority, limits, clock }),
    late: () => clock.now() + 60_000,
  };
}

it('an interactive call takes a permit of an idle account with one request to the table', async () => {
  const { permits, requests, late } = setUp();
  await permits('interactive').acquire(late());
  expect(requests()).toBe(1);
});

it('an interactive call of a process that has just started takes a permit for the next call, too, if the burst is fully replenished', async () => {
  const { permits, requests, late, clock } = setUp();
  const { acquire } = permits('interactive');
  for (let i = 0; i < 2; i++) await acquire(late());
  expect(requests()).toBe(1);
  // Two requests: those of the first process are not earned back.
  const second = permits('interactive');
  await second.acquire(late());
  expect(requests()).toBe(3);
  await second.acquire(late());
  expect(requests()).toBe(4);
  clock.advance(60_000);
  await permits('interactive').acquire(late());
  expect(requests()).toBe(5);
});

it('an interactive call takes the whole burst at once, and the next permit when it is replenished', async () => {
  const { permits, clock, late } = setUp();
  const { acquire } = permits('interactive');
  for (let i = 0; i < 10; i++) await acquire(late());
  expect(clock.sleeps).toEqual([]);
  await acquire(late());
  expect(clock.sleeps).toEqual([100]);
});

it('an interactive call fails at once when no permit comes in time, and says when to retry', async () => {
  const { permits, clock, late, requests } = setUp();
  // The first of these processes takes two.
  for (let i = 0; i < 9; i++) await permits('interactive').acquire(late());
  const before = requests();
  const acquired = permits('interactive').acquire(clock.now() + 100);
  await expect(acquired).rejects.toMatchObject({ code: 'rate_limited_locally', retryAfterMs: 100 });
  expect(clock.sleeps).toEqual([]);
  // Raised, advanced, read: a process that knew nothing.
  expect(requests() - before).toBe(3);
});

it('an interactive call gets a permit after a sweep took as many as it may', async () => {
  const { permits, clock, late } = setUp();
  const background = permits('background');
  for (let i = 0; i < 6; i++) await background.acquire(late());
  expect(clock.sleeps).toEqual([]);
  const { acquire } = permits('interactive');
  for (let i = 0; i < 4; i++) await acquire(late());
  expect(clock.sleeps).toEqual([]);
  await acquire(late());
  expect(clock.sleeps).toEqual([100]);
});

it('an interactive call backs off further each time that another process was faster', async () => {
  const { clock, memory, late } = setUp();
  const full = () => memory.raiseTat('main', { below: clock.now() + 2_500, to: clock.now() + 2_500 });
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
  await createRateLimiter({ table: memory, account: 'main', priority: 'interactive', limits, clock: rival }).acquire(
    late(),
  );
  // Due in 1.6 s: permits are taken a second before that at the earliest. The last is the wait for what was taken.
  expect(naps).toEqual([600, 600, 600, 600, 1_000]);
});

it('an interactive call backs off by at most half a second, however often another process was faster', async () => {
  const { clock, memory } = setUp();
  const full = () => memory.raiseTat('main', { below: clock.now() + 2_500, to: clock.now() + 2_500 });
  await full();
  const naps: number[] = [];
  const sleep = async (ms: number) => {
    naps.push(ms);
    clock.advance(ms);
    if (naps.length < 30) await memory.raiseTat('main', { below: clock.now() + 2_100, to: clock.now() + 2_100 });
  };
  const deps = { table: memory, account: 'main', priority: 'interactive', limits } as const;
  await createRateLimiter({ ...deps, clock: { ...clock, sleep } }).acquire(clock.now() + 60_000);
  expect(naps.slice(1, -1).every((ms) => ms <= 500)).toBe(true);
  expect(naps.filter((ms) => ms === 500).length).toBeGreaterThan(10);
});

it('an interactive call is served in the order in which the calls of its process came', async () => {
  const environment = createEnvironment();
  const table = createMemoryAccountTable();
  const limiter = createRateLimiter({ table, account: 'main', priority: 'interactive', limits, clock: environment });
  const served: number[] = [];
  const calls = Array.from({ length: 60 }, async (_, i) => {
    // They come twice as fast as permits do.
    await environment.sleep(i * 50);
    await limiter.acquire(environment.now() + 60_000);
    served.push(i);
  });
  await environment.run();
  await Promise.all(calls);
  expect(served).toEqual(calls.map((_, i) => i));
});

it('an interactive call gets no permit, and makes no call, when the table is unreachable', async () => {
  const { permits, behaviour, late } = setUp();
  behaviour.fails = true;
  await expect(permits('interactive').acquire(late())).rejects.toMatchObject({ code: 'store_unavailable' });
});

it('a sweep that waits for permits takes five permits for waiting calls with one request to the table', async () => {
  const { permits, requests, late } = setUp();
  const { acquire } = permits('background');
  await Promise.all(Array.from({ length: 6 }, () => acquire(late())));
  // The first requested alone, before there were others.
  expect(requests()).toBe(2);
});

it('a sweep that waits for permits lets permits expire that come too late for a call, and requests more while there is time', async () => {
  const { permits, lasts, requests, late, clock } = setUp();
  const { acquire } = permits('background');
  lasts.push(permitLifeMs);
  await acquire(late());
  expect(requests()).toBe(2);
  lasts.push(permitLifeMs);
  await expect(acquire(clock.now() + permitLifeMs)).rejects.toMatchObject({
    code: 'rate_limited_locally',
    retryAfterMs: 100,
  });
});

it('a sweep that waits for permits keeps a permit for its next call when the call that requested it has ended', async () => {
  const { permits, lasts, requests, clock, late } = setUp();
  const { acquire } = permits('background');
  lasts.push(500);
  await expect(acquire(clock.now() + 400)).rejects.toMatchObject({ code: 'rate_limited_locally' });
  await acquire(late());
  expect(requests()).toBe(1);
});

it('a throttling reply stops every process of the account for as long as the exchange says, and no burst follows', async () => {
  const { permits, clock, late } = setUp();
  await permits('background').throttled(7_000);
  const { acquire } = permits('interactive');
  for (let i = 0; i < 2; i++) await acquire(late());
  await permits('background').acquire(late());
  // The first permit is taken a second before it is due.
  expect(clock.sleeps).toEqual([6_000, 1_000, 100, 500]);
});

it('a throttling reply stops the processes of its account for a second at least and five minutes at most, and never shortens a longer stop', async () => {
  const { permits, clock } = setUp();
  const { throttled } = permits('background');
  const acquire = () => permits('interactive').acquire(clock.now() + 1_000);
  await throttled();
  await expect(acquire()).rejects.toMatchObject({ retryAfterMs: 1_000 });
  await throttled(86_400_000);
  await throttled(9_000);
  await expect(acquire()).rejects.toMatchObject({ retryAfterMs: 300_000 });
});

it('a throttling reply stops its own process even when the table could not be updated', async () => {
  const { permits, behaviour, requests, clock } = setUp();
  const { acquire, throttled } = permits('background');
  behaviour.fails = true;
  await expect(throttled(3_000)).rejects.toMatchObject({ code: 'store_unavailable' });
  await expect(acquire(clock.now() + 3_000)).rejects.toMatchObject({ code: 'rate_limited_locally' });
  behaviour.fails = false;
  await acquire(clock.now() + 60_000);
  expect(clock.sleeps).toEqual([3_400]);
  expect(requests()).toBe(2);
});

it('a throttling reply cancels the permits that its process holds, and those on their way to it', async () => {
  const { permits, lasts, clock } = setUp();
  const { acquire, throttled } = permits('background');
  lasts.push(500);
  await expect(acquire(clock.now() + 400)).rejects.toMatchObject({ code: 'rate_limited_locally' });
  await throttled();
  await expect(acquire(clock.now() + 1_400)).rejects.toMatchObject({ retryAfterMs: 1_400 });

  clock.advance(60_000);
  const underWay = acquire(clock.now() + 1_000);
  await Promise.all([throttled(5_000), expect(underWay).rejects.toMatchObject({ code: 'rate_limited_locally' })]);
});
