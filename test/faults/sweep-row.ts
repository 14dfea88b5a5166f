import { performance } from 'node:perf_hooks';
import { DeleteItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import type { RecordedRequest } from '../emulator/exchange/requests.ts';
import type { Exchange } from '../emulator/exchange/server.ts';
import { growthOf } from './memory.ts';
import { damageOf, noDamage, type OrderItems, readOrderItems, sumOf } from './order-items.ts';
import { type Counted, type Form, merged, type Row } from './row.ts';
import type { FaultStack } from './stack.ts';
import { callsOf, leaksIn, recover } from './tally.ts';

/** An account whose orders are swept: one that has just been filled in part, one in a spot market, and a stop. */
export type SweepSubject = {
  readonly stack: FaultStack;
  readonly dialect: 'orangex' | 'deribit';
  readonly account: string;
  readonly exchange: Exchange;
  readonly orderIds: readonly string[];
};

type SweepRow = Pick<Row, 'group' | 'fault'> & {
  /** Each a fault that lasts while the account is swept. */
  readonly cases: readonly ((swept: SweepSubject) => unknown)[];
  /** How many sweeps start at once. Default: 1. */
  readonly atOnce?: number;
  /** The orders are gone from the exchange: nothing can heal them at once. */
  readonly isGone?: boolean;
  /** The sweep does not end with a report, because its process is killed or the table is away. */
  readonly fails?: boolean;
  /** What is wrong once the fault is over, if anything is. */
  readonly check?: (swept: SweepSubject) => Promise<string | undefined>;
};

/** A sweep starts nothing in the last 25 s of its time. */
const limitMs = 25_700;
const name = 'check-open-orders';

/** A row in which an account is swept before, during and after each fault. */
export function sweepRow(row: SweepRow): Row {
  const { group, fault, cases } = row;
  return {
    group,
    fault,
    run: async (stack, form) => {
      stack.limit(name, limitMs);
      const results: Counted[] = [];
      // Both dialects in turn, and in the long form each at least once.
      const wanted = form === 'quick' ? 1 : Math.max(2, cases.length);
      for (let i = 0; i < wanted; i++) {
        const apply = cases[i % cases.length];
        const dialect = (fault.length + i) % 2 === 0 ? 'orangex' : 'deribit';
        if (apply !== undefined) results.push(await runCase(row, apply, { stack, dialect }, form));
      }
      stack.limit(name);
      const all = results.reduce(merged);
      return { group, fault, deadlineMs: limitMs, ...all };
    },
  };
}

async function runCase(
  row: SweepRow,
  apply: SweepRow['cases'][number],
  { stack, dialect }: Pick<SweepSubject, 'stack' | 'dialect'>,
  form: Form,
): Promise<Counted> {
  const swept = placeOrders(stack, dialect);
  const { exchange } = swept;
  const traffic = createTraffic(exchange);
  const [changed = ''] = swept.orderIds;
  const wrong: string[] = [];
  const watched = ({ watchStatus }: OrderItems) => watchStatus === 'watched';
  const before = await sweepUntil(swept, traffic, (all) => all.every(watched));
  if (!before.every(watched)) wrong.push('not every order is watched');
  exchange.partialFill(changed, '3');
  const memory = form === 'long' ? await memoryOf(stack) : new Map<number, number>();

  await apply(swept);
  const outcomes = await traffic.of(() => Promise.all(Array.from({ length: row.atOnce ?? 1 }, () => sweep(swept))));
  recover(stack);
  const during = await readAll(swept);
  const growthBytes = form === 'long' && !row.fails ? growthOf(memory, await memoryOf(stack)) : 0;
  if (row.fails) {
    stack.failures();
    // A crashed owner would block the account for 30 s.
    await stack.forgetAccount(swept.account);
  } else wrong.push(...outcomes.filter(({ outcome }) => outcome === 'failed').map(({ text }) => text));
  const isHealed = ([first]: readonly OrderItems[]) => row.isGone || (first?.snapshots.size ?? 0) > 1;
  const after = await sweepUntil(swept, traffic, isHealed);
  if (!isHealed(after)) wrong.push('the change is not in the record');
  const complaint = await row.check?.(swept);
  const replies = stack.replies.all();
  const damage = [
    ...before.map((items, i) => damageOf(items, during[i] ?? items, replies)),
    ...during.map((items, i) => damageOf(items, after[i] ?? items, replies)),
  ].reduce(sumOf, noDamage);
  await removeOrders(swept);
  return {
    tried: outcomes.length,
    ...traffic.counts(),
    outcomes: countsOf(outcomes),
    maxMs: Math.max(...outcomes.map(({ ms }) => ms)),
    growthBytes,
    damage,
    leaks: leaksIn(stack),
    wrong: [...wrong, ...(complaint === undefined ? [] : [complaint]), ...stack.failures()],
  };
}

function countsOf(outcomes: readonly { readonly outcome: string }[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { outcome } of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return counts;
}

const maxSweeps = 10;

/** Sweeps until the orders are as they should be; on a busy machine one list may not come in time. */
async function sweepUntil(
  swept: SweepSubject,
  traffic: ReturnType<typeof createTraffic>,
  isDone: (all: readonly OrderItems[]) => boolean,
): Promise<readonly OrderItems[]> {
  let all: readonly OrderItems[] = [];
  for (let left = maxSweeps; left > 0 && (left === maxSweeps || !isDone(all)); left--) {
    await traffic.of(() => sweep(swept));
    all = await readAll(swept);
  }
  return all;
}

/** Counts the calls of sweeps, and what they request: the same call within a second is a repeat. */
function createTraffic(exchange: Exchange) {
  let requests = 0;
  let calls = 0;
  const requestIn = ({ path, body, at }: RecordedRequest) =>
    `${Math.floor(at / 1_000)} ${path} ${body.replace(/"id":\d+/, '')}`;
  return {
    of: async <Result>(work: () => Promise<Result>): Promise<Result> => {
      const before = callsOf(exchange);
      const result = await work();
      const sent = callsOf(exchange) - before;
      const received = sent === 0 ? [] : exchange.requests.slice(-sent);
      requests += new Set(received.map(requestIn)).size;
      calls += sent;
      return result;
    },
    counts: () => ({ requests, calls }),
  };
}

function placeOrders(stack: FaultStack, dialect: SweepSubject['dialect']): SweepSubject {
  const exchange = stack.listed[dialect];
  const orderIds = [
    exchange.place(),
    exchange.place({ instrument_name: 'BTC-USDT' }),
    exchange.place({ order_type: 'stop_limit', order_state: 'untriggered' }),
  ];
  return { stack, dialect, account: `listed-${dialect}`, exchange, orderIds };
}

/** The next row starts with an empty account. */
async function removeOrders({ stack, account, exchange, orderIds }: SweepSubject): Promise<void> {
  await stack.forgetAccount(account);
  for (const id of orderIds) {
    exchange.erase(id);
    const { client, tableName: TableName } = stack;
    const { Items = [] } = await client.send(
      new QueryCommand({
        TableName,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: `${account}#${id}` } },
      }),
    );
    for (const { pk, sk } of Items) {
      if (pk !== undefined && sk !== undefined)
        await client.send(new DeleteItemCommand({ TableName, Key: { pk, sk } }));
    }
  }
  stack.replies.clear();
}

function readAll({ stack, account, orderIds }: SweepSubject): Promise<readonly OrderItems[]> {
  return Promise.all(orderIds.map((id) => readOrderItems(stack, account, id)));
}

const Ticks = z.array(z.looseObject({ outcome: z.string() }));

/** One tick of the account's schedule. */
async function sweep({ stack, account }: SweepSubject) {
  const startedAt = performance.now();
  const event = JSON.stringify({ accounts: [account] });
  const result = await stack.lambda.invoke(stack.functionName(name), event, 'Root=1-00000000-000000000000000000000000');
  const ms = performance.now() - startedAt;
  if (result.kind === 'throttled') return { outcome: 'no environment was free', text: '', ms };
  if (result.kind !== 'returned') return { outcome: 'failed', text: JSON.stringify(result), ms };
  stack.redaction.seen(result.payload);
  const [tick] = Ticks.parse(JSON.parse(result.payload));
  return { outcome: tick?.outcome ?? 'nothing', text: result.payload, ms };
}

function memoryOf({ memory, lambda, functionName }: FaultStack): Promise<ReadonlyMap<number, number>> {
  return memory.measure(lambda.pids(functionName(name)));
}
