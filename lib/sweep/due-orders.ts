type DueOrder = { readonly orderId: string; readonly vanished: boolean };
type Due<Order> = { readonly order: Order; readonly at: number };

/**
 * Which of an account's open orders are due and not set aside: those that vanished from a list first, then the longest due.
 * They are gone through only when one may be due. `dueOf`: milliseconds since the Unix epoch.
 */
export function createDueOrders<Order extends DueOrder>(
  orders: ReadonlyMap<string, Order>,
  dueOf: (order: Order) => number,
) {
  const hiddenUntil = new Map<string, number>();
  let noneDueUntil = 0;

  const dueNow = (now: number): Due<Order>[] => {
    if (now < noneDueUntil) return [];
    noneDueUntil = Infinity;
    const due: Due<Order>[] = [];
    for (const order of orders.values()) {
      const at = dueOf(order);
      const shownAt = Math.max(hiddenUntil.get(order.orderId) ?? 0, at);
      noneDueUntil = Math.min(noneDueUntil, shownAt);
      if (shownAt <= now) due.push({ order, at });
    }
    return due;
  };

  /** An order was written, or `dueOf` says something else now. */
  const changed = (): void => {
    noneDueUntil = 0;
  };

  return {
    changed,
    all: (now: number): readonly Order[] =>
      dueNow(now)
        .sort(compare)
        .map(({ order }) => order),
    first: (now: number): Order | undefined => {
      const [some, ...others] = dueNow(now);
      return some && others.reduce((first, next) => (compare(next, first) < 0 ? next : first), some).order;
    },
    hide: (orderId: string, until: number): void => {
      hiddenUntil.set(orderId, until);
      noneDueUntil = Math.min(noneDueUntil, until);
    },
    show: (orderId: string): void => {
      hiddenUntil.delete(orderId);
      changed();
    },
    /** How many are set aside. */
    hidden: (now: number): number => {
      for (const [orderId, until] of hiddenUntil) if (until <= now) hiddenUntil.delete(orderId);
      return hiddenUntil.size;
    },
  };
}

function compare(a: Due<DueOrder>, b: Due<DueOrder>): number {
  return Number(b.order.vanished) - Number(a.order.vanished) || a.at - b.at;
}
