import { expect, test } from 'vitest';
import { Failure } from '../../../lib/errors.ts';
import { createCalls } from '../../../lib/exchange/calls.ts';
import { createExchange } from '../../../lib/exchange/client.ts';
import { deribit } from '../../../lib/exchange/dialects/deribit.ts';
import { createExchangeLists } from '../../../lib/exchange/lists.ts';
import { createRetryBudget } from '../../../lib/exchange/retry.ts';
import type { HttpReply, HttpRequest } from '../../../lib/exchange/transport.ts';
import { seedId, seedResultWith } from '../../emulator/exchange/seed-order.ts';
import { failureOf } from '../thrown.ts';
import { holdKey, keyOf } from './test-client.ts';

const startedAt = Date.UTC(2026, 0, 1);

/** An exchange whose replies, permits and time come when the test says so. */
function startWaiting() {
  const requests: { readonly request: HttpRequest; readonly reply: PromiseWithResolvers<HttpReply> }[] = [];
  const sleeps: PromiseWithResolvers<void>[] = [];
  const permits: PromiseWithResolvers<void>[] = [];
  const retryBudget = createRetryBudget();
  let now = startedAt;
  let nonces = 0;
  const held = <Value>(line: PromiseWithResolvers<Value>[]): Promise<Value> => {
    const next = Promise.withResolvers<Value>();
    line.push(next);
    return next.promise;
  };
  const deps = {
    dialect: deribit,
    url: 'https://exchange.invalid/api/v2',
    transport: (request: HttpRequest) => {
      const reply = Promise.withResolvers<HttpReply>();
      requests.push({ request, reply });
      return reply.promise;
    },
    credentials: holdKey(keyOf('v1')),
    rateLimiter: { acquire: () => held(permits), throttled: async () => {} },
    clock: { now: () => now, sleep: () => held(sleeps) },
    random: () => 0,
    nonce: () => `nonce-${++nonces}`,
    retryBudget,
    hedgingDelayMs: 2_000,
  };
  const calls = createCalls(deps);
  const deadline = now + 10_000;
  const soon = () => new Promise((resolve) => setImmediate(resolve));
  return {
    requests,
    permits,
    sleeps,
    retryBudget,
    order: () => createExchange(deps, calls).getOrderState(seedId, { deadline }),
    list: () => createExchangeLists(deps, calls).listOpenOrders({ deadline }),
    /** The n-th permit comes, and its request leaves. */
    leave: async (n: number) => {
      await soon();
      permits[n]?.resolve();
      await soon();
    },
    /** The reply is late. */
    pass: async (milliseconds: number) => {
      now += milliseconds;
      sleeps.shift()?.resolve();
      await soon();
    },
    replyTo: async (n: number, result: string) => {
      const { request, reply } = requests[n] ?? {};
      const body = `{"jsonrpc":"2.0","id":${request && idOf(request)},"result":${result}}`;
      reply?.resolve({ status: 200, body: request?.stream?.take(body) ?? body });
      await soon();
    },
    fail: (n: number, failure: Failure) => requests[n]?.reply.reject(failure),
    soon,
  };
}

function idOf({ body }: HttpRequest): number {
  return JSON.parse(body).id;
}

const lost = new Failure('unreachable', 'exchange.invalid cannot be reached.');

test('a late request is repeated once, with its own id and permit, and the reply says when its own request left', async () => {
  const { order, leave, pass, replyTo, requests, permits } = startWaiting();
  const requested = order();
  await leave(0);
  await pass(2_000);
  await leave(1);
  await pass(50);
  await replyTo(1, seedResultWith({ order_id: seedId }));
  expect(await requested).toMatchObject({ requestedAt: startedAt + 2_000, receivedAt: startedAt + 2_050 });
  expect(new Set(requests.map(({ request }) => idOf(request))).size).toBe(2);
  expect(permits).toHaveLength(2);
});

test('a reply in time keeps its call at one request', async () => {
  const { order, leave, pass, replyTo, permits } = startWaiting();
  const requested = order();
  await leave(0);
  await replyTo(0, seedResultWith({ order_id: seedId }));
  expect(await requested).toMatchObject({ requestedAt: startedAt });
  await pass(2_000);
  expect(permits).toHaveLength(1);
});

test('waiting for a permit does not make a request late', async () => {
  const { order, soon, sleeps, leave } = startWaiting();
  void order();
  await soon();
  expect(sleeps).toHaveLength(0);
  await leave(0);
  expect(sleeps).toHaveLength(1);
});

test('a late list that comes first counts as of its own request, and the other list is dropped', async () => {
  const { list, leave, pass, replyTo } = startWaiting();
  const listed = list();
  await leave(0);
  await pass(2_000);
  await leave(1);
  await replyTo(0, `[${seedResultWith({ order_id: seedId })}]`);
  await replyTo(1, '[]');
  const { ids, requestedAt, complete } = await listed;
  expect({ ids: [...ids], requestedAt, complete }).toEqual({
    ids: [seedId],
    requestedAt: startedAt,
    complete: true,
  });
});

test('the failure of the second of two requests does not end the first', async () => {
  const { order, leave, pass, replyTo, fail, soon } = startWaiting();
  const requested = order();
  await leave(0);
  await pass(2_000);
  await leave(1);
  fail(1, lost);
  await soon();
  await replyTo(0, seedResultWith({ order_id: seedId }));
  expect(await requested).toMatchObject({ requestedAt: startedAt });
});

test('a call fails when both of its requests fail', async () => {
  const { order, leave, pass, fail } = startWaiting();
  const failed = failureOf(order());
  await leave(0);
  await pass(2_000);
  await leave(1);
  fail(1, lost);
  fail(0, new Failure('timeout', 'exchange.invalid did not respond in time.'));
  expect((await failed).code).toBe('timeout');
});

test('an exchange failure of the first of two requests does not end the second', async () => {
  const { order, leave, pass, replyTo, fail, soon } = startWaiting();
  const requested = order();
  await leave(0);
  await pass(2_000);
  await leave(1);
  fail(0, new Failure('busy', 'The exchange is busy.'));
  await soon();
  await replyTo(1, seedResultWith({ order_id: seedId }));
  expect(await requested).toMatchObject({ requestedAt: startedAt + 2_000 });
});

test('what the reply to the first of two requests says about the order is returned at once', async () => {
  const { order, leave, pass, fail } = startWaiting();
  const failed = failureOf(order());
  await leave(0);
  await pass(2_000);
  await leave(1);
  fail(0, new Failure('order_not_found', 'The exchange has no such order.'));
  expect((await failed).code).toBe('order_not_found');
});

test('a late request is not repeated when the retry budget is used up', async () => {
  const { order, leave, pass, replyTo, permits, retryBudget } = startWaiting();
  const requested = order();
  await leave(0);
  while (retryBudget.spend());
  await pass(2_000);
  expect(permits).toHaveLength(1);
  await replyTo(0, seedResultWith({ order_id: seedId }));
  expect(await requested).toMatchObject({ requestedAt: startedAt });
});
