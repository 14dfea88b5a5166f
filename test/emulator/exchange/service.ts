import type { Caller, KeyRing } from './auth.ts';
import type { Genuine } from './faults.ts';
import { defaultHistory, type HistoryOptions } from './histories.ts';
import { listingCalls, replyToListing } from './listing-calls.ts';
import type { Listing } from './lists.ts';
import type { BookEntry, OrderBook } from './orders.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { errorStatus, Refusal, writeError } from './refusals.ts';
import { type Call, callOfBody, callOfQuery, type RecordedRequest, UnreadableCall } from './requests.ts';
import { mayReadOrders } from './scopes.ts';
import { type Dialect, type Reply, writeJson, writeOrder } from './wire.ts';

type ServiceOptions = {
  readonly dialect: Dialect;
  /** What comes before the method in a path, without a slash at its end. */
  readonly basePath: string;
  readonly now: () => number;
  readonly keyRing: KeyRing;
  readonly book: OrderBook;
  readonly rateLimiter: RateLimiter;
  readonly history?: Partial<HistoryOptions>;
};

/** A request's call, or why it cannot be understood. */
type Reading = {
  readonly call: RecordedRequest['call'];
  readonly orderId: string | undefined;
  readonly id: string | undefined;
  readonly requested: Call | Refusal;
};

type Handled = {
  readonly genuine: Genuine;
  /** What a fault for this request may be scripted for, the most particular first. */
  readonly targets: readonly string[];
};

const calls: Readonly<Record<Dialect, Readonly<Record<string, RecordedRequest['call']>>>> = {
  orangex: { 'public/auth': 'auth', 'private/get_order_state': 'get_order_state', ...listingCalls.orangex },
  deribit: {
    'public/auth': 'auth',
    'public/test': 'test',
    'private/get_order_state': 'get_order_state',
    ...listingCalls.deribit,
  },
};

const orderIds = /^[A-Za-z0-9._-]{1,64}$/;

/** What the exchange replies as long as nothing fails. */
export class Service {
  readonly #options: ServiceOptions;

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  read(method: string, path: string, body: string): Reading {
    const { dialect, basePath } = this.#options;
    const [location = '', query = ''] = path.split('?', 2);
    const name = location.startsWith(`${basePath}/`) ? location.slice(basePath.length + 1) : '';
    const slash = dialect === 'orangex' ? '/' : '';
    try {
      const requested = method === 'GET' ? callOfQuery(slash + name, query) : callOfBody(body);
      // deribit takes any method at the bare base.
      const bare = dialect === 'deribit' && name === '' && location.startsWith(basePath);
      const fits = requested.method === slash + name || bare;
      const call = (fits && calls[dialect][requested.method.slice(slash.length)]) || 'other';
      // What is scripted for an order, and said of it, is about requests for that order's state.
      const orderId = call === 'trades' ? undefined : requested.params['order_id'];
      return { call, orderId: typeof orderId === 'string' ? orderId : undefined, id: requested.id, requested };
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      const id = thrown instanceof UnreadableCall ? thrown.id : undefined;
      return { call: 'other', orderId: undefined, id, requested: thrown };
    }
  }

  handle(request: RecordedRequest, reading: Reading): Handled {
    const { dialect, now } = this.#options;
    const targetsOfAuth = request.call === 'auth' ? ['auth', 'any'] : ['any'];
    const progress: Progress = { targets: targetsOfAuth, held: undefined, listing: undefined };
    const outcome = this.#outcome(request, reading, progress);
    const { held, listing, targets } = progress;
    const times = held?.times ?? { in: request.at, out: now() };
    const reply = { ...outcome, id: reading.id, jsonrpc: '2.0', times };
    return { genuine: { dialect, request, reply, order: held?.order, past: held?.past ?? [], listing }, targets };
  }

  #outcome(
    request: RecordedRequest,
    reading: Reading,
    progress: Progress,
  ): Pick<Reply, 'httpStatus' | 'result' | 'error'> {
    const { dialect } = this.#options;
    try {
      return { httpStatus: 200, result: this.#result(request, reading, progress), error: undefined };
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      const { code, data } = thrown;
      return {
        httpStatus: errorStatus(dialect, code),
        result: undefined,
        error: writeError(dialect, code, undefined, data),
      };
    }
  }

  #result(request: RecordedRequest, { requested, orderId }: Reading, progress: Progress): string {
    const { dialect, keyRing } = this.#options;
    if (requested instanceof Refusal) throw requested;
    if (request.call === 'other') throw new Refusal(dialect === 'orangex' ? 1000 : -32601);
    if (request.call === 'test') return writeJson({ version: '1.2.26' });
    if (request.call === 'auth') {
      // A key in a URL ends up in logs: this exchange does not take one.
      if (request.method !== 'POST') throw new Refusal(-32600);
      return writeJson(keyRing.grant(requested.params, request.connection));
    }
    const caller = this.#admit(request, requested);
    if (request.call !== 'get_order_state') {
      const { book, now, history } = this.#options;
      const kept = { ...defaultHistory, ...history };
      const reply = replyToListing({ dialect, book, now: now(), history: kept }, requested, caller.account);
      progress.targets = reply.targets;
      progress.listing = reply.listing;
      return reply.result();
    }
    progress.targets = orderId === undefined ? ['order', 'any'] : [orderId, 'order', 'any'];
    if (orderId === undefined) {
      const reason = requested.params['order_id'] === undefined ? 'missing' : 'wrong format';
      throw new Refusal(-32602, { reason, param: 'order_id' });
    }
    progress.held = this.#order(caller, orderId);
    return writeOrder(dialect, progress.held.order);
  }

  /** Authentication, rate limit, scope: in this order. */
  #admit(request: RecordedRequest, { params }: Call): Caller {
    const { dialect, keyRing, rateLimiter } = this.#options;
    if (dialect === 'orangex' && params['access_token'] !== undefined) throw new Refusal(10000);
    const { method, path: uri, body, connection, headers } = request;
    const caller = keyRing.authenticate({ authorization: headers.authorization, method, uri, body, connection });
    const wait = rateLimiter.take(caller.account);
    if (wait > 0) {
      // Too many requests end the session on deribit.
      if (dialect === 'deribit' && caller.accessToken !== undefined) keyRing.revoke(caller.accessToken);
      throw new Refusal(10028, { wait });
    }
    if (!mayReadOrders(caller.scope)) throw new Refusal(13021);
    return caller;
  }

  #order(caller: Caller, orderId: string): BookEntry {
    if (!orderIds.test(orderId)) throw new Refusal(10025);
    const held = this.#options.book.find(orderId);
    if (!held) throw new Refusal(10004);
    if (held.order.account !== caller.account) throw new Refusal(10029);
    return held;
  }
}

/** What is known of a request by the time it gets its reply or is refused. */
type Progress = { targets: readonly string[]; held: BookEntry | undefined; listing: Listing | undefined };
