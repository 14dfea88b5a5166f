import { Failure } from '../errors.ts';
import { type Answered, type CallDeps, createCalls } from './calls.ts';
import { createFindInHistory, type HistoryLookup, type HistoryQuery } from './history.ts';
import { isJsonObject, type JsonObject, scalarText } from './json.ts';
import type { Reply } from './json-rpc.ts';
import { createListOpenOrders, type ListOpenOrdersOptions, type OpenOrders } from './open-orders.ts';

/** What the exchange said of an order. */
export type OrderReply = Answered<JsonObject>;

export type Exchange = {
  /** `deadline` (epoch ms) bounds everything: key, token, call and repeats. Throws `Failure`. */
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
    getOrderState: (orderId, { deadline }) =>
      call(
        { method: 'private/get_order_state', params: { order_id: orderId } },
        () => ({ read: (reply) => orderOf(reply, orderId) }),
        deadline,
      ),
    listOpenOrders: createListOpenOrders(deps.dialect, call),
    findInHistory: createFindInHistory(deps.dialect, call, deps.clock),
    warmUp,
  };
}

function orderOf({ result }: Reply, orderId: string): JsonObject {
  if (!isJsonObject(result) || scalarText(result['order_id']) !== orderId) {
    throw new Failure('invalid_response', 'The answer of the exchange is not about the order that was asked for.');
  }
  return result;
}
