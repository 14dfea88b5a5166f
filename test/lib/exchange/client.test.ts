import { describe, expect, test } from 'vitest';
import { createExchange } from '../../../lib/exchange/client.ts';
import { orangex } from '../../../lib/exchange/dialects/orangex.ts';
import { createRetryBudget } from '../../../lib/exchange/retry.ts';
import type { HttpRequest } from '../../../lib/exchange/transport.ts';
import { seedId, seedResultWith } from '../../emulator/exchange/seed-order.ts';
import { lexeme } from '../../emulator/exchange/wire.ts';
import { failureOf } from '../thrown.ts';
import { createVirtualClock } from '../virtual-clock.ts';
import { holdKey, keyOf, start, unlimitedPermits } from './test-client.ts';

const both = ['orangex', 'deribit'] as const;

describe.each(both)('%s', (dialect) => {
  test('the exchange client returns the order of the reply, with every digit', async () => {
    const { getOrderState, server, clock } = await start({ dialect });
    const id = server.place({ order_id: 'x-1', amount: lexeme('1.10'), price: lexeme('1.6e-7') });
    const reply = await getOrderState(id);
    expect(reply.resultText).toContain('"amount":1.10');
    expect(reply.order).toMatchObject({ order_id: id, amount: '1.10', price: '1.6e-7' });
    expect(reply).toMatchObject({ requestedAt: clock.now(), receivedAt: clock.now(), keyVersion: 'v1' });
  });

  test("the exchange client reads the exchange's time, whatever its unit", async () => {
    const { getOrderState } = await start({ dialect });
    expect((await getOrderState()).exchangeTime).toBe(1597130046950);
  });

  test('the exchange client does not request an order again when its reply cannot be parsed', async () => {
    const { getOrderState, server } = await start({ dialect });
    server.scriptAlways('order', { kind: 'result', text: `{"order_id":"${seedId}"}` });
    expect((await failureOf(getOrderState())).code).toBe('invalid_response');
    expect(server.count('get_order_state')).toBe(1);
  });

  test('the exchange client returns an order whose reply has no times', async () => {
    const { getOrderState, server } = await start({ dialect });
    server.script('order', { kind: 'noTimes' });
    expect((await getOrderState()).exchangeTime).toBeUndefined();
  });

  test('the exchange client accepts an order id that the wire writes as a number', async () => {
    const { getOrderState, server } = await start({ dialect });
    server.script('order', { kind: 'result', text: seedResultWith({ order_id: seedId }) });
    expect((await getOrderState()).order.order_id).toBe(seedId);
  });

  test('the exchange client uses one connection, a new id for each call, and never puts a key in a URL', async () => {
    const { getOrderState, server } = await start({ dialect });
    for (let i = 0; i < 3; i++) await getOrderState();
    const ids = server.requests.map(({ body }) => JSON.parse(body).id);
    expect(new Set(ids).size).toBe(server.requests.length);
    expect(new Set(server.requests.map(({ connection }) => connection)).size).toBe(1);
    expect(server.requests.map(({ path }) => path).join()).not.toContain('tester');
    expect(server.count('auth')).toBe(dialect === 'orangex' ? 1 : 0);
  });

  test('the exchange client repeats a call at once, and only once, when the connection had been closed meanwhile, even with an empty retry budget', async () => {
    const { getOrderState, server, clock, budget } = await start({ dialect });
    await getOrderState();
    while (budget.spend());
    server.script('order', { kind: 'drop', reset: true });
    expect((await getOrderState()).order.order_id).toBe(seedId);
    expect(clock.sleeps).toEqual([]);
  });

  test('the exchange client does not take an error without an id for a reply about the order, and calls again on a new connection', async () => {
    const { getOrderState, server } = await start({ dialect });
    await getOrderState();
    server.script('order', { kind: 'error', code: 10004, withId: false });
    expect((await getOrderState()).order.order_id).toBe(seedId);
    const [before, after] = server.requests.slice(-2).map(({ connection }) => connection);
    expect(after).not.toBe(before);
  });

  test('the exchange client repeats a call once, whatever its second attempt fails with', async () => {
    const { getOrderState, server } = await start({ dialect });
    await getOrderState();
    server.script('order', { kind: 'drop' }, { kind: 'html', status: 502 });
    expect((await failureOf(getOrderState())).code).toBe('busy');
    expect(server.count('get_order_state')).toBe(3);
  });

  test('the exchange client repeats calls at once that found their connections closed together, and after that no more than the budget allows', async () => {
    const { getOrderState, server, budget } = await start({ dialect });
    await Promise.all([getOrderState(), getOrderState(), getOrderState()]);
    while (budget.spend());
    const before = server.count('get_order_state');
    server.script('order', ...Array.from({ length: 3 }, () => ({ kind: 'drop' }) as const));
    await Promise.all([getOrderState(), getOrderState(), getOrderState()]);
    expect(server.count('get_order_state')).toBe(before + 6);
  });

  test('the exchange client repeats a call that failed temporarily once, after a jittered wait', async () => {
    const { getOrderState, server, clock } = await start({ dialect });
    server.script('order', { kind: 'html', status: 502 });
    const before = clock.now();
    expect(await getOrderState()).toMatchObject({ requestedAt: before + 100 });
    expect(clock.sleeps).toEqual([100]);
    expect(server.count('get_order_state')).toBe(2);
  });

  test('the exchange client gives up after the second failure', async () => {
    const { getOrderState, server, budget } = await start({ dialect });
    for (let call = 0; call < 50; call++) budget.earn();
    server.scriptAlways('order', { kind: 'html', status: 502 });
    expect((await failureOf(getOrderState())).code).toBe('busy');
    expect(server.count('get_order_state')).toBe(2);
  });

  test('the exchange client waits for as long as the exchange requires', async () => {
    const { getOrderState, server, clock } = await start({ dialect });
    server.script('order', { kind: 'throttle', wait: 3 });
    await getOrderState();
    expect(clock.sleeps).toEqual([3_100]);
  });

  test('the exchange client does not wait past the deadline, and reports the required wait to the caller', async () => {
    const { getOrderState, server, clock } = await start({ dialect });
    server.script('order', { kind: 'throttle', wait: 30 });
    expect(await failureOf(getOrderState())).toMatchObject({ code: 'throttled', retryAfterMs: 30_000 });
    expect(clock.sleeps).toEqual([]);
  });

  test('the exchange client repeats no more than a fifth of its calls', async () => {
    const { getOrderState, server } = await start({ dialect });
    server.scriptAlways('order', { kind: 'html', status: 502 });
    for (let call = 0; call < 10; call++) await failureOf(getOrderState());
    expect(server.count('get_order_state')).toBe(12);
  });

  test('the exchange client never repeats a call that would get the same reply again', async () => {
    const { getOrderState, server } = await start({ dialect });
    server.scriptAlways('order', { kind: 'error', code: 13021 });
    expect((await failureOf(getOrderState())).code).toBe('forbidden');
    expect(server.count('get_order_state')).toBe(1);
  });

  test('the exchange client passes on the failure of its credentials', async () => {
    const broken = { ...holdKey(keyOf('v1')), get: () => Promise.reject(new TypeError('boom')) };
    const { getOrderState, server } = await start({ dialect }, broken);
    await expect(getOrderState()).rejects.toThrow('boom');
    expect(server.requests).toEqual([]);
  });

  test('the exchange client warms up what the first call would wait for', async () => {
    const { client, getOrderState, server, clock } = await start({ dialect });
    await client.warmUp(clock.now() + 1_000).catch(() => {});
    const warm = server.requests.length;
    await getOrderState();
    expect(server.requests.slice(warm).map(({ call }) => call)).toEqual(['get_order_state']);
    expect(new Set(server.requests.map(({ connection }) => connection)).size).toBe(1);
  });
});

test('the client needs nothing but a transport and a clock', async () => {
  const clock = createVirtualClock(Date.UTC(2026, 0, 1));
  const sent: HttpRequest[] = [];
  const replies = ['{"access_token":"t"}', seedResultWith({})];
  const client = createExchange({
    dialect: orangex,
    url: 'https://exchange.invalid/api/v1',
    credentials: holdKey(keyOf('v1')),
    rateLimiter: unlimitedPermits,
    clock,
    random: () => 0,
    nonce: () => '',
    retryBudget: createRetryBudget(),
    transport: async (request) => {
      sent.push(request);
      clock.advance(7);
      return {
        status: 200,
        body: `{"jsonrpc":"2.0","id":"${sent.length === 1 ? 2 : 1}","result":${replies[sent.length - 1]}}`,
      };
    },
  });
  const requestedAt = clock.now() + 7;
  const reply = await client.getOrderState(seedId, { deadline: clock.now() + 1_000 });
  expect(reply).toMatchObject({ requestedAt, receivedAt: requestedAt + 7 });
  expect(sent.map(({ url }) => url)).toEqual([
    'https://exchange.invalid/api/v1/public/auth',
    'https://exchange.invalid/api/v1/private/get_order_state',
  ]);
});
