import { setTimeout as sleep } from 'node:timers/promises';
import type { Placement } from '../emulator/exchange/orders.ts';
import type { Exchange } from '../emulator/exchange/server.ts';

type DemoSetting = {
  readonly exchange: Exchange;
  /** Of the account's orders, on the stack's own HTTP API. */
  readonly ordersUrl: string;
  /** Called with the message of a request that failed. */
  readonly failed: (message: string) => void;
  /** What a second takes, in milliseconds. Default: 1000. */
  readonly secondMs?: number;
};

/** What a desk does: it sends orders to the exchange, and puts them on watch. */
type Desk = Omit<Exchange, 'place'> & {
  /** Like the exchange's own, with an id that no other run has used. */
  readonly place: (placement: Placement) => string;
  readonly seconds: (count: number) => Promise<void>;
  /** Puts an order on watch, as an operator would. */
  readonly watch: (orderId: string) => Promise<void>;
  /** Requests an order once, which puts it on watch as well. */
  readonly request: (orderId: string) => Promise<void>;
  readonly letGo: (orderId: string) => Promise<void>;
};

type Story = (desk: Desk) => Promise<void>;

const btc = 'BTC-PERPETUAL';
const eth = 'ETH-PERPETUAL';
const xrp = 'XRP-PERPETUAL';
const pepe = 'PEPE-PERPETUAL';
const sol = 'SOL-PERPETUAL';

async function fillsInParts(desk: Desk): Promise<void> {
  const id = desk.place({ instrument_name: btc, price: '64250.50', amount: '3' });
  await desk.request(id);
  await desk.seconds(5);
  desk.partialFill(id, '1');
  await desk.seconds(5);
  desk.partialFill(id, '2', '64250.25');
  await desk.seconds(6);
  desk.fill(id, '64250.20');
}

async function isCancelled(desk: Desk): Promise<void> {
  const id = desk.place({ instrument_name: xrp, direction: 'sell', price: '1.10', amount: '250' });
  await desk.watch(id);
  await desk.seconds(8);
  desk.cancel(id);
}

async function vanishesAndReturns(desk: Desk): Promise<void> {
  const id = desk.place({ instrument_name: eth, direction: 'sell', price: '3120.10', amount: '10' });
  await desk.request(id);
  await desk.seconds(5);
  const order = desk.order(id);
  desk.forget(id);
  await desk.seconds(6);
  desk.place(order);
  await desk.seconds(9);
  desk.fill(id);
}

async function vanishes(desk: Desk): Promise<void> {
  const id = desk.place({ instrument_name: pepe, price: '0.000000010', amount: '25000000' });
  await desk.request(id);
  await desk.seconds(5);
  desk.partialFill(id, '7500000');
  await desk.seconds(7);
  desk.forget(id);
  // Nothing closes it: it is looked for until a person says that it is enough.
  await desk.seconds(40);
  await desk.letGo(id);
}

async function isTriggered(desk: Desk): Promise<void> {
  const id = desk.place({
    instrument_name: btc,
    direction: 'sell',
    order_type: 'stop_limit',
    order_state: 'untriggered',
    price: '61999.50',
    amount: '0.40',
    details: { stop_price: '62000.00' },
  });
  await desk.request(id);
  await desk.seconds(6);
  const made = desk.trigger(id, { order_id: nextTo(id) });
  await desk.seconds(3);
  await desk.watch(made);
  await desk.seconds(5);
  desk.fill(made, '61999.75');
}

async function isInAStateOfItsOwn(desk: Desk): Promise<void> {
  const id = desk.place({ instrument_name: eth, price: '2998.05', amount: '0.70' });
  await desk.request(id);
  await desk.seconds(6);
  desk.update(id, { order_state: 'suspended' });
  await desk.seconds(8);
  desk.update(id, { order_state: 'open', price: '2998.10' });
  await desk.seconds(6);
  desk.cancel(id);
}

async function fillsAtOnce(desk: Desk): Promise<void> {
  const id = desk.place({ instrument_name: xrp, price: '1.1010', amount: '100' });
  await desk.watch(id);
  await desk.seconds(5);
  desk.fill(id, '1.1005');
}

/** Nobody registers it, and its end is only in the history: lists discover it, and the history closes it. */
async function isNobodys(desk: Desk): Promise<void> {
  const id = desk.place({ instrument_name: sol, price: '142.35', amount: '15' });
  await desk.seconds(12);
  desk.cancel(id);
  desk.forget(id);
}

/** When each story first starts, in seconds. Together they show within half a minute what can happen to an order. */
const opening: readonly (readonly [at: number, story: Story])[] = [
  [0, fillsInParts],
  [1, vanishesAndReturns],
  [2, isCancelled],
  [4, isTriggered],
  [5, isInAStateOfItsOwn],
  [7, vanishes],
  [9, isNobodys],
  [16, fillsAtOnce],
];
const stories = opening.map(([, story]) => story);
/** From then on one story after the other begins, the longest of which has eight of these to end. */
const goesOnAt = 30;
const everySeconds = 10;
/** A closed order stays known to the exchange for as long; later requests for it are served from the table. */
const keptSeconds = 60;

/** Lets orders come and go in the built-in exchange, always in the same way, until it is stopped. */
export function startDemo({ exchange, ordersUrl, failed, secondMs = 1000 }: DemoSetting): {
  readonly stop: () => void;
} {
  const stopping = new AbortController();
  const { signal } = stopping;
  // Ids of a run that kept its table must not come again. Digits only, and more of them than a number could hold.
  const run = String(Date.now()).slice(-10);
  let placed = 0;

  const seconds = (count: number) => sleep(count * secondMs, undefined, { signal });

  function nextId({ instrument_name: instrument = btc }: Placement): string {
    placed += 1;
    const digits = `${run}${String(placed * 10).padStart(5, '0')}`;
    return exchange.dialect === 'deribit' ? `${instrument.split('-')[0]}-${digits.slice(-12)}` : `39${digits}`;
  }

  async function request(method: string, path: string): Promise<void> {
    const response = await fetch(`${ordersUrl}/${path}`, { method, signal });
    await response.body?.cancel();
    if (!response.ok) failed(`${method} ${path} got ${response.status}`);
  }

  async function tell(story: Story): Promise<void> {
    const ids: string[] = [];
    const desk: Desk = {
      ...exchange,
      place: (placement) => {
        const id = exchange.place({ order_id: nextId(placement), ...placement });
        ids.push(id);
        return id;
      },
      trigger: (id, placement) => {
        const made = exchange.trigger(id, placement);
        ids.push(made);
        return made;
      },
      seconds,
      watch: (id) => request('PUT', `${id}/watch`),
      request: (id) => request('GET', id),
      letGo: (id) => request('DELETE', `${id}/watch`),
    };
    try {
      await story(desk);
      await seconds(keptSeconds);
      for (const id of new Set(ids)) forget(id);
    } catch (error) {
      if (!signal.aborted) failed(error instanceof Error ? error.message : String(error));
    }
  }

  function forget(id: string): void {
    try {
      exchange.forget(id);
    } catch {
      // It was forgotten before: that was the story.
    }
  }

  /** What an earlier run left open is cancelled, as its owner would: no story goes on with it. */
  async function cancelLeftovers(ids: readonly string[]): Promise<void> {
    await seconds(10);
    for (const id of ids) exchange.cancel(id);
    await seconds(keptSeconds);
    for (const id of ids) forget(id);
  }

  async function goOn(): Promise<void> {
    void cancelLeftovers(exchange.openIds()).catch((error: unknown) => {
      if (!signal.aborted) failed(error instanceof Error ? error.message : String(error));
    });
    await Promise.all(
      opening.map(async ([at, story]) => {
        await seconds(at);
        void tell(story);
      }),
    );
    await seconds(goesOnAt - Math.max(...opening.map(([at]) => at)));
    for (let next = 0; ; next += 1) {
      const story = stories[next % stories.length];
      if (story !== undefined) void tell(story);
      await seconds(everySeconds);
    }
  }

  goOn().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  return { stop: () => stopping.abort() };
}

/** The id of the order that a trigger order makes: only its last digit differs. */
function nextTo(id: string): string {
  return `${id.slice(0, -1)}1`;
}
