import { dialects } from '../lib/exchange/dialects/index.ts';
import { defaultShareOfRate } from '../lib/exchange/rate-limiter.ts';
import type { AccountConfig } from './stage-config.ts';

/** The settings of an account with their defaults, which are defined only here. */
export function withDefaults(config: AccountConfig) {
  const { dialect, keepsClosedOrdersSeconds = retentionSecondsOf(dialect), shareOfRate = defaultShareOfRate } = config;
  const { maxCheckSeconds = maxCheckSecondsLimit(keepsClosedOrdersSeconds) } = config;
  const { minCheckSeconds = Math.min(10, maxCheckSeconds) } = config;
  const { lists = true, discover = true, minListSeconds = 5 } = config;
  const { maxListSeconds = Math.max(10, minListSeconds) } = config;
  const check = { keepsClosedOrdersSeconds, shareOfRate, minCheckSeconds, maxCheckSeconds };
  return { ...check, lists, discover, minListSeconds, maxListSeconds };
}

/** How long an exchange of this dialect is known to report how an order closed, seconds. */
export function retentionSecondsOf(dialect: AccountConfig['dialect']): number {
  return dialects[dialect].retentionMs / 1_000;
}

/** An order that closes just after a check is seen at least twice more before the exchange forgets it. */
export function maxCheckSecondsLimit(keepsClosedOrdersSeconds: number): number {
  return Math.floor(keepsClosedOrdersSeconds / 3);
}
