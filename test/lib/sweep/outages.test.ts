import { expect, it } from 'vitest';
import { type Code, Failure } from '../../../lib/errors.ts';
import { orders, runSweep, type SweepRun } from './sweep-scene.ts';

const failure = (code: Code, retryAfterMs?: number) => new Failure(code, 'for the test', { retryAfterMs });

/** How long the probes are apart, in whole seconds. */
function gaps({ checks }: SweepRun): readonly number[] {
  return checks.slice(1).map(({ at }, i) => Math.round((at - (checks[i]?.at ?? 0)) / 1000));
}

const minutes = 60_000;

it.each<Code>([
  'maintenance',
  'unauthorized',
  'key_refused',
  'forbidden',
  'account_locked',
  'secret_empty',
  'secret_malformed',
])(
  'a sweep while the exchange is in maintenance or refuses the key (%s) probes once a minute, with one order at a time',
  async (code) => {
    const swept = await runSweep({ orders: orders(50), outcome: () => failure(code), forMs: 5 * minutes });
    expect(gaps(swept)).toEqual([60, 60, 60, 60]);
    expect(swept.report).toMatchObject({ checked: 0, failed: { [code]: 5 } });
    expect(swept.report.backlog).toBeGreaterThanOrEqual(45);
  },
);

it('a sweep while the exchange is in maintenance or refuses the key checks everything that is due after the first reply', async () => {
  const reopens = 150_000;
  const { checks, report, atOnce } = await runSweep({
    orders: orders(200),
    outcome: (_, at) => (at < reopens ? failure('maintenance') : 'same'),
    forMs: 4 * minutes,
  });
  const after = checks.filter(({ at }) => at >= reopens);
  expect(checks.length - after.length).toBe(3);
  expect(new Set(after.map(({ orderId }) => orderId)).size).toBe(200);
  expect(atOnce).toBe(8);
  expect(report).toMatchObject({ checked: 200, failed: { maintenance: 3 }, backlog: 0 });
});

it('a sweep while the exchange is in maintenance or refuses the key stops after the checks that are under way when the outage starts', async () => {
  const { checks } = await runSweep({
    orders: orders(100),
    outcome: (_, at) => (at > 300 ? failure('maintenance') : 'same'),
    forMs: 30_000,
  });
  expect(checks.filter(({ at }) => at > 300).length).toBeLessThanOrEqual(8 + 1);
});

it.each<Code>(['throttled', 'secret_unavailable'])(
  'a sweep while the exchange or its connection fails backs off at the first %s, twice as long each time, from 5 s to a minute',
  async (code) => {
    const swept = await runSweep({ orders: orders(50), outcome: () => failure(code), forMs: 200_000 });
    expect(gaps(swept)).toEqual([5, 10, 20, 40, 60, 60]);
  },
);

it.each<Code>(['timeout', 'unreachable', 'connection_lost', 'busy'])(
  'a sweep while the exchange or its connection fails backs off after three times %s in a row, twice as long each time, from 5 s to a minute',
  async (code) => {
    const swept = await runSweep({ orders: orders(50), outcome: () => failure(code), forMs: 200_000 });
    expect(gaps(swept)).toEqual([0, 0, 5, 10, 20, 40, 60, 60]);
  },
);

it('a sweep while the exchange or its connection fails backs off for as long as the exchange says, but at most a minute', async () => {
  const forMs = 50_000;
  const orders50 = orders(50);
  const short = await runSweep({ orders: orders50, outcome: () => failure('throttled', 12_000), forMs });
  expect(gaps(short)).toEqual([12, 24]);
  const long = await runSweep({ orders: orders50, outcome: () => failure('throttled', 3_600_000), forMs: 130_000 });
  expect(gaps(long)).toEqual([60, 60]);
});

it('a sweep while the exchange or its connection fails starts with the shortest backoff even if eight checks were under way', async () => {
  const { checks } = await runSweep({
    orders: orders(300),
    outcome: (_, at) => (at > 500 && at < 5_000 ? failure('throttled') : 'same'),
    forMs: 20_000,
  });
  const lastFailure = Math.max(...checks.filter(({ at }) => at < 5_000).map(({ at }) => at));
  const next = checks.find(({ at }) => at > lastFailure);
  expect(Math.round(((next?.at ?? 0) - lastFailure) / 1000)).toBe(5);
  expect(new Set(checks.map(({ orderId }) => orderId)).size).toBe(300);
});

it('a sweep while the exchange or its connection fails continues at the first reply, and starts with the shortest backoff at the next outage', async () => {
  const swept = await runSweep({
    orders: orders(20),
    // Throttled at 0 and 5 s, a reply at 15 s, throttled for the eight checks that follow, and then never again.
    outcome: (_, at) => (at < 10_000 || (at > 15_130 && at < 15_500) ? failure('throttled') : 'same'),
    forMs: 24_000,
  });
  expect(gaps(swept).filter((gap) => gap > 0)).toEqual([5, 10, 5]);
  expect(swept.report).toMatchObject({ checked: 12, failed: { throttled: 10 } });
});

it('a sweep while the exchange or its connection fails counts a not-found reply as a reply, so that failures before and after it cause no backoff', async () => {
  const failing = new Set(['order-001', 'order-002', 'order-004', 'order-005']);
  const { checks, report } = await runSweep({
    orders: orders(6),
    outcome: (orderId) => failure(failing.has(orderId) ? 'timeout' : 'order_not_found'),
    lags: true,
    forMs: 5_000,
  });
  expect(checks.every(({ at }) => at < 1_000)).toBe(true);
  expect(report).toMatchObject({ checked: 2, failed: { timeout: 4 } });
});

it('a sweep while the exchange or its connection fails does not back off for transport failures with replies between them', async () => {
  // One at a time, two seconds apart: failure, reply, failure, reply, failure, reply.
  const spread = orders(6).map((order, i) => ({ ...order, at: i * 2_000 }));
  const bad = new Set(['order-001', 'order-003', 'order-005']);
  const { timesOf } = await runSweep({
    orders: spread,
    outcome: (orderId) => (bad.has(orderId) ? failure('timeout') : 'same'),
    forMs: 20_000,
  });
  for (const [i, { orderId, at }] of spread.entries()) {
    expect(timesOf(orderId)[0], `order ${i}`).toBeLessThan(at + 1_500);
  }
});

it('a sweep while the exchange or its connection fails does not back off for a single order that times out for ever, which is checked less and less often', async () => {
  const { timesOf, checks } = await runSweep({
    orders: [{ orderId: 'bad', at: -1 }, ...orders(8)],
    outcome: (orderId) => (orderId === 'bad' ? failure('timeout') : 'same'),
    lags: true,
    forMs: 10 * minutes,
  });
  const times = timesOf('bad');
  const intervals = times.slice(1).map((at, i) => at - (times[i] ?? 0));
  for (const [i, interval] of intervals.entries()) expect(interval).toBeGreaterThanOrEqual(10_000 * 2 ** i);
  expect(times.length).toBeLessThanOrEqual(7);
  // Eight orders every ten seconds, or at the next look at the index.
  expect(checks.length).toBeGreaterThanOrEqual(8 * 54);
});

it('a sweep of an account that runs out of permits makes an order without a permit the next one to check', async () => {
  const swept = await runSweep({
    orders: [{ orderId: 'oldest', at: -1 }, ...orders(2)],
    outcome: (_, at) => (at < 8_000 ? failure('rate_limited_locally', 8_000) : 'same'),
    forMs: 20_000,
  });
  expect(swept.checks.map(({ orderId }) => orderId)).toEqual(['oldest', 'oldest', 'order-001', 'order-002']);
  expect(swept.report).toMatchObject({ checked: 3, failed: { rate_limited_locally: 1 }, backlog: 0 });
});

it('a sweep of an account that runs out of permits starts no check before there are permits again', async () => {
  const { checks, report } = await runSweep({
    orders: orders(200),
    outcome: (_, at) => (at > 100 && at < 30_000 ? failure('rate_limited_locally', 30_000 - at) : 'same'),
    forMs: 40_000,
  });
  expect(checks.filter(({ at }) => at > 100 && at < 30_000).length).toBeLessThanOrEqual(8);
  expect(report).toMatchObject({ checked: 200, backlog: 0 });
});

it('a sweep of an account that runs out of permits tries at least once a minute', async () => {
  const outcome = () => failure('rate_limited_locally', 3_600_000);
  expect(gaps(await runSweep({ orders: orders(9), outcome, forMs: 130_000 }))).toEqual([60, 60]);
  const soon = () => failure('rate_limited_locally');
  expect(gaps(await runSweep({ orders: orders(9), outcome: soon, forMs: 14_000 }))).toEqual([5, 5]);
});
