import { fileURLToPath } from 'node:url';
import { createCommand, runMain } from '../../cdk/ops/command-line.ts';
import { seedId } from '../emulator/exchange/seed-order.ts';
import { defaultKey, type Exchange, startExchange } from '../emulator/exchange/server.ts';
import { startLocal } from '../start/run.ts';
import { type Ccxt, clientOf, loadCcxt } from './ccxt.ts';
import { type Comparison, compared, fetched, tableOf } from './compare.ts';
import { install } from './install.ts';

/*
 * A third-party client reads the same orders twice: from the exchange for tests, with its key, and through this stack,
 * with a key that the exchange does not know. ccxt is installed into a folder that git ignores.
 */

const version = '4.5.84';
const folder = fileURLToPath(new URL('../../.local/peers', import.meta.url));

const command = createCommand('npm run peers --')
  .description(
    `Reads the same orders with ccxt ${version}, directly from the exchange and through this stack, and compares them.`,
  )
  .action(async () => {
    const ccxt = await loadCcxt(await install(folder, 'ccxt', version));
    const exchange = await startExchange({ dialect: 'deribit' });
    try {
      process.exitCode = await run(ccxt, exchange);
    } finally {
      await exchange.stop();
    }
  });
await runMain(command);

/** Returns the exit code. */
async function run(ccxt: Ccxt, exchange: Exchange): Promise<number> {
  const local = await startLocal({
    options: {
      kind: 'run',
      port: 0,
      account: 'main',
      dialect: 'deribit',
      exchange: { url: exchange.url, key: defaultKey },
      data: undefined,
      every: 60,
      demo: false,
      verbose: false,
    },
    failed: (functionName, errorType, errorMessage) => console.error(`${functionName}: ${errorType}: ${errorMessage}`),
    onEvent: () => undefined,
  });
  try {
    const comparisons = await compareAll(ccxt, exchange, `${local.url}/accounts/main`);
    const failures = comparisons.filter(({ same }) => !same).length;
    console.log(`  ccxt ${version}, its deribit class\n`);
    console.log(`  Straight    ${exchange.url}`);
    console.log(`  Through us  ${local.url}/accounts/main/api/v2\n`);
    console.log(tableOf(comparisons));
    console.log(`\n  ${failures === 0 ? 'ccxt sees no difference.' : `ccxt sees ${failures} differences.`}`);
    return failures === 0 ? 0 : 1;
  } finally {
    await local.stop();
  }
}

async function compareAll(ccxt: Ccxt, exchange: Exchange, url: string): Promise<readonly Comparison[]> {
  const straight = clientOf(ccxt, new URL(exchange.url).origin, defaultKey);
  const through = clientOf(ccxt, url, { clientId: 'nobody', clientSecret: 'nothing' });
  const comparisons: Comparison[] = [];
  for (const [what, orderId] of ordersOn(exchange)) {
    const fromExchange = await fetched(straight.fetchOrder(orderId));
    const fromUs = [await fetched(through.fetchOrder(orderId)), await fetched(through.fetchOrder(orderId))];
    comparisons.push(compared(what, orderId, fromExchange, fromUs));
  }
  const unknown = 'BTC-1';
  const refusals = [await fetched(straight.fetchOrder(unknown)), await fetched(through.fetchOrder(unknown))] as const;
  const isNotFound = refusals.every((refusal) => 'error' in refusal && refusal.error instanceof ccxt.OrderNotFound);
  const comparison = compared('unknown', unknown, refusals[0], [refusals[1]]);
  return [...comparisons, { ...comparison, same: comparison.same && isNotFound }];
}

/** Orders in the states that there are, each with what a person would call it. */
function ordersOn(exchange: Exchange): readonly (readonly [string, string])[] {
  const live = exchange.place({ price: '64250.50', amount: '30' });
  const part = exchange.place({ direction: 'sell', price: '64300.00', amount: '100', details: { label: 'grid-7' } });
  exchange.partialFill(part, '40', '64300.25');
  const filled = exchange.place({ order_type: 'market', price: 'market_price', amount: '20' });
  exchange.fill(filled, '64251.00');
  const cancelled = exchange.place({ time_in_force: 'immediate_or_cancel', details: { post_only: true } });
  exchange.cancel(cancelled);
  return [
    ['live', live],
    ['partly filled', part],
    ['filled', filled],
    ['cancelled', cancelled],
    ['an old option', seedId],
  ];
}
