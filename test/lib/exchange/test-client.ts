import { afterEach } from 'vitest';
import type { Credentials, KeyVersion } from '../../../lib/exchange/auth.ts';
import { type CallDeps, createCalls } from '../../../lib/exchange/calls.ts';
import { createExchange, type Exchange } from '../../../lib/exchange/client.ts';
import { dialects } from '../../../lib/exchange/dialects/index.ts';
import { createExchangeLists, type ExchangeLists } from '../../../lib/exchange/lists.ts';
import type { RateLimiter } from '../../../lib/exchange/rate-limiter.ts';
import { createRetryBudget, type RetryBudget } from '../../../lib/exchange/retry.ts';
import { Secret } from '../../../lib/exchange/secret.ts';
import { createHttpTransport, type Transport } from '../../../lib/exchange/transport.ts';
import { seedId } from '../../emulator/exchange/seed-order.ts';
import { type ExchangeOptions, startExchange } from '../../emulator/exchange/server.ts';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts';

export const keyOf = (version: string, clientSecret = 'tester-secret', clientId = 'tester'): KeyVersion => ({
  version,
  key: { clientId, clientSecret: new Secret(clientSecret) },
});

/** A key at hand, and the one that replaces it when it is refused. */
type HeldKey = Credentials & { held: KeyVersion; newest: KeyVersion; renewals: number };

export function holdKey(held: KeyVersion, newest = held): HeldKey {
  const holder: HeldKey = {
    held,
    newest,
    renewals: 0,
    get: async () => holder.held,
    renew: async () => {
      holder.renewals += 1;
      holder.held = holder.newest;
      return holder.held;
    },
  };
  return holder;
}

/** Unlimited permits: the rate limiter has its own tests. */
export const unlimitedPermits: RateLimiter = { acquire: async () => {}, throttled: async () => {} };

export type Harness = {
  readonly server: Awaited<ReturnType<typeof startExchange>>;
  readonly client: Exchange & ExchangeLists;
  readonly clock: VirtualClock;
  readonly key: HeldKey;
  readonly budget: RetryBudget;
  readonly transport: Transport;
  readonly warnings: readonly string[];
  /** Permits taken so far, and how long the exchange wanted nobody to call. */
  readonly permits: () => number;
  readonly throttledMs: readonly (number | undefined)[];
  /** Gets the seed's order, or another; `acquireTimeout` in milliseconds. */
  readonly getOrderState: (orderId?: string, acquireTimeout?: number) => ReturnType<Exchange['getOrderState']>;
  readonly stop: () => Promise<void>;
};

/** The client against the exchange for testers: real sockets, and a clock that passes only in sleeps. */
export async function startHarness(options: ExchangeOptions, key: HeldKey = holdKey(keyOf('v1'))): Promise<Harness> {
  const clock = createVirtualClock();
  const server = await startExchange({ now: clock.now, ...options });
  const transport = createHttpTransport({ clock });
  const budget = createRetryBudget();
  const warnings: string[] = [];
  const throttledMs: (number | undefined)[] = [];
  let permits = 0;
  let nonces = 0;
  const deps: CallDeps = {
    dialect: dialects[options.dialect],
    url: server.url,
    transport,
    credentials: key,
    rateLimiter: {
      acquire: async () => {
        permits++;
      },
      throttled: async (waitMs) => {
        throttledMs.push(waitMs);
      },
    },
    clock,
    random: () => 0.5,
    nonce: () => `nonce-${++nonces}`,
    retryBudget: budget,
    onWarning: (sentence) => warnings.push(sentence),
  };
  const calls = createCalls(deps);
  const client = { ...createExchange(deps, calls), ...createExchangeLists(deps, calls) };
  return {
    server,
    client,
    clock,
    key,
    budget,
    transport,
    warnings,
    permits: () => permits,
    throttledMs,
    getOrderState: (orderId = seedId, acquireTimeout = 10_000) =>
      client.getOrderState(orderId, { deadline: clock.now() + acquireTimeout }),
    stop: async () => {
      transport.close();
      await server.stop();
    },
  };
}

const open: Harness[] = [];
afterEach(async () => {
  for (const harness of open.splice(0)) await harness.stop();
});

/** A harness that stops after the test. */
export async function start(...args: Parameters<typeof startHarness>): Promise<Harness> {
  const harness = await startHarness(...args);
  open.push(harness);
  return harness;
}
