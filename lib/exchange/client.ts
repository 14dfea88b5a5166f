import { Failure } from '../errors.ts';
import { type CallDeps, createCalls } from './calls.ts';
import { isJsonObject, type JsonObject, scalarText } from './json.ts';
import type { Reply } from './json-rpc.ts';
import { type Order, readOrder, refuseImplausibleTimes } from './order.ts';

/** What the exchange replied about an order. Times are milliseconds since the Unix epoch. */
type OrderReply = {
  readonly order: Order;
  /** The text of the reply's `result`, verbatim. */
  readonly resultText: string;
  /** The exchange's clock when it replied, if it said. */
  readonly exchangeTime: number | undefined;
  /** By our clock: just before the request was sent, and when its reply came. */
  readonly requestedAt: number;
  readonly receivedAt: number;
  /** The version of the key that was used. */
  readonly keyVersion: string;
};

export type Exchange = {
  /**
   * `deadline` (epoch ms) bounds everything: key, token, call and retries. A reply about another order is retried like
   * any broken one. An order that cannot be parsed is not: the next reply would contain it, too.
   * Throws `Failure`.
   */
  readonly getOrderState: (orderId: string, options: { readonly deadline: number }) => Promise<OrderReply>;
  /** Prepares for the first call: key, token, connection. Throws `Failure`. */
  readonly warmUp: (deadline: number) => Promise<void>;
};

/** Single orders of one account. For its lists see `createExchangeLists`, which can share the calls and so the token. */
export function createExchange(deps: CallDeps, { call, warmUp } = createCalls(deps)): Exchange {
  return {
    getOrderState: async (orderId, { deadline }) => {
      const { result, ...reply } = await call(
        { method: 'private/get_order_state', params: { order_id: orderId } },
        () => ({ read: (received) => resultAbout(orderId, received) }),
        deadline,
      );
      const order = readOrder(result, deps.dialect);
      refuseImplausibleTimes(order, reply.receivedAt);
      return { ...reply, order };
    },
    warmUp,
  };
}

function resultAbout(orderId: string, { result }: Reply): JsonObject {
  if (!isJsonObject(result) || scalarText(result['order_id']) !== orderId) {
    throw new Failure('invalid_response', "The exchange's reply is not about the order that was requested.");
  }
  return result;
}
