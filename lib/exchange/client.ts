import { Failure } from '../errors.ts';
import { type CallDeps, createCalls } from './calls.ts';
import { createFindInHistory, type HistoryLookup, type HistoryQuery } from './history.ts';
import { isJsonObject, type JsonObject, scalarText } from './json.ts';
import type { Reply } from './json-rpc.ts';
import { createListOpenOrders, type ListOpenOrdersOptions, type OpenOrders } from './open-orders.ts';
import { type Order, readOrder, refuseImplausibleTimes } from './order.ts';

/** What the exchange replied about an order. Times are milliseconds since the Unix epoch. */
export type OrderReply = {
  readonly order: Order;
  /** The text of the reply's `result`, verbatim. */
  readonly resultText: string;
  /** The exchange's clock when it replied, if it said. */
  readonly exchangeTime: number | undefined;
  /** Our clock just before the request that was answered, and just after its reply. */
  readonly requestedAt: number;
  readonly answeredAt: number;
  /** The version of the key that was used. */
  readonly keyVersion: string;
};

export type Exchange = {
  /**
   * `deadline` (epoch ms) bounds everything: key, token, call and repeats. A reply without the order that was asked for
   * is repeated like any broken one; an order that cannot be read is not, since the next reply would hold it, too.
   * Throws `Failure`.
   */
  readonly getOrderState: (orderId: string, options: { readonly deadline: number }) => Promise<OrderReply>;
  /**
   * All open orders of the account, one call per list of the dialect. Throws `Failure` when any of them fails, or is not
   * a list to its end: a failed list is never an empty one. The failure speaks of the account, never of an order.
   */
  readonly listOpenOrders: (options: ListOpenOrdersOptions) => Promise<OpenOrders>;
  /**
   * Looks for an order that `getOrderState` no longer knows, place after place, until its row is found. An attempt that
   * fails is part of the answer; the failure speaks of the account, never of the order.
   */
  readonly findInHistory: (order: HistoryQuery, options: { readonly deadline: number }) => Promise<HistoryLookup>;
  /** Does ahead of the first call what it would wait for: key, token, connection. Throws `Failure`. */
  readonly warmUp: (deadline: number) => Promise<void>;
};

export function createExchange(deps: CallDeps): Exchange {
  const { call, warmUp } = createCalls(deps);
  return {
    getOrderState: async (orderId, { deadline }) => {
      const { result, envelope, ...reply } = await call(
        { method: 'private/get_order_state', params: { order_id: orderId } },
        () => ({ read: (received) => resultAbout(orderId, received) }),
        deadline,
      );
      const order = readOrder(result, deps.dialect);
      refuseImplausibleTimes(order, reply.answeredAt);
      return { ...reply, order, exchangeTime: envelope.usOut?.epochMs };
    },
    listOpenOrders: createListOpenOrders(deps.dialect, call),
    findInHistory: createFindInHistory(deps.dialect, call, deps.clock),
    warmUp,
  };
}

function resultAbout(orderId: string, { result }: Reply): JsonObject {
  if (!isJsonObject(result) || scalarText(result['order_id']) !== orderId) {
    throw new Failure('invalid_response', "The exchange's reply is not about the order that was requested.");
  }
  return result;
}
