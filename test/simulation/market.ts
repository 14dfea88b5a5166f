import { writeOpenRow } from '../emulator/exchange/lists.ts';
import { type Change, OrderBook, type Placement } from '../emulator/exchange/orders.ts';
import { type Dialect, writeOrder } from '../emulator/exchange/wire.ts';
import type { Scheduler } from './scheduler.ts';

/** One state that an order truly had: what the exchange says of it, verbatim. */
type TrueState = {
  readonly at: number;
  readonly text: string;
  /** As a list of open orders writes it. */
  readonly row: string;
  readonly isFinal: boolean;
};

/** What truly happened to one order, oldest first; never forgotten, unlike by the exchange. */
export type Truth = {
  readonly orderId: string;
  readonly states: readonly TrueState[];
  /** In no list of open orders. */
  readonly unlisted?: boolean;
};

/**
 * OrangeX's `rpl` moves on its own and makes no other state; a trailing stop's trigger price moves, and none of its
 * times does. Texts are compared with both at rest.
 */
export function withoutVolatile(text: string): string {
  return text.replace(/"rpl":"[^"]*"/, '"rpl":"0"').replace(/"trigger_price":"[^"]*"/, '"trigger_price":"0"');
}

const finalStates: ReadonlySet<string> = new Set(['filled', 'canceled', 'rejected', 'triggered']);

/** The exchange's orders, and the true history of each, which the simulation is judged by. */
export type Market = {
  readonly book: OrderBook;
  readonly truths: ReadonlyMap<string, Truth>;
  readonly place: (placement: Placement) => string;
  /** Anything at all happens to an order. Nothing does, once it is closed. */
  readonly act: (orderId: string, action: (book: OrderBook) => void) => void;
  readonly update: (orderId: string, change: Change) => void;
  /** Returns the id of the order that the trigger order made, if it fired. */
  readonly trigger: (orderId: string) => string | undefined;
  readonly isLive: (orderId: string) => boolean;
};

export function createMarket(options: {
  readonly dialect: Dialect;
  readonly account: string;
  readonly scheduler: Scheduler;
  readonly forgetAfterMs: number;
}): Market {
  const { dialect, account, scheduler, forgetAfterMs } = options;
  const book = new OrderBook({ dialect, now: scheduler.now, forgetAfterMs });
  const truths = new Map<
    string,
    { readonly orderId: string; readonly states: TrueState[]; readonly unlisted: boolean }
  >();

  const note = (orderId: string, unlisted = false): void => {
    const { order } = book.get(orderId);
    const truth = truths.get(orderId) ?? { orderId, states: [], unlisted };
    truths.set(orderId, truth);
    const text = writeOrder(dialect, order);
    if (truth.states.at(-1)?.text === text) return;
    const row = writeOpenRow(dialect, order);
    truth.states.push({ at: scheduler.now(), text, row, isFinal: finalStates.has(order.order_state) });
  };
  const isLive = (orderId: string): boolean => truths.get(orderId)?.states.at(-1)?.isFinal === false;
  const act: Market['act'] = (orderId, action) => {
    if (!isLive(orderId)) return;
    action(book);
    note(orderId);
  };
  return {
    book,
    truths,
    isLive,
    act,
    place: (placement) => {
      const orderId = book.place({ account, ...placement });
      note(orderId, placement.unlisted);
      return orderId;
    },
    update: (orderId, change) => act(orderId, () => book.update(orderId, change)),
    trigger: (orderId) => {
      let successor: string | undefined;
      act(orderId, () => {
        successor = book.trigger(orderId);
      });
      if (successor !== undefined) note(successor);
      return successor;
    },
  };
}
