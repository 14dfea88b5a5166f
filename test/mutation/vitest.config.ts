import { defineConfig } from 'vitest/config';

/** The tests that mutation testing runs: those of the pure modules, which need no engine and no socket. */
export default defineConfig({
  test: {
    pool: 'forks',
    testTimeout: 60_000,
    include: [
      'test/lib/errors.test.ts',
      'test/lib/exchange/{dialects,drift,order,rate-limiter,rate-limits,sparse-order}.test.ts',
      'test/lib/snapshots/{changes,due,rank,watch,watch-command}.test.ts',
      'test/lib/sweep/{announced,circuit-breaker,failing-orders,list-comparison,list-trust,outages,sweep}.test.ts',
    ],
  },
});
