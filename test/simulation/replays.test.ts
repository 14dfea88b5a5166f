import { describe, expect, it } from 'vitest';
import type { Placement } from '../emulator/exchange/orders.ts';
import { noFaults, type Scenario, type Stage, simulate } from './simulate.ts';
import type { Verdict } from './verdict.ts';

const minute = 60_000;
const start = Date.UTC(2026, 0, 1, 12);

/** A day on which nothing goes wrong but what the replay is about. */
function replay(scenario: Partial<Scenario> & Pick<Scenario, 'dialect' | 'script'>): Promise<Verdict> {
  return simulate({ seed: 1, start, end: start + 90 * minute, outages: [], rates: noFaults, ...scenario });
}

/** Places orders at the start, and makes them known. */
function placeKnown(stage: Stage, placements: readonly Placement[]): readonly string[] {
  const { market, functions, scheduler } = stage;
  return placements.map((placement, i) => {
    const orderId = market.place(placement);
    /** As a client does: what timed out is requested once more. */
    const request = (again: boolean) => {
      void functions.getOrder(orderId, 0);
      if (again) scheduler.after(60_000, () => stage.statusOf(orderId) === undefined && request(false));
    };
    // Later than a node of the exchange may still not know it, and slower than permits are earned.
    scheduler.after(5_000 + i * 1_000, () => request(true));
    return orderId;
  });
}

it('replay of hummingbot #8457: when names cannot be resolved while orders are live, no order is closed, and all are found again afterwards', async () => {
  const outage = { kind: 'dns', from: start + 10 * minute, to: start + 28 * minute } as const;
  let live: readonly string[] = [];
  let ended: readonly string[] = [];
  let stage: Stage | undefined;
  const statuses: string[] = [];
  const verdict = await replay({
    dialect: 'orangex',
    outages: [outage],
    script: (given) => {
      stage = given;
      const { market, scheduler } = given;
      live = placeKnown(
        given,
        Array.from({ length: 30 }, () => ({})),
      );
      ended = placeKnown(
        given,
        Array.from({ length: 10 }, () => ({})),
      );
      // Some end while nobody can look.
      for (const [i, orderId] of ended.entries()) {
        scheduler.at(outage.from + (i + 1) * minute, () => market.act(orderId, (book) => book.fill(orderId)));
      }
      scheduler.at(outage.to - 1, () => {
        for (const orderId of [...live, ...ended]) statuses.push(given.statusOf(orderId) ?? 'not known');
      });
    },
  });

  expect(verdict.findings).toEqual([]);
  expect(verdict.failures.get('unreachable')).toBeGreaterThan(5);
  expect(new Set(statuses)).toEqual(new Set(['watched']));
  expect(live.map((orderId) => stage?.statusOf(orderId))).toEqual(live.map(() => 'watched'));
  expect(ended.map((orderId) => stage?.statusOf(orderId))).toEqual(ended.map(() => 'final'));
});

it.each(['deribit', 'orangex'] as const)(
  'replay of an outage that is longer than the exchange remembers closed orders: on %s, every end is found in the history, without a person',
  async (dialect) => {
    const outage = { kind: 'refused', from: start + 10 * minute, to: start + 50 * minute } as const;
    let ended: readonly string[] = [];
    let statuses = (): readonly unknown[] => [];
    const missing: unknown[] = [];
    const verdict = await replay({
      dialect,
      outages: [outage],
      script: (stage) => {
        const { market, scheduler } = stage;
        ended = placeKnown(
          stage,
          Array.from({ length: 10 }, () => ({})),
        );
        statuses = () => ended.map((orderId) => stage.statusOf(orderId));
        for (const [i, orderId] of ended.entries()) {
          scheduler.at(outage.from + i * 30_000, () => market.act(orderId, (book) => book.fill(orderId)));
        }
        scheduler.at(outage.to, () => missing.push(...ended.filter((id) => market.book.find(id) === undefined)));
      },
    });
    expect(missing).toEqual(ended);
    expect(verdict.findings).toEqual([]);
    expect(statuses()).toEqual(ended.map(() => 'final'));
    expect(verdict.closed).toBe(10);
    expect(verdict.excused).toBe(0);
  },
);

describe('NautilusTrader', () => {
  /** Live for a quarter of an hour as given, then ended or not; returns what the table said before and after. */
  async function follow(
    dialect: Scenario['dialect'],
    placement: Placement,
    end: (stage: Stage, orderId: string) => void,
  ): Promise<{ readonly verdict: Verdict; readonly before: readonly unknown[]; readonly after: readonly unknown[] }> {
    const statesOf = (stage: Stage, orderId: string) => [stage.statusOf(orderId), stage.stateOf(orderId)];
    let before: readonly unknown[] = [];
    let after = () => before;
    const verdict = await replay({
      dialect,
      script: (stage) => {
        const [orderId = ''] = placeKnown(stage, [placement]);
        stage.scheduler.at(start + 15 * minute, () => {
          before = statesOf(stage, orderId);
          end(stage, orderId);
        });
        after = () => statesOf(stage, orderId);
      },
    });
    return { verdict, before, after: after() };
  }

  it('replay of NautilusTrader #3870: an order that was filled and forgotten stays filled, however often it is requested', async () => {
    const states: unknown[] = [];
    const { verdict, after } = await follow('deribit', {}, ({ market, scheduler, functions }, orderId) => {
      market.act(orderId, (book) => book.fill(orderId));
      for (const later of [35, 45, 60]) {
        scheduler.after(later * minute, async () => {
          const result = await functions.getOrder(orderId, 0);
          states.push(result !== 'nothing' && 'order' in result ? result.order.order.order_state : result);
        });
      }
    });
    expect(verdict.findings).toEqual([]);
    expect(after).toEqual(['final', 'filled']);
    expect(states).toEqual(['filled', 'filled', 'filled']);
  });

  it('replay of NautilusTrader #3870: an order that the exchange loses while it is live is missing, not closed', async () => {
    const { verdict, after } = await follow('deribit', {}, ({ market }, orderId) => market.book.forget(orderId));
    expect(verdict.findings).toEqual([]);
    expect(after).toEqual(['missing', 'open']);
  });

  it.each(['orangex', 'deribit'] as const)(
    'replay of NautilusTrader: a canceled order is closed, spelled with one l or two, on %s',
    async (dialect) => {
      const { verdict, before, after } = await follow(dialect, {}, ({ market }, orderId) => {
        market.act(orderId, (book) => book.cancel(orderId));
      });
      expect(verdict.findings).toEqual([]);
      expect(before).toEqual(['watched', 'open']);
      expect(after).toEqual(['final', 'canceled']);
    },
  );

  it('replay of NautilusTrader: an order in an unknown state is neither open nor closed, and is watched until it ends', async () => {
    const strange: Placement = { order_state: 'pending_review' };
    const { verdict, before, after } = await follow('deribit', strange, ({ market }, orderId) => {
      market.act(orderId, (book) => book.cancel(orderId));
    });
    expect(verdict.findings).toEqual([]);
    expect(before).toEqual(['unknown', 'pending_review']);
    expect(after).toEqual(['final', 'canceled']);
  });

  it('replay of NautilusTrader #3925: a price of market_price does not end a live order', async () => {
    const atMarket: Placement = { order_type: 'stop_market', order_state: 'untriggered', price: 'market_price' };
    const { verdict, before, after } = await follow('deribit', atMarket, () => undefined);
    expect(verdict.findings).toEqual([]);
    expect([before, after]).toEqual([
      ['watched', 'untriggered'],
      ['watched', 'untriggered'],
    ]);
  });

  it('replay of NautilusTrader #3995: an order without filled_amount, average_price and amount is live, and ends as the exchange ended it', async () => {
    const sparse: Placement = {
      order_type: 'stop_limit',
      order_state: 'untriggered',
      amount: undefined,
      filled_amount: undefined,
      average_price: undefined,
    };
    const { verdict, before, after } = await follow('deribit', sparse, ({ market }, orderId) => {
      market.trigger(orderId);
    });
    expect(verdict.findings).toEqual([]);
    expect(before).toEqual(['watched', 'untriggered']);
    expect(after).toEqual(['final', 'triggered']);
  });
});
