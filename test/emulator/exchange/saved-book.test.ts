import { afterEach, expect, it } from 'vitest';
import { requestOrder } from './http-client.ts';
import { seedId } from './seed-order.ts';
import { type Exchange, startExchange } from './server.ts';
import { lexeme } from './wire.ts';

const running: Exchange[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((exchange) => exchange.stop()));
});

it.each(['orangex', 'deribit'] as const)(
  'a restarted emulated %s has the saved orders, to the digit',
  async (dialect) => {
    let saved: string | undefined;
    const start = async () => {
      const exchange = await startExchange({ dialect, saved, save: (book) => (saved = book) });
      running.push(exchange);
      return exchange;
    };
    const first = await start();
    const open = first.place({ amount: lexeme('1.10'), details: { huge: lexeme('390048812767682561234') } });
    const filled = first.place();
    first.fill(filled);
    const gone = first.place();
    first.forget(gone);
    const textsOf = (exchange: Exchange) =>
      Promise.all(
        [seedId, open, filled].map(async (id) => /"result":.*?\}/.exec((await requestOrder(exchange, id)).text)?.[0]),
      );
    const before = await textsOf(first);
    expect(before).not.toContain(undefined);
    await first.stop();

    const second = await start();
    expect(await textsOf(second)).toEqual(before);
    expect(second.openIds()).toEqual([open]);
    expect((await requestOrder(second, gone)).text).toContain('"code":10004');
    expect([open, filled, gone]).not.toContain(second.place());
  },
);
