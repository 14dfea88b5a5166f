import * as z from 'zod/mini';
import type { Code } from '../errors.ts';
import { AccountList, AccountOverview } from './account-responses.ts';
import { define } from './define.ts';
import * as parameters from './parameters.ts';
import { ChangedWatch, CheckedOrder, CheckedOrders, History, JsonRpcResponse, OrderList } from './responses.ts';

/** One request of the API: its address, parameters, response and failures. */
export type Route = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** In the gateway's notation; parameters that are not in the path are in the query. */
  readonly path: string;
  /** The file in functions/ that serves it. */
  readonly function: string;
  readonly summary: string;
  readonly description: string;
  /** Path and query. Strict: unknown parameters are refused. */
  readonly parameters: z.ZodMiniObject;
  /** The request's JSON body, if it has one. */
  readonly body?: z.ZodMiniObject;
  readonly response: z.ZodMiniObject;
  /** The response has an ETag; it is 304 when If-None-Match names that. */
  readonly conditional?: true;
  /** The response may cover a part of the request; Retry-After then says when to send the rest. */
  readonly partial?: true;
  readonly codes: readonly Code[];
};

const everywhere = ['bad_request', 'unknown_account', 'account_forbidden', 'internal'] as const satisfies Code[];
const table = ['store_unavailable', 'store_corrupt'] as const satisfies Code[];
const exchangeCall = [
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

/* Each route is a separate export: a function imports its own, and its bundle has no other. */

export const getOrder = /* @__PURE__ */ define(
  () =>
    ({
      method: 'GET',
      path: order,
      function: 'get-order',
      summary: 'The state of one order',
      description:
        'Calls the exchange and stores its reply. If the order is final or was confirmed within max_age, the state comes from the table instead.',
      parameters: z.strictObject({ ...ofOrder, max_age: z.optional(parameters.maxAge) }),
      response: CheckedOrder,
      conditional: true,
      codes: [...everywhere, ...table, ...exchangeCall],
    }) as const satisfies Route,
);

export const checkOrders = /* @__PURE__ */ define(
  () =>
    ({
      method: 'POST',
      path: '/accounts/{account}/orders/check',
      function: 'check-orders',
      summary: `The state of up to ${parameters.maxOrders} orders`,
      description:
        "Like the state of one order, for each order id. All share the exchange's rate limit: orders that could not be checked in time, or whose states would exceed 5 MB, are `not_tried`, and the response has a Retry-After header.",
      parameters: z.strictObject({ account: parameters.account }),
      body: z.strictObject(
        {
          order_ids: z
            .array(parameters.orderId, 'must be a list of order ids')
            .check(
              z.minLength(1, 'must name an order'),
              z.maxLength(parameters.maxOrders, `must name at most ${parameters.maxOrders} orders`),
            )
            .check(z.refine((ids: readonly string[]) => new Set(ids).size === ids.length, 'must name each order once')),
          max_age: z.optional(parameters.maxAgeInBody),
        },
        'must be an object',
      ),
      response: CheckedOrders,
      partial: true,
      codes: everywhere,
    }) as const satisfies Route,
);

export const listOrders = /* @__PURE__ */ define(
  () =>
    ({
      method: 'GET',
      path: '/accounts/{account}/orders',
      function: 'list-orders',
      summary: 'The orders of an account, by state',
      description:
        'From the table only. A page may hold fewer orders than requested, and may lag slightly behind the latest check.',
      parameters: z.strictObject({
        account: parameters.account,
        state: parameters.state,
        instrument_name: z.optional(parameters.instrumentName),
        limit: z.optional(parameters.limit),
        cursor: z.optional(parameters.cursor),
      }),
      response: OrderList,
      codes: [...everywhere, ...table],
    }) as const satisfies Route,
);

export const listAccounts = /* @__PURE__ */ define(
  () =>
    ({
      method: 'GET',
      path: '/accounts',
      function: 'list-accounts',
      summary: 'An overview of all accounts',
      description: 'From the table only. For a token: the accounts that its claim lists.',
      parameters: z.strictObject({}),
      response: AccountList,
      codes: ['bad_request', 'internal', ...table],
    }) as const satisfies Route,
);

export const getAccount = /* @__PURE__ */ define(
  () =>
    ({
      method: 'GET',
      path: '/accounts/{account}',
      function: 'list-accounts',
      summary: 'An overview of one account',
      description:
        'From the table only: the latest complete list of open orders, the number of orders in each status, and the state of the checks.',
      parameters: z.strictObject({ account: parameters.account }),
      response: AccountOverview,
      codes: [...everywhere, ...table],
    }) as const satisfies Route,
);

export const listSnapshots = /* @__PURE__ */ define(
  () =>
    ({
      method: 'GET',
      path: `${order}/snapshots`,
      function: 'list-snapshots',
      summary: 'The history of one order',
      description:
        'From the table only: the states of the order by exchange time, each with its provenance and its changes. `at` selects the state that was current at an exchange time, `believed_at` what this record said at a time by our clock; both together, what it said then about an earlier moment. Neither can be combined with since, until, limit or cursor.',
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
    }) as const satisfies Route,
);

export const startWatch = /* @__PURE__ */ define(
  () =>
    ({
      method: 'PUT',
      path: `${order}/watch`,
      function: 'change-watch',
      summary: 'Start the watch of an order',
      description: 'Scheduled checks of the order begin, even if it was never observed. A final order needs no watch.',
      parameters: z.strictObject(ofOrder),
      response: ChangedWatch,
      codes: [...everywhere, ...table, 'store_conflict'],
    }) as const satisfies Route,
);

export const stopWatch = /* @__PURE__ */ define(
  () =>
    ({
      method: 'DELETE',
      path: `${order}/watch`,
      function: 'change-watch',
      summary: 'Stop the watch of an order',
      description: 'Scheduled checks of the order stop until its watch is started again. The caller is recorded.',
      parameters: z.strictObject(ofOrder),
      response: ChangedWatch,
      codes: [...everywhere, ...table, 'store_conflict'],
    }) as const satisfies Route,
);

const getOrderState = /* @__PURE__ */ define(
  () =>
    ({
      method: 'GET',
      path: call,
      function: 'get-order-state',
      summary: "The exchange's own request, by query",
      description:
        "For programs that call the exchange's private/get_order_state: they replace its base URL with ours and need no key. A call that fails gets a JSON-RPC error with HTTP status 200.",
      parameters: z.strictObject({
        account: parameters.account,
        version: parameters.version,
        order_id: parameters.orderId,
      }),
      response: JsonRpcResponse,
      codes: everywhere,
    }) as const satisfies Route,
);

export const callGetOrderState = /* @__PURE__ */ define(
  () =>
    ({
      method: 'POST',
      path: call,
      function: 'get-order-state',
      summary: "The exchange's own request, by JSON-RPC",
      description:
        'The same as a JSON-RPC 2.0 call in the body. The id is returned verbatim. Unknown methods get error -32601, invalid params -32602, and invalid JSON -32700, with HTTP status 200.',
      parameters: z.strictObject({ account: parameters.account, version: parameters.version }),
      body: z.strictObject({
        jsonrpc: z.literal('2.0'),
        id: z.optional(z.union([z.string(), z.number(), z.null()])),
        method: z.enum(['private/get_order_state', '/private/get_order_state']),
        params: z.strictObject({ order_id: parameters.orderId }),
      }),
      response: JsonRpcResponse,
      codes: everywhere,
    }) as const satisfies Route,
);

/** All requests, by their names in the OpenAPI document and the typed client. */
export const routes = {
  listAccounts,
  getAccount,
  getOrder,
  checkOrders,
  listOrders,
  listSnapshots,
  startWatch,
  stopWatch,
  getOrderState,
  callGetOrderState,
} as const satisfies Readonly<Record<string, Route>>;

/** The names of the routes. */
export type Operation = keyof typeof routes;
