import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import * as z from 'zod/mini';
import type { Exchange } from '../emulator/exchange/server.ts';
import { growthOf } from './memory.ts';
import { damageOf, noDamage, type OrderItems, readOrderItems, sumOf } from './order-items.ts';
import type { Counted, FaultCase, Form, Subject } from './row.ts';
import type { FaultStack } from './stack.ts';

/** Slow requests start this long after each other, milliseconds: they would also end at once, and wait for the CPU. */
const apartMs = 150;

/** Counts the results of a row's requests. */
export function createTally({ stack, account, exchange, orderId }: Subject) {
  const outcomes = new Map<string, number>();
  const wrong: string[] = [];
  let damage = noDamage;
  let maxMs = 0;
  let calls = 0;
  let growthBytes = 0;
  let before: OrderItems | undefined;
  let memory: ReadonlyMap<number, number> = new Map();
  const tried = () => [...outcomes.values()].reduce((sum, n) => sum + n, 0);
  const request = () => requestOrder(stack, account, orderId);

  const compare = async (isReadable: boolean): Promise<OrderItems> => {
    const after = await readOrderItems(stack, account, orderId);
    if (before !== undefined) {
      damage = sumOf(damage, damageOf(before, after, isReadable ? stack.replies.all() : undefined));
    }
    before = after;
    stack.replies.clear();
    return after;
  };
  const tryCase = async ({ apply, code, or = code, name = '' }: FaultCase, subject: Subject) => {
    await apply(subject);
    const requested = await request();
    outcomes.set(requested.code, (outcomes.get(requested.code) ?? 0) + 1);
    maxMs = Math.max(maxMs, requested.ms);
    if (requested.code !== code && requested.code !== or) wrong.push(`${name}: ${requested.code} instead of ${code}`);
  };
  return {
    /** Requests the order while nothing is wrong; it must succeed, with nothing lost. */
    expectOk: async (when: string) => {
      recover(stack);
      const { code } = await request();
      if (code !== 'ok') wrong.push(`${when}: ${code} instead of ok`);
      const { headRank, snapshots } = await compare(true);
      if (headRank !== [...snapshots.keys()].toSorted().at(-1)) {
        wrong.push(`${when}: the head is not the greatest snapshot`);
      }
    },
    /** Whatever has happened to the order so far is as it should be. */
    settle: () => compare(true),
    /** Starts this many environments: a cold start is not what a row measures. */
    warmUp: async (environments: number) => {
      const all = Promise.withResolvers<void>();
      exchange.scriptAlways(orderId, { kind: 'hold', until: all.promise });
      const held = exchange.count('get_order_state') + environments;
      const requests = Array.from({ length: environments }, request);
      while (exchange.count('get_order_state') < held) await exchange.received(callsOf(exchange) + 1);
      all.resolve();
      await Promise.all(requests);
      recover(stack);
      await compare(true);
    },
    /** A new process, for which the account was never throttled. */
    freshProcess: async () => {
      recover(stack);
      await stack.lambda.kill(stack.functionName('get-order'));
      await stack.forgetAccount(account);
      await request();
      await compare(true);
    },
    begin: async (form: Form) => {
      if (form === 'long') memory = await memoryOf(stack);
    },
    /** Requests the order while each fault lasts. */
    tryCases: async (cases: readonly FaultCase[], subject: Subject) => {
      const sent = callsOf(exchange);
      await Promise.all(cases.map((each, index) => wait(index * apartMs).then(() => tryCase(each, subject))));
      calls += callsOf(exchange) - sent;
      recover(stack);
      const items = await compare(cases.every(({ code, isReadable = code === 'ok' }) => isReadable));
      wrong.push(...cases.flatMap(({ check, name = '' }) => [check?.(items) ?? []].flat().map((w) => `${name}: ${w}`)));
    },
    end: async (form: Form) => {
      if (form === 'long') growthBytes = growthOf(memory, await memoryOf(stack));
    },
    result: async (): Promise<Counted> => ({
      tried: tried(),
      requests: tried(),
      outcomes,
      maxMs,
      calls,
      growthBytes,
      damage,
      leaks: leaksIn(stack),
      wrong: [...wrong, ...stack.failures()],
    }),
  };
}

export function recover({ exchanges, listed, wire, table, secrets, bus, setClock }: FaultStack): void {
  for (const exchange of [...Object.values(exchanges), ...Object.values(listed)]) exchange.clearScript();
  wire.play();
  table.recover();
  secrets.recover();
  bus.recover();
  setClock(0);
}

const Body = z.looseObject({ code: z.optional(z.string()) });

type Requested = { readonly code: string; readonly ms: number };

/** Requests an order from the exchange, over HTTP. */
export async function requestOrder(stack: FaultStack, account: string, orderId: string): Promise<Requested> {
  const startedAt = performance.now();
  const response = await fetch(`${stack.url}/accounts/${account}/orders/${orderId}?max_age=0`);
  const text = await response.text();
  const ms = performance.now() - startedAt;
  stack.redaction.seen(`${JSON.stringify([...response.headers])} ${text}`);
  const { code } = Body.parse(JSON.parse(text));
  return { code: response.ok ? 'ok' : (code ?? `HTTP ${response.status}`), ms };
}

/** What each process that handles requests for an order holds, bytes. */
function memoryOf({ memory, lambda, functionName }: FaultStack): Promise<ReadonlyMap<number, number>> {
  return memory.measure(lambda.pids(functionName('get-order')));
}

/** Requests of every kind that an exchange has received. */
export function callsOf(exchange: Exchange): number {
  const calls = ['auth', 'test', 'get_order_state', 'open_orders', 'order_history', 'trades', 'other'] as const;
  return calls.reduce((sum, call) => sum + exchange.count(call), 0);
}

/** The table's writes, the events and the output were seen as they came; what the exchanges received is known by now. */
export function leaksIn({ exchanges, listed, queues, queueNames, redaction }: FaultStack): readonly string[] {
  for (const { requests } of [...Object.values(exchanges), ...Object.values(listed)]) {
    for (const request of requests) redaction.sent(request);
  }
  for (const name of queueNames) redaction.seen(JSON.stringify(queues.messages(name)));
  return redaction.leaks();
}
