import { performance } from 'node:perf_hooks';
import * as z from 'zod/mini';
import type { Code } from '../../lib/errors.ts';
import type { Fault } from '../emulator/exchange/faults.ts';
import type { Exchange } from '../emulator/exchange/server.ts';
import { growthOf } from './memory.ts';
import { type Damage, damageOf, noDamage, type OrderItems, readOrderItems, sumOf } from './order-items.ts';
import type { FaultStack } from './stack.ts';

export const groups = ['wire', 'meaning', 'clock', 'AWS', 'lists'] as const;
/** `quick`: some cases of each row. */
export type Form = 'quick' | 'long';

/** What came of a row. */
export type RowResult = {
  readonly group: (typeof groups)[number];
  readonly fault: string;
  readonly tried: number;
  /** How often each code was the answer. */
  readonly answers: ReadonlyMap<string, number>;
  readonly maxMs: number;
  /** When an answer has to be there, milliseconds. */
  readonly deadlineMs: number;
  /** Requests that the exchange received. */
  readonly calls: number;
  readonly growthBytes: number;
  readonly damage: Damage;
  /** Which credentials got out, and how they were written. */
  readonly leaks: readonly string[];
  /** Sentences about answers that were not as they should be. */
  readonly wrong: readonly string[];
};

export type Row = {
  readonly group: RowResult['group'];
  readonly fault: string;
  readonly run: (stack: FaultStack, form: Form) => Promise<RowResult>;
};

/** Whose order suffers. */
type Subject = {
  readonly stack: FaultStack;
  readonly account: string;
  readonly exchange: Exchange;
  readonly orderId: string;
};

export type Expected = Code | 'ok';

/** One fault, and the answer that it has to end in. */
export type FaultCase = {
  readonly code: Expected;
  readonly apply: (subject: Subject) => void;
  /** Said when the answer is another one. Default: the row's name. */
  readonly name?: string;
};

/** The exchange answers the call for the order with a fault. */
export function answered(fault: Fault, code: Expected, name = JSON.stringify(fault)): FaultCase {
  return { name, code, apply: ({ exchange, orderId }) => exchange.scriptAlways(orderId, fault) };
}

type CaseRow = Pick<Row, 'group' | 'fault'> & {
  /** Default: one of each dialect. All but `orangex` have the deribit exchange behind them. */
  readonly accounts?: readonly string[];
  readonly cases: readonly FaultCase[] | ((subject: Subject) => Promise<readonly FaultCase[]>);
  /** A lower time limit of the function, so that what ends at the deadline ends sooner; the cases run at once. */
  readonly limitMs?: number;
  /** The order cannot be read even without the fault. */
  readonly isUnreadable?: boolean;
  /** After each case the processes are ended, and what the table knows of the account is deleted: it is throttled for long. */
  readonly isFresh?: boolean;
  /** The same, once after all cases. */
  readonly isThrottled?: boolean;
  /** The exchange has revoked the token, and no process has one. */
  readonly isWithoutToken?: boolean;
};

/** In the time limit of a function, left for storing and answering; milliseconds. */
const storingMs = 1_500;
const maxDeadlineMs = 25_000;

/** A row in which an order that has just changed is requested while each fault lasts, and once more afterwards. */
export function caseRow(row: CaseRow): Row {
  const { group, fault, accounts = ['orangex', 'deribit'], limitMs } = row;
  const limit = limitMs ?? maxDeadlineMs + storingMs;
  return {
    group,
    fault,
    run: async (stack, form) => {
      const results: Counted[] = [];
      // In the quick form one of them, some rows this and some that.
      const chosen = form === 'long' ? accounts : [accounts[fault.length % accounts.length] ?? ''];
      for (const account of chosen) results.push(await runCases(row, account, stack, form));
      return { group, fault, deadlineMs: limit - storingMs, ...results.reduce(merged) };
    },
  };
}

async function runCases(row: CaseRow, account: string, stack: FaultStack, form: Form): Promise<Counted> {
  const { isUnreadable = false, isFresh = false, limitMs } = row;
  const exchange = stack.exchanges[account === 'orangex' ? 'orangex' : 'deribit'];
  const orderId = exchange.place();
  const subject: Subject = { stack, account, exchange, orderId };
  const tally = createTally(subject);
  if (!isUnreadable) await tally.expectOk('before the fault');
  exchange.partialFill(orderId, '3');
  const all = typeof row.cases === 'function' ? await row.cases(subject) : row.cases;
  const cases = sampleOf(all, form).slice(0, form === 'quick' && limitMs !== undefined ? quickAtOnce : undefined);
  if (limitMs !== undefined) {
    await tally.warmUp(Math.min(cases.length, maxAtOnce));
    stack.limit('get-order', limitMs);
  }
  if (row.isWithoutToken) exchange.revokeTokens();
  await tally.begin(form);
  if (limitMs === undefined) {
    for (const each of cases) {
      await tally.tryCases([each], subject);
      if (isFresh) await tally.freshProcess();
    }
  } else {
    for (let at = 0; at < cases.length; at += maxAtOnce) {
      await tally.tryCases(cases.slice(at, at + maxAtOnce), subject);
    }
  }
  await tally.end(form);
  stack.limit('get-order');
  if (row.isThrottled || limitMs !== undefined) await tally.freshProcess();
  if (!isUnreadable) await tally.expectOk('after the fault');
  return tally.result();
}

const quickCases = 3;
/** Each takes a process of its own. */
const quickAtOnce = 2;
/** Fewer requests would say little about the calls that each one causes. */
const minTried = 20;

/** In the quick form, some from the beginning to the end; in the long one all of them, over and over until there are enough. */
function sampleOf(cases: readonly FaultCase[], form: Form): readonly FaultCase[] {
  const wanted = form === 'quick' ? quickCases : Math.max(minTried, Math.ceil(cases.length / 5) * 5);
  const step = form === 'quick' ? Math.max(1, cases.length / wanted) : 1;
  return Array.from({ length: wanted }, (_, i) => cases[Math.floor(i * step) % cases.length]).flatMap((c) => c ?? []);
}

/** So many environments of a function run at once. */
const maxAtOnce = 10;

function recover({ exchanges, wire, table, secrets, bus, setClock }: FaultStack): void {
  exchanges.orangex.clearScript();
  exchanges.deribit.clearScript();
  wire.play();
  table.recover();
  secrets.recover();
  bus.recover();
  setClock(0);
}

const Body = z.looseObject({ code: z.optional(z.string()) });

type Requested = { readonly code: string; readonly ms: number; readonly text: string };

/** Requests an order from the exchange, over HTTP. */
async function requestOrder(stack: FaultStack, account: string, orderId: string): Promise<Requested> {
  const startedAt = performance.now();
  const response = await fetch(`${stack.url}/accounts/${account}/orders/${orderId}?max_age=0`);
  const text = await response.text();
  const ms = performance.now() - startedAt;
  stack.redaction.seen(`${JSON.stringify([...response.headers])} ${text}`);
  const { code } = Body.parse(JSON.parse(text));
  return { code: response.ok ? 'ok' : (code ?? `HTTP ${response.status}`), ms, text };
}

type Counted = Omit<RowResult, 'group' | 'fault' | 'deadlineMs'>;

function merged(a: Counted, b: Counted): Counted {
  const codes = [...new Set([...a.answers.keys(), ...b.answers.keys()])];
  return {
    tried: a.tried + b.tried,
    answers: new Map(codes.map((code) => [code, (a.answers.get(code) ?? 0) + (b.answers.get(code) ?? 0)])),
    maxMs: Math.max(a.maxMs, b.maxMs),
    calls: a.calls + b.calls,
    growthBytes: Math.max(a.growthBytes, b.growthBytes),
    damage: sumOf(a.damage, b.damage),
    leaks: [...a.leaks, ...b.leaks],
    wrong: [...a.wrong, ...b.wrong],
  };
}

/** What each process that answers requests for an order holds, bytes. */
function memoryOf({ memory, lambda, functionName }: FaultStack): Promise<ReadonlyMap<number, number>> {
  return memory.measure(lambda.pids(functionName('get-order')));
}

/** Counts what a row's requests come to. */
function createTally({ stack, account, exchange, orderId }: Subject) {
  const answers = new Map<string, number>();
  const wrong: string[] = [];
  let damage = noDamage;
  let maxMs = 0;
  let calls = 0;
  let growthBytes = 0;
  let before: OrderItems | undefined;
  let memory: ReadonlyMap<number, number> = new Map();
  const measure = () => memoryOf(stack);
  const request = () => requestOrder(stack, account, orderId);

  const compare = async (isReadable: boolean) => {
    const after = await readOrderItems(stack, account, orderId);
    if (before !== undefined) {
      damage = sumOf(damage, damageOf(before, after, isReadable ? stack.answers.all() : undefined));
    }
    before = after;
    stack.answers.clear();
  };
  const tryCase = async ({ apply, code, name = '' }: FaultCase, subject: Subject) => {
    apply(subject);
    const requested = await request();
    answers.set(requested.code, (answers.get(requested.code) ?? 0) + 1);
    maxMs = Math.max(maxMs, requested.ms);
    if (requested.code !== code) wrong.push(`${name}: ${requested.code} instead of ${code}`);
  };
  return {
    /** Requests the order while nothing is wrong; it has to be answered, with nothing lost. */
    expectOk: async (when: string) => {
      recover(stack);
      const { code } = await request();
      if (code !== 'ok') wrong.push(`${when}: ${code} instead of ok`);
      await compare(true);
      if (before?.headRank !== [...(before?.snapshots.keys() ?? [])].toSorted().at(-1)) {
        wrong.push(`${when}: the head is not the greatest snapshot`);
      }
    },
    /** Starts so many environments: a cold start is not what a row measures. */
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
      if (form === 'long') memory = await measure();
    },
    /** Requests the order while each fault lasts, at once. */
    tryCases: async (cases: readonly FaultCase[], subject: Subject) => {
      const sent = callsOf(exchange);
      await Promise.all(cases.map((each) => tryCase(each, subject)));
      calls += callsOf(exchange) - sent;
      recover(stack);
      await compare(cases.every(({ code }) => code === 'ok'));
    },
    end: async (form: Form) => {
      if (form === 'long') growthBytes = growthOf(memory, await measure());
    },
    result: async (): Promise<Counted> => ({
      tried: [...answers.values()].reduce((sum, n) => sum + n, 0),
      answers,
      maxMs,
      calls,
      growthBytes,
      damage,
      leaks: leaksIn(stack),
      wrong: [...wrong, ...stack.failures()],
    }),
  };
}

function callsOf(exchange: Exchange): number {
  const calls = ['auth', 'get_order_state', 'open_orders', 'order_history', 'trades', 'other'] as const;
  return calls.reduce((sum, call) => sum + exchange.count(call), 0);
}

/** The table's writes, the events and the output were seen as they came; what the exchanges received is known by now. */
function leaksIn({ exchanges, redaction }: FaultStack): readonly string[] {
  for (const { requests } of Object.values(exchanges)) for (const request of requests) redaction.sent(request);
  return redaction.leaks();
}
