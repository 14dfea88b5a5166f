import type { Functions } from './functions.ts';
import type { Market } from './market.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

type TradingDeps = {
  readonly market: Market;
  readonly functions: Functions;
  readonly scheduler: Scheduler;
  readonly random: Random;
};

type TradingPlan = {
  readonly orders: number;
  readonly from: number;
  readonly to: number;
  /** The part of the orders that no list holds. */
  readonly unlistedRate?: number;
  /** The part of the orders that a program follows for a while. */
  readonly polledRate?: number;
  /** Nobody requests anything: lists have to discover every order. */
  readonly unattended?: true;
};

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** How many orders a dashboard shows, all requested at once. */
const shown = 40;

/** The desk: places orders, lets them live and end, and requests them from the API, as people and programs do. */
export function trade(deps: TradingDeps, plan: TradingPlan): void {
  const { market, scheduler, random } = deps;
  const { check, poll, insist } = createRequests(deps, plan);
  const { fillPart, edit, end: endOrder } = createActs(deps);
  for (let i = 0; i < plan.orders; i++) {
    scheduler.at(random.between(plan.from, plan.to - 5 * minute), () => {
      const live = lifetime(random);
      const end = Math.min(scheduler.now() + live, plan.to);
      const stays = live > hour && random.chance(0.2);
      follow(placeIn(market, random, plan.unlistedRate), end, stays);
    });
  }
  for (let at = plan.from; at < plan.to && !plan.unattended; at += random.between(15, 60) * minute) {
    scheduler.at(at, () => {
      for (const orderId of [...market.truths.keys()].slice(-shown))
        scheduler.after(random.whole(0, 1_000), () => check(orderId));
    });
  }

  /** What happens to an order, and who requests it. */
  function follow(orderId: string, end: number, stays: boolean): void {
    const placed = scheduler.now();
    const during = () => random.between(placed, end);
    if (random.chance(0.95)) scheduler.after(random.between(100, 20 * second), () => insist(orderId, 12));
    for (let n = random.whole(0, 3); n > 0; n--) scheduler.at(during(), () => check(orderId));
    if (plan.polledRate !== undefined && random.chance(plan.polledRate)) poll(orderId, during(), random.whole(3, 12));
    for (let n = random.whole(0, 2); n > 0; n--)
      scheduler.at(end + random.between(0, 50 * minute), () => check(orderId));
    const { order } = market.book.get(orderId);
    if (order.order_state === 'untriggered') {
      if (!stays) scheduler.at(end, () => spring(orderId));
      return;
    }
    if (order.order_type === 'market') {
      scheduler.after(random.whole(0, 300), () => market.act(orderId, (book) => book.fill(orderId, '50000.5')));
      return;
    }
    for (let n = random.whole(0, 3); n > 0; n--) scheduler.at(during(), () => fillPart(orderId));
    for (let n = random.chance(0.3) ? random.whole(1, 3) : 0; n > 0; n--) scheduler.at(during(), () => edit(orderId));
    if (random.chance(0.04)) scheduler.at(during(), () => market.update(orderId, { order_state: 'pending_review' }));
    if (!stays) scheduler.at(end, () => close(orderId));
  }

  function spring(orderId: string): void {
    const fires = random.chance(0.7);
    if (!fires) market.act(orderId, (book) => book.cancel(orderId));
    const successor = fires ? market.trigger(orderId) : undefined;
    if (successor !== undefined) follow(successor, scheduler.now() + lifetime(random) / 4, false);
  }

  function close(orderId: string): void {
    // A race of everybody for the change.
    if (random.chance(0.3)) {
      for (let n = random.whole(2, 4); n > 0; n--) scheduler.after(random.whole(0, 400), () => check(orderId));
    }
    // The last part and the end within one millisecond, as matching engines do it.
    if (random.chance(0.2)) fillPart(orderId);
    endOrder(orderId);
  }
}

/** What the desk and the matching engine do to an order. */
function createActs({ market, random }: TradingDeps) {
  function fillPart(orderId: string): void {
    market.act(orderId, (book) => {
      const { amount, filled_amount: filled } = book.get(orderId).order;
      const more = Number(filled) + random.whole(1, 9) / 4;
      if (more < Number(amount)) book.partialFill(orderId, String(more), '25000.5');
    });
  }

  function edit(orderId: string): void {
    market.act(orderId, (book) => book.edit(orderId, { price: String(random.whole(20_000, 60_000) / 2) }));
  }

  function end(orderId: string): void {
    const kind = random.next();
    market.act(orderId, (book) => {
      if (kind < 0.5) book.fill(orderId);
      else if (kind < 0.9) book.cancel(orderId);
      else book.reject(orderId);
    });
  }

  return { fillPart, edit, end };
}

/** Requests to the API, as people and programs make them. */
function createRequests({ functions, scheduler, random }: TradingDeps, { unattended }: TradingPlan) {
  function check(orderId: string): void {
    if (unattended) return;
    const maxAgeMs = random.pick([undefined, undefined, 0, 5_000, 60_000]);
    void functions.getOrder(orderId, maxAgeMs);
  }

  /** Requests an order again and again, as a program that follows it does. */
  function poll(orderId: string, at: number, times: number): void {
    scheduler.at(at, () => {
      check(orderId);
      if (times > 1) poll(orderId, scheduler.now() + random.between(1, 20) * second, times - 1);
    });
  }

  /** Requests until there is a response: what was placed has to be known. */
  async function insist(orderId: string, tries: number): Promise<void> {
    if (unattended) return;
    const result = await functions.getOrder(orderId, undefined);
    const isKnown = result !== 'nothing' && 'order' in result;
    if (!isKnown && tries > 1) scheduler.after(random.between(2, 60) * second, () => insist(orderId, tries - 1));
  }

  return { check, poll, insist };
}

/** Many orders live for seconds or minutes, some for hours. */
function lifetime(random: Random): number {
  const kind = random.next();
  if (kind < 0.25) return random.between(1, 60) * second;
  if (kind < 0.65) return random.between(1, 30) * minute;
  return random.between(0.5, 5) * hour;
}

/** Places one order of any kind. */
function placeIn(market: Market, random: Random, unlistedRate = 0): string {
  const amount = String(random.whole(1, 40) * 10);
  const kind = random.next();
  if (kind < 0.08) return market.place({ order_type: 'market', price: 'market_price', amount, filled_amount: '0' });
  if (kind < 0.2) {
    const trigger = {
      order_type: 'stop_limit',
      order_state: 'untriggered',
      filled_amount: undefined,
      average_price: undefined,
    };
    if (random.chance(0.5)) return market.place({ ...trigger, amount: undefined });
    return market.place({ ...trigger, amount, details: { trigger_price: '0' } });
  }
  // Some are in no list, as the orders of copy trading are.
  return market.place({
    amount,
    price: String(random.whole(20_000, 60_000) / 2),
    unlisted: random.chance(unlistedRate),
  });
}
