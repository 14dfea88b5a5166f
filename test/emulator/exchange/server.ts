import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { listen, unlisten } from '../listen.ts';
import { RequestLog } from '../request-log.ts';
import { type Key, KeyRing } from './auth.ts';
import { type Delivery, deliver, send } from './delivery.ts';
import { type Fault, plan } from './faults.ts';
import type { HistoryOptions } from './histories.ts';
import { type Change, OrderBook, type Placement } from './orders.ts';
import { RateLimiter, type RateLimitOptions } from './rate-limiter.ts';
import { type RecordedRequest, readBody } from './requests.ts';
import { readBook, writeBook } from './saved-book.ts';
import { Script } from './script.ts';
import { seedOrder } from './seed-order.ts';
import { Service } from './service.ts';
import type { Dialect, Order, Quantity, WireObject } from './wire.ts';

export type ExchangeOptions = {
  readonly dialect: Dialect;
  /** Free by default. */
  readonly port?: number;
  /** By default `defaultKey`. */
  readonly keys?: readonly Key[];
  /** The exchange's clock, in milliseconds since the epoch. */
  readonly now?: () => number;
  /** By default 43199 on orangex, 900 on deribit. */
  readonly tokenLifeSeconds?: number;
  /** How long a closed order can still be requested. By default 30 minutes on deribit, for ever on orangex. */
  readonly forgetAfterMs?: number;
  readonly rateLimit?: RateLimitOptions;
  readonly history?: Partial<HistoryOptions>;
  /** Called with each reply before it goes out: its result as it was without a fault, and what is sent. */
  readonly onDelivery?: (result: string | undefined, delivery: Delivery) => void;
  /** The book of an earlier run, as `save` got it. */
  readonly saved?: string | undefined;
  /** Called with the whole book after every change. */
  readonly save?: ((book: string) => void) | undefined;
};

/**
 * What a fault waits for: calls for one order, by id; `auth`; `order`, any call of get_order_state; `open_orders`, or
 * `open_orders:SPOT` and `open_orders:PERPETUAL`; `order_history`, or `order_history:recent` and `order_history:archive`;
 * `trades`; `any`, every request. Those of an order, of lists and of histories are for calls that
 * got past authentication, rate limit and scope: others are refused as they would be, and leave the script alone.
 */
type FaultTarget = 'auth' | 'order' | 'open_orders' | 'order_history' | 'trades' | 'any' | (string & {});

export type Exchange = {
  /** Base URL, `/api/v1` or `/api/v2` included, no slash at its end. */
  readonly url: string;
  readonly dialect: Dialect;
  readonly keys: readonly Key[];
  /** Rotates the keys: the tokens of those that are gone are void at once. */
  setKeys(keys: readonly Key[]): void;
  revokeTokens(): void;
  /** Returns the order's id. */
  place(placement?: Placement): string;
  partialFill(id: string, filled: Quantity, averagePrice?: Quantity): void;
  fill(id: string, averagePrice?: Quantity): void;
  cancel(id: string, details?: WireObject): void;
  reject(id: string): void;
  edit(id: string, change: Change): void;
  /** Returns the id of the order that the trigger order made. */
  trigger(id: string, placement?: Placement): string;
  update(id: string, change: Change): void;
  /** Not found any more when requested by id; a closed order stays in the histories. */
  forget(id: string): void;
  /** Gone from everywhere. */
  erase(id: string): void;
  /** As it is now. */
  order(id: string): Order;
  /** The ids of the orders that may still trade. */
  openIds(): readonly string[];
  /** Faults, one per matching request, in order. */
  script(target: FaultTarget, ...faults: Fault[]): void;
  /** A fault for every matching request, until `clearScript`. */
  scriptAlways(target: FaultTarget, fault: Fault): void;
  clearScript(target?: FaultTarget): void;
  /** The latest 10 000. */
  readonly requests: readonly RecordedRequest[];
  count(call: RecordedRequest['call']): number;
  /** Resolves when so many requests have come in, counted from the start. */
  received(requests: number): Promise<void>;
  /** Ends every open connection, as after fifteen minutes or a deployment of theirs. */
  disconnect(): void;
  stop(): Promise<void>;
};

export const defaultKey: Key = { clientId: 'tester', clientSecret: 'tester-secret' };

const tokenLife: Readonly<Record<Dialect, number>> = { orangex: 43_199, deribit: 900 };
const memory: Readonly<Record<Dialect, number>> = { orangex: Number.POSITIVE_INFINITY, deribit: 30 * 60_000 };
const basePaths: Readonly<Record<Dialect, string>> = { orangex: '/api/v1', deribit: '/api/v2' };

export async function startExchange(options: ExchangeOptions): Promise<Exchange> {
  const { dialect, port = 0, now = Date.now } = options;
  const basePath = basePaths[dialect];
  const tokenLifeSeconds = options.tokenLifeSeconds ?? tokenLife[dialect];
  const keyRing = new KeyRing({ dialect, keys: options.keys ?? [defaultKey], now, tokenLifeSeconds });
  const { saved, save } = options;
  const book = new OrderBook({
    dialect,
    now,
    forgetAfterMs: options.forgetAfterMs ?? memory[dialect],
    saved: saved === undefined ? undefined : readBook(saved),
    onChange: () => save?.(writeBook(book.save())),
    maxForgotten: 1_000,
  });
  const rateLimit = new RateLimiter(options.rateLimit ?? 'unlimited', now);
  const { history = {} } = options;
  const service = new Service({ dialect, basePath, now, keyRing, book, rateLimiter: rateLimit, history });
  const script = new Script();
  const requests = new RequestLog<RecordedRequest>(({ call }) => call);
  const stopped = new AbortController();
  const connections = new WeakMap<Socket, number>();
  let connected = 0;

  // deribit always sends its required fields, label and post_only and api; the specification's example has none of them.
  if (saved === undefined) book.place({ ...seedOrder, bare: dialect === 'orangex' });

  const handle = createHandler({
    dialect,
    basePath,
    now,
    service,
    script,
    requests,
    signal: stopped.signal,
    onDelivery: options.onDelivery ?? (() => undefined),
    numberOf: (socket) => connections.get(socket) ?? 0,
  });
  const server = createServer((incoming, response) => {
    handle(incoming, response).catch((thrown: unknown) => {
      if (response.destroyed || stopped.signal.aborted) return;
      // A fault that throws is the test's mistake: say so where the test will look.
      const why = Buffer.from(`The test exchange failed: ${String(thrown)}`);
      if (response.headersSent) response.destroy();
      else send(response, { status: 500, headers: { 'content-type': 'text/plain' }, body: why });
    });
  });
  server.on('connection', (socket) => {
    connected += 1;
    connections.set(socket, connected);
  });
  // Longer than any test, so that no idle connection closes under a request.
  server.keepAliveTimeout = 15 * 60_000;
  const listening = await listen(server, port);

  return {
    url: `http://127.0.0.1:${listening.port}${basePath}`,
    dialect,
    get keys() {
      return keyRing.keys;
    },
    setKeys(keys) {
      keyRing.keys = keys;
    },
    revokeTokens: () => keyRing.revokeAll(),
    ...operationsOf(book),
    script: (target, ...faults) => script.add(target, faults),
    scriptAlways: (target, fault) => script.always(target, fault),
    clearScript: (target) => script.clear(target),
    requests: requests.all,
    count: (call) => requests.count(call),
    received: (count) => requests.received(count),
    disconnect: () => server.closeAllConnections(),
    async stop() {
      if (stopped.signal.aborted) return;
      stopped.abort();
      await unlisten(server);
    },
  };
}

type OrderOperation =
  | 'place'
  | 'partialFill'
  | 'fill'
  | 'cancel'
  | 'reject'
  | 'edit'
  | 'trigger'
  | 'update'
  | 'forget'
  | 'erase'
  | 'order'
  | 'openIds';

/** What tests do to orders. */
function operationsOf(book: OrderBook): Pick<Exchange, OrderOperation> {
  return {
    place: (placement) => book.place(placement),
    partialFill: (id, filled, averagePrice) => book.partialFill(id, filled, averagePrice),
    fill: (id, averagePrice) => book.fill(id, averagePrice),
    cancel: (id, details) => book.cancel(id, details),
    reject: (id) => book.reject(id),
    edit: (id, change) => book.edit(id, change),
    trigger: (id, placement) => book.trigger(id, placement),
    update: (id, change) => book.update(id, change),
    forget: (id) => book.forget(id),
    erase: (id) => book.erase(id),
    order: (id) => book.get(id).order,
    openIds: () => book.openIds(),
  };
}

type HandlerDeps = {
  readonly dialect: Dialect;
  readonly basePath: string;
  readonly now: () => number;
  readonly service: Service;
  readonly script: Script;
  readonly requests: RequestLog<RecordedRequest>;
  readonly onDelivery: NonNullable<ExchangeOptions['onDelivery']>;
  /** Aborted when the exchange stops. */
  readonly signal: AbortSignal;
  /** Connections are numbered from 1. */
  readonly numberOf: (connection: Socket) => number;
};

/** Records a request and responds to it, with its fault if it has one. */
function createHandler(deps: HandlerDeps) {
  const { dialect, basePath, now, service, script, requests, signal, onDelivery, numberOf } = deps;
  return async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url: path = '', headers, socket } = incoming;
    const arrived = { method, path, headers, at: now(), connection: numberOf(socket) };
    const bytes = await readBody(incoming);
    if (bytes === undefined) {
      requests.add({ ...arrived, body: '', call: 'other', orderId: undefined });
      const tooLarge = Buffer.from('Request body too large');
      return send(response, {
        status: 413,
        headers: { 'content-type': 'text/plain', connection: 'close' },
        body: tooLarge,
      });
    }
    const body = bytes.toString('utf8');
    const reading = service.read(method, path, body);
    const request: RecordedRequest = { ...arrived, body, call: reading.call, orderId: reading.orderId };
    requests.add(request);
    if (dialect === 'orangex' && (path === basePath || path === `${basePath}/`)) {
      // As seen live: the bare base sends a POST on to plain http, where its body would travel unencrypted.
      const location = `http://${headers.host}${basePath}/`;
      return send(response, { status: 302, headers: { location }, body: Buffer.alloc(0) });
    }
    const { genuine, targets } = service.handle(request, reading);
    const delivery = await plan(script.take(targets) ?? { kind: 'pass' }, genuine, signal);
    onDelivery(genuine.reply.result, delivery);
    if (!response.destroyed) await deliver(response, delivery, signal);
  };
}
