import { dialects } from '../lib/exchange/dialects/index.ts';
import type { AccountConfig } from './stage-config.ts';

/** The settings of an account with their defaults: seconds, and a share of the rate limit. */
export function withDefaults(config: AccountConfig) {
  const { dialect, keepsClosedOrdersSeconds = knownToKeepSeconds(dialect), shareOfRate = 0.5 } = config;
  const { maxCheckSeconds = maxCheckSecondsLimit(keepsClosedOrdersSeconds) } = config;
  const { minCheckSeconds = Math.min(10, maxCheckSeconds) } = config;
  return { keepsClosedOrdersSeconds, shareOfRate, minCheckSeconds, maxCheckSeconds };
}

/** How long an exchange of this dialect is known to tell how an order closed, seconds. */
export function knownToKeepSeconds(dialect: AccountConfig['dialect']): number {
  return dialects[dialect].retentionMs / 1_000;
}

/** An order that closes just after a check is seen at least twice more before the exchange forgets it. */
export function maxCheckSecondsLimit(keepsClosedOrdersSeconds: number): number {
  return Math.floor(keepsClosedOrdersSeconds / 3);
}
