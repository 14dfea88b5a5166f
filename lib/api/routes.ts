import * as z from 'zod/mini';
import type { Code } from '../errors.ts';
import * as parameters from './parameters.ts';
import { ChangedWatch, CheckedOrder, CheckedOrders, History, JsonRpcResponse, OrderList } from './responses.ts';

/** One request that can be made of us: where, with what, what comes back, and how it can fail. */
export type Route = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** As the gateway writes it; a parameter that is not in it is in the query. */
  readonly path: string;
  /** The file in functions/ that answers. */
  readonly function: string;
  readonly summary: string;
  readonly description: string;
  /** Path and query; strict: what is not in it is refused. */
  readonly parameters: z.ZodMiniObject;
  /** The JSON of the request, where it has one. */
  readonly body?: z.ZodMiniObject;
  readonly response: z.ZodMiniObject;
  /** Answers with an ETag, and 304 to an If-None-Match that names it. */
  readonly conditional?: true;
  /** May answer for a part of what was asked, and says with Retry-After when to ask for the rest. */
  readonly partial?: true;
  readonly codes: readonly Code[];
};

const everywhere = ['bad_request', 'unknown_account', 'account_forbidden', 'internal'] as const satisfies Code[];
const table = ['store_unavailable', 'store_corrupt'] as const satisfies Code[];
const asking = [
  'invalid_order_id',
  'order_not_found',
  'not_owner',
  'unauthorized',
  'key_refused',
  'forbidden',
  'account_locked',
  'secret_empty',
  'secret_malformed',
  'secret_unavailable',
  'throttled',
  'rate_limited_locally',
  'busy',
  'maintenance',
  'unreachable',
  'connection_lost',
  'timeout',
  'invalid_response',
  'exchange_error',
  'request_rejected',
  'store_conflict',
] as const satisfies Code[];

const order = '/accounts/{account}/orders/{order_id}';
const ofOrder = { account: parameters.account, order_id: parameters.orderId };
const call = '/accounts/{account}/api/{version}/private/get_order_state';

/** What can be asked, by the name that the OpenAPI document and the typed client have for it. */
export const routes = {
  getOrder: {
    method: 'GET',
    path: order,
    function: 'get-order',
    summary: 'The state of one order',
    description:
      'Asks the exchange and keeps what it says, unless the order is final or was checked within max_age: then the table answers.',
    parameters: z.strictObject({ ...ofOrder, max_age: z.optional(parameters.maxAge) }),
    response: CheckedOrder,
    conditional: true,
    codes: [...everywhere, ...table, ...asking],
  },
  checkOrders: {
    method: 'POST',
    path: '/accounts/{account}/orders/check',
    function: 'check-orders',
    summary: 'The state of up to 100 orders',
    description:
      'As the state of one order, for each of them. They share the rate that the exchange allows: what could not be tried in time says so, and the answer has a Retry-After.',
    parameters: z.strictObject({ account: parameters.account }),
    body: z.strictObject(
      {
        order_ids: z
          .array(parameters.orderId, 'must be a list of order ids')
          .check(z.minLength(1, 'must name an order'), z.maxLength(100, 'must name at most 100 orders'))
          .check(z.refine((ids: readonly string[]) => new Set(ids).size === ids.length, 'must name each order once')),
        max_age: z.optional(parameters.maxAgeInBody),
      },
      'must be an object',
    ),
    response: CheckedOrders,
    partial: true,
    codes: everywhere,
  },
  listOrders: {
    method: 'GET',
    path: '/accounts/{account}/orders',
    function: 'list-orders',
    summary: 'The orders of an account, by state',
    description: 'From the table alone. A page may be short; it may lag some moments behind the latest check.',
    parameters: z.strictObject({
      account: parameters.account,
      state: parameters.state,
      limit: z.optional(parameters.limit),
      cursor: z.optional(parameters.cursor),
    }),
    response: OrderList,
    codes: [...everywhere, ...table],
  },
  listSnapshots: {
    method: 'GET',
    path: `${order}/snapshots`,
    function: 'list-snapshots',
    summary: 'The history of one order',
    description:
      "From the table alone: what the exchange said, in its own time, each state with its evidence and what changed. `at` and `believed_at` travel in time, the exchange's and ours; together they tell what we believed then of an earlier moment. Neither goes with since, until, limit or cursor.",
    parameters: z.strictObject({
      ...ofOrder,
      since: z.optional(parameters.since),
      until: z.optional(parameters.until),
      at: z.optional(parameters.at),
      believed_at: z.optional(parameters.believedAt),
      limit: z.optional(parameters.limit),
      cursor: z.optional(parameters.cursor),
    }),
    response: History,
    codes: [...everywhere, ...table],
  },
  startWatch: {
    method: 'PUT',
    path: `${order}/watch`,
    function: 'change-watch',
    summary: 'Start the watch of an order',
    description:
      'The schedule checks the order from now on, also one that it has never seen. A final order needs no watch.',
    parameters: z.strictObject(ofOrder),
    response: ChangedWatch,
    codes: [...everywhere, ...table, 'store_conflict'],
  },
  stopWatch: {
    method: 'DELETE',
    path: `${order}/watch`,
    function: 'change-watch',
    summary: 'Stop the watch of an order',
    description: 'Nobody checks the order any more until a person starts its watch again. Who stopped it is kept.',
    parameters: z.strictObject(ofOrder),
    response: ChangedWatch,
    codes: [...everywhere, ...table, 'store_conflict'],
  },
  getOrderState: {
    method: 'GET',
    path: call,
    function: 'get-order-state',
    summary: "The exchange's own request, by query",
    description:
      "For programs that speak the exchange's private/get_order_state: they change its base URL to ours, and hold no key. What fails in the call itself is a JSON-RPC error, with HTTP status 200.",
    parameters: z.strictObject({
      account: parameters.account,
      version: parameters.version,
      order_id: parameters.orderId,
    }),
    response: JsonRpcResponse,
    codes: everywhere,
  },
  callGetOrderState: {
    method: 'POST',
    path: call,
    function: 'get-order-state',
    summary: "The exchange's own request, by JSON-RPC",
    description:
      'The same as a JSON-RPC 2.0 call in the body. The id is echoed as it came. Unknown methods are answered -32601, bad params -32602, what is no JSON -32700, with HTTP status 200.',
    parameters: z.strictObject({ account: parameters.account, version: parameters.version }),
    body: z.strictObject({
      jsonrpc: z.literal('2.0'),
      id: z.optional(z.union([z.string(), z.number(), z.null()])),
      method: z.enum(['private/get_order_state', '/private/get_order_state']),
      params: z.strictObject({ order_id: parameters.orderId }),
    }),
    response: JsonRpcResponse,
    codes: everywhere,
  },
} as const satisfies Readonly<Record<string, Route>>;

/** The names of the routes. */
export type Operation = keyof typeof routes;
