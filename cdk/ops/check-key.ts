import { randomUUID } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import { asFailure } from '../../lib/errors.ts';
import type { ApiKey } from '../../lib/exchange/auth.ts';
import { createExchange } from '../../lib/exchange/client.ts';
import { type DialectName, dialects } from '../../lib/exchange/dialects/index.ts';
import { createRetryBudget } from '../../lib/exchange/retry.ts';
import { createHttpTransport } from '../../lib/exchange/transport.ts';

type KeyCheck = { readonly url: string; readonly dialect: DialectName };

/** No order has this id. */
const noOrder = '0';
/** How an exchange refuses it to a key that may read orders. */
const expected: ReadonlySet<string> = new Set(['order_not_found', 'invalid_order_id', 'not_owner']);

/**
 * Requests an order that cannot exist; returns warnings about a key that it accepts. Throws the `Failure` of a
 * key that it refuses, or of an exchange that does not respond.
 */
export async function checkKey(key: ApiKey, { url, dialect }: KeyCheck, clock: Clock): Promise<readonly string[]> {
  const warnings: string[] = [];
  const transport = createHttpTransport({ clock });
  const held = { version: 'new', key };
  const exchange = createExchange({
    dialect: dialects[dialect],
    url,
    transport,
    credentials: { get: async () => held, renew: async () => held },
    // One call, at a time when the account may not even have a table: it takes no permit.
    rateLimiter: { acquire: async () => {}, throttled: async () => {} },
    clock,
    random: Math.random,
    nonce: randomUUID,
    retryBudget: createRetryBudget(),
    onWarning: (sentence) => warnings.push(sentence),
  });
  try {
    await exchange.getOrderState(noOrder, { deadline: clock.now() + 15_000 });
  } catch (thrown) {
    const failure = asFailure(thrown);
    if (!expected.has(failure.code)) throw failure;
  } finally {
    transport.close();
  }
  return warnings;
}
