import { asFailure, type Code, Failure } from '../../../lib/errors.ts';
import { orangex } from '../../../lib/exchange/dialects/orangex.ts';
import { isJsonObject, parseJson } from '../../../lib/exchange/json.ts';
import type { ExchangeLists } from '../../../lib/exchange/lists.ts';
import { readOrder } from '../../../lib/exchange/order.ts';
import { createCheckOrder } from '../../../lib/orders/check-order.ts';
import { createLookUpOrder } from '../../../lib/orders/look-up-order.ts';
import { createSnapshotStore } from '../../../lib/snapshots/store.ts';
import type { SnapshotTable } from '../../../lib/snapshots/table.ts';
import { statusOf } from '../../../lib/snapshots/watch.ts';
import { applyWatchCommand } from '../../../lib/snapshots/watch-command.ts';
import { createCheckOpenOrders, type TickReport } from '../../../lib/sweep/check-open-orders.ts';
import { createSweep } from '../../../lib/sweep/sweep.ts';
import { createEnvironment, startTime, type TestEnvironment } from '../accounts/environment.ts';
import { createMemoryAccountTable } from '../accounts/memory-table.ts';
import { createMemoryTable } from '../snapshots/memory-table.ts';

export const account = 'main';
const policy = { minMs: 10_000, maxMs: 600_000 };
const instrument = 'BTC-PERPETUAL';

type BookOrder = {
  readonly state: string;
  readonly updatedAt: number;
  readonly filled: string;
  /** Of a trailing stop, whose times stay as they are. */
  readonly trigger?: string;
};
/** What one list shows instead of the truth. */
type ListFault =
  | { readonly kind: 'fails'; readonly failure: Failure }
  | { readonly kind: 'holds'; readonly rows: readonly Row[]; readonly incomplete?: boolean };
export type Row = { readonly orderId: string; readonly text: string };

export const failure = (code: 'unreachable' | 'timeout' | 'forbidden' | 'invalid_response') =>
  new Failure(code, 'for the test');
export const open = { state: 'open', updatedAt: startTime, filled: '0' };
export const ids = (count: number) => Array.from({ length: count }, (_, i) => `order-${i + 1}`);

/** A row of a list, as the exchange writes it. */
export function rowOf(orderId: string, { state, updatedAt, filled, trigger }: BookOrder): Row {
  const moving = trigger === undefined ? '' : `,"trigger_price":"${trigger}"`;
  const text = `{"order_id":"${orderId}","order_state":"${state}","amount":"10","price":"855.10","filled_amount":"${filled}","direction":"buy","order_type":"limit","instrument_name":"${instrument}","time_in_force":"good_til_cancelled","creation_timestamp":${startTime},"last_update_timestamp":${updatedAt}${moving}}`;
  return { orderId, text };
}

function orderIn(text: string) {
  const json = parseJson(text);
  if (!isJsonObject(json)) throw new Failure('invalid_response', 'for the test');
  return readOrder(json, orangex);
}

function readRow({ orderId, text }: Row) {
  return {
    orderId,
    text,
    digest: text,
    exchangeTime: undefined,
    read: () => {
      try {
        return orderIn(text);
      } catch (thrown) {
        return asFailure(thrown);
      }
    },
  };
}

const source = 'order_history';

/** One call: notes when it was requested, and says when its reply came. */
function createCall(environment: TestEnvironment) {
  return async (times: number[]): Promise<{ readonly requestedAt: number; readonly receivedAt: number }> => {
    const requestedAt = environment.now();
    times.push(requestedAt - startTime);
    await environment.sleep(50);
    return { requestedAt, receivedAt: environment.now() };
  };
}

/** What the exchange replies about single orders. */
function createExchangeStub(environment: TestEnvironment, stateOf: (orderId: string) => BookOrder | undefined) {
  const checks: { readonly orderId: string; readonly at: number }[] = [];
  const failing = new Map<string, Code>();
  const call = createCall(environment);
  const exchange = {
    warmUp: async () => {},
    getOrderState: async (orderId: string) => {
      checks.push({ orderId, at: environment.now() - startTime });
      const times = await call([]);
      const order = stateOf(orderId);
      const code = failing.get(orderId) ?? (order === undefined ? 'order_not_found' : undefined);
      if (order === undefined || code !== undefined) throw new Failure(code ?? 'order_not_found', 'for the test');
      const { text } = rowOf(orderId, order);
      return { order: orderIn(text), resultText: text, exchangeTime: undefined, keyVersion: 'v1', ...times };
    },
  };
  return { exchange, checks, failing };
}

/** The account at the exchange: its orders, lists and histories, and what was requested of it. */
function createListedExchange(environment: TestEnvironment) {
  const book = new Map<string, BookOrder>();
  const closed = new Map<string, BookOrder>();
  const unlisted = new Set<string>();
  const forgotten = new Set<string>();
  const history: Row[] = [];
  const lists: number[] = [];
  const rowsRead: number[] = [];
  const lookups: number[] = [];
  let faultOf = (_list: number): ListFault | undefined => undefined;

  const call = createCall(environment);

  const exchangeLists: ExchangeLists = {
    listOpenOrders: async ({ followEarlier }) => {
      const times = await call(lists);
      const fault = faultOf(lists.length);
      if (fault?.kind === 'fails') throw fault.failure;
      const all = [...book].filter(([orderId]) => !unlisted.has(orderId));
      const rows = fault?.rows ?? all.map(([orderId, order]) => rowOf(orderId, order));
      const earlier = followEarlier?.();
      const changed = rows.filter(({ orderId, text }) => earlier?.isKnown(orderId, text) !== true);
      rowsRead.push(changed.length);
      return {
        ids: new Set(rows.map(({ orderId }) => orderId)),
        changed: changed.map(readRow),
        complete: fault?.incomplete !== true,
        keyVersion: 'v1',
        ...times,
      };
    },
    findInHistory: async ({ orderId }) => {
      const times = await call(lookups);
      const found = history.filter((row) => row.orderId === orderId);
      return {
        rows: found.map((row) => ({ ...readRow(row), ...times, source, keyVersion: 'v1' })),
        attempts: [{ source, outcome: found.length > 0 ? 'found' : 'not_found', rows: found.length }],
      };
    },
  };
  const { exchange, checks, failing } = createExchangeStub(
    environment,
    (orderId) => book.get(orderId) ?? (forgotten.has(orderId) ? undefined : closed.get(orderId)),
  );

  const set = (orderId: string, state: string, filled: string, updatedAt = environment.now()): BookOrder => {
    const order = { state, updatedAt, filled };
    if (state === 'open') book.set(orderId, order);
    else book.delete(orderId);
    return order;
  };
  return {
    exchange,
    exchangeLists,
    lists,
    rowsRead,
    checks,
    /** Its own checks fail with this code from now on. */
    fail: (orderId: string, code: Code) => void failing.set(orderId, code),
    lookups,
    place: (orderId: string, updatedAt?: number) => void set(orderId, 'open', '0', updatedAt),
    trail: (orderId: string, trigger: string) => {
      const order = book.get(orderId);
      if (order !== undefined) book.set(orderId, { ...order, trigger });
    },
    fill: (orderId: string, filled: string) => void set(orderId, 'open', filled),
    end: (orderId: string, state = 'filled') => void closed.set(orderId, set(orderId, state, '10')),
    /** The exchange no longer knows it; with a row, its history does. */
    forget: (orderId: string, row?: Row) => {
      book.delete(orderId);
      forgotten.add(orderId);
      if (row !== undefined) history.push(row);
    },
    addToHistory: (row: Row) => void history.push(row),
    /** Lists never hold it. */
    hide: (orderId: string) => void unlisted.add(orderId),
    onList: (of: (list: number) => ListFault | undefined) => {
      faultOf = of;
    },
  };
}

type Operation = 'readCurrent' | 'putSnapshot';

type SceneOptions = {
  readonly discover?: boolean;
  /** Shared by accounts that are swept concurrently. */
  readonly environment?: TestEnvironment;
  /** How long each write of a watch takes, milliseconds. */
  readonly writeMs?: number;
};

/** An exchange with one account, swept minute by minute over tables in memory, in a time that jumps. */
export function createListedScene(options: SceneOptions = {}) {
  const { environment = createEnvironment(), writeMs = 0 } = options;
  const accountTable = createMemoryAccountTable();
  const memory = createMemoryTable(() => policy);
  const writes: string[] = [];
  let tableFails = (_: string): boolean => false;
  let unindexed = (_: string): boolean => false;
  const broken = new Map<string, Code>();
  const refuseBroken = (orderId: string, operation: Operation): undefined => {
    const code = broken.get(`${orderId} ${operation}`);
    if (code !== undefined) throw new Failure(code, 'for the test');
  };
  const table: SnapshotTable = {
    ...memory,
    list: async (...page) => (await memory.list(...page)).filter(({ orderId }) => !unindexed(orderId)),
    readCurrent: async (key) => refuseBroken(key.orderId, 'readCurrent') ?? memory.readCurrent(key),
    putSnapshot: async (snapshot) => refuseBroken(snapshot.orderId, 'putSnapshot') ?? memory.putSnapshot(snapshot),
    putWatch: async (key, ...rest) => {
      writes.push(key.orderId);
      if (writeMs > 0) await environment.sleep(writeMs);
      return tableFails(key.orderId) ? Promise.reject(unavailable()) : memory.putWatch(key, ...rest);
    },
  };
  const listed = createListedExchange(environment);
  const { exchange, exchangeLists: lists } = listed;
  const store = createSnapshotStore(table);
  const accounts = new Map([[account, { exchange, dialect: orangex }]]);
  const shared = { store, clock: environment, onDrift: () => {} };
  const sweep = createSweep({
    ...shared,
    checkOrder: createCheckOrder({ ...shared, accounts }),
    list: table.list,
    listedAccount: () => ({
      dialect: orangex,
      lists,
      lookUpOrder: createLookUpOrder({ dialect: orangex, lists, store, clock: environment }),
      listPolicy: { minMs: 5_000, maxMs: 10_000 },
      discover: options.discover ?? true,
    }),
  });
  const deps = { sweep, accounts, accountTable, policyOf: () => policy, capacityOf: () => 3_000 };
  let nonces = 0;
  const tick = createCheckOpenOrders({ ...deps, clock: environment, nonce: () => `${++nonces}` });
  const current = (orderId: string) => memory.readCurrent({ account, orderId });

  return {
    ...listed,
    writes,
    accountTable,
    failTable: (fails: (orderId: string) => boolean) => {
      tableFails = fails;
    },
    /** The table cannot carry out this operation for this order. */
    breakOrder: (orderId: string, operation: Operation, code: Code) => void broken.set(`${orderId} ${operation}`, code),
    /** The index does not show these orders yet. */
    hideFromIndex: (hides: (orderId: string) => boolean) => {
      unindexed = hides;
    },
    at: (ms: number, act: () => unknown) => {
      void environment.sleep(ms).then(act);
    },
    /** Ticks for this many minutes; returns what each reported. */
    run: async (minutes: number): Promise<readonly TickReport[]> => {
      const reports: Promise<TickReport>[] = [];
      for (let minute = 0; minute < minutes; minute++) {
        void environment.sleep(minute * 60_000).then(() => {
          const deadline = environment.now() + 60_000 + 25_000;
          reports.push(tick({ account, requestId: `tick-${minute}`, deadline }));
        });
      }
      await environment.run();
      return Promise.all(reports);
    },
    watchOf: async (orderId: string) => (await current(orderId)).stored?.watch,
    statusOf: async (orderId: string) => {
      const { stored } = await current(orderId);
      return stored && statusOf(stored.watch);
    },
    inspect: (orderId: string) => memory.inspect({ account, orderId }),
    /** Stops the order's watch, or starts it again. */
    command: (orderId: string, stopped: boolean) => {
      const at = environment.now();
      return applyWatchCommand(memory, { account, orderId, at, by: 'anna', stopped, requestId: `command-${at}` });
    },
    register: async (orderId: string) => {
      await memory.putWatch({ account, orderId }, { openedAt: startTime, observations: [], notFoundAt: [] }, 0);
    },
  };
}

function unavailable(): Failure {
  return new Failure('store_unavailable', 'for the test');
}
