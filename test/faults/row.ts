import type { Code } from '../../lib/errors.ts';
import type { Fault } from '../emulator/exchange/faults.ts';
import type { Exchange } from '../emulator/exchange/server.ts';
import { type Damage, type OrderItems, sumOf } from './order-items.ts';
import type { FaultStack } from './stack.ts';
import { createTally } from './tally.ts';

export const groups = ['wire', 'meaning', 'clock', 'AWS', 'lists'] as const;
/** `quick`: some cases of each row. */
export type Form = 'quick' | 'long';

/** The results of a row's requests. */
export type Counted = {
  /** How often a fault was played. */
  readonly tried: number;
  /** What was requested of the exchange meanwhile, each once. */
  readonly requests: number;
  /** How often each code was the outcome. */
  readonly outcomes: ReadonlyMap<string, number>;
  readonly maxMs: number;
  /** Requests that the exchange received. */
  readonly calls: number;
  readonly growthBytes: number;
  readonly damage: Damage;
  /** Which credentials got out, and how they were written. */
  readonly leaks: readonly string[];
  /** Sentences about responses that were not as they should be. */
  readonly wrong: readonly string[];
};

export type RowResult = Counted & {
  readonly group: (typeof groups)[number];
  readonly fault: string;
  /** When a response has to be there, milliseconds. */
  readonly deadlineMs: number;
};

export type Row = {
  readonly group: RowResult['group'];
  readonly fault: string;
  readonly run: (stack: FaultStack, form: Form) => Promise<RowResult>;
};

/** Whose order suffers. */
export type Subject = {
  readonly stack: FaultStack;
  readonly account: string;
  readonly exchange: Exchange;
  readonly orderId: string;
};

/** `ok`, a failure's code, or what the gateway returns for a function that ended. */
export type Expected = Code | 'ok' | 'HTTP 500';

/** One fault, and the outcome that it must have. */
export type FaultCase = {
  readonly code: Expected;
  /** Another correct outcome. */
  readonly or?: Expected;
  readonly apply: (subject: Subject) => void | Promise<void>;
  /** Said when the outcome is a different one. */
  readonly name?: string;
  /** The exchange's reply can be read, whatever our response is. Default: when `code` is ok. */
  readonly isReadable?: boolean;
  /** What is wrong with the order's items afterwards, if anything is. */
  readonly check?: (items: OrderItems) => string | undefined;
};

/** The exchange replies to the call for the order with a fault. */
export function reply(fault: Fault, code: Expected, name = JSON.stringify(fault)): FaultCase {
  return { name, code, apply: ({ exchange, orderId }) => exchange.scriptAlways(orderId, fault) };
}

type CaseRow = Pick<Row, 'group' | 'fault'> & {
  /** Default: one of each dialect. All but `orangex` have the deribit exchange behind them. */
  readonly accounts?: readonly string[];
  readonly cases: readonly FaultCase[] | ((subject: Subject) => Promise<readonly FaultCase[]>);
  /** The cases run at once, each in its own process, because they are slow. */
  readonly isSlow?: boolean;
  /** A lower time limit of the function, so that what ends at the deadline ends sooner. */
  readonly limitMs?: number;
  /** The order cannot be read even without the fault. */
  readonly isUnreadable?: boolean;
  /** After each case the processes are ended, and what the table knows of the account is deleted: it is throttled for long. */
  readonly isFresh?: boolean;
  /** The same, once after all cases. */
  readonly isThrottled?: boolean;
  /** Done once before the cases, and not counted. */
  readonly before?: (subject: Subject) => Promise<unknown>;
  /** Functions are killed. */
  readonly kills?: boolean;
};

/** In the time limit of a function, left for storing and responding; milliseconds. */
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
  const { isUnreadable = false, isFresh = false, isSlow = false, limitMs } = row;
  const exchange = stack.exchanges[account === 'orangex' ? 'orangex' : 'deribit'];
  const orderId = exchange.place();
  const subject: Subject = { stack, account, exchange, orderId };
  const tally = createTally(subject);
  if (!isUnreadable) await tally.expectOk('before the fault');
  exchange.partialFill(orderId, '3');
  const all = typeof row.cases === 'function' ? await row.cases(subject) : row.cases;
  await tally.settle();
  const cases = sampleOf(all, form, isFresh ? 1 : isSlow ? 2 : 3);
  if (isSlow) await tally.warmUp(Math.min(cases.length, maxAtOnce));
  stack.limit('get-order', limitMs);
  await row.before?.(subject);
  await tally.begin(form);
  const together = isSlow ? maxAtOnce : 1;
  for (let at = 0; at < cases.length; at += together) {
    await tally.tryCases(cases.slice(at, at + together), subject);
    if (isFresh) await tally.freshProcess();
  }
  await tally.end(form);
  stack.limit('get-order');
  if (row.isThrottled || isSlow) await tally.freshProcess();
  if (row.kills) stack.failures();
  if (!isUnreadable) await tally.expectOk('after the fault');
  return tally.result();
}

/** This many environments of a function run at once. */
const maxAtOnce = 10;
/** Fewer requests would say little about the calls that each one causes. */
const minTried = 20;

/** In the quick form, some from the beginning to the end; in the long one all of them, over and over until there are enough. */
function sampleOf(cases: readonly FaultCase[], form: Form, quick: number): readonly FaultCase[] {
  const wanted = form === 'quick' ? quick : Math.max(minTried, Math.ceil(cases.length / 5) * 5);
  const step = form === 'quick' ? Math.max(1, cases.length / wanted) : 1;
  return Array.from({ length: wanted }, (_, i) => cases[Math.floor(i * step) % cases.length]).flatMap((c) => c ?? []);
}

export function merged(a: Counted, b: Counted): Counted {
  const codes = [...new Set([...a.outcomes.keys(), ...b.outcomes.keys()])];
  return {
    tried: a.tried + b.tried,
    requests: a.requests + b.requests,
    outcomes: new Map(codes.map((code) => [code, (a.outcomes.get(code) ?? 0) + (b.outcomes.get(code) ?? 0)])),
    maxMs: Math.max(a.maxMs, b.maxMs),
    calls: a.calls + b.calls,
    growthBytes: Math.max(a.growthBytes, b.growthBytes),
    damage: sumOf(a.damage, b.damage),
    leaks: [...a.leaks, ...b.leaks],
    wrong: [...a.wrong, ...b.wrong],
  };
}
