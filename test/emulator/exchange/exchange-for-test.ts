import { onTestFinished } from 'vitest';
import { type Exchange, type ExchangeOptions, startExchange } from './server.ts';

/** Starts an exchange that stops when the current test has finished. */
export async function startExchangeForTest(options: ExchangeOptions): Promise<Exchange> {
  const exchange = await startExchange(options);
  onTestFinished(() => exchange.stop());
  return exchange;
}
