export type RateLimitOptions = { readonly perSecond: number; readonly burst: number } | 'unlimited';

/** A token bucket per account. A call costs one. */
export class RateLimiter {
  readonly #options: RateLimitOptions;
  readonly #now: () => number;
  readonly #buckets = new Map<string, { readonly level: number; readonly at: number }>();

  constructor(options: RateLimitOptions, now: () => number) {
    this.#options = options;
    this.#now = now;
  }

  /** Takes one call's permit and returns 0; without one, returns the wait in whole seconds, as the exchange states it. */
  take(account: string): number {
    if (this.#options === 'unlimited') return 0;
    const { perSecond, burst } = this.#options;
    const at = this.#now();
    const bucket = this.#buckets.get(account) ?? { level: burst, at };
    const level = Math.min(burst, bucket.level + ((at - bucket.at) / 1000) * perSecond);
    const paid = level >= 1;
    this.#buckets.set(account, { level: paid ? level - 1 : level, at });
    return paid ? 0 : Math.max(1, Math.ceil((1 - level) / perSecond));
  }
}
