import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // What failed is shown with its seeds and tables; what passed is a number.
    reporters: ['minimal'],
    silent: 'passed-only',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    coverage: {
      provider: 'v8',
      include: ['lib/**/*.ts', 'functions/**/*.ts', 'cdk/ops/**/*.ts'],
      reporter: ['text-summary', 'html'],
      reportOnFailure: true,
      thresholds: {
        lines: 95,
        branches: 95,
        // The pure modules.
        'cdk/ops/{csv,duration,error-line,operate,visible}.ts': { 100: true },
        'lib/{errors,stage,time}.ts': { 100: true },
        'lib/account-guard/guard-accounts.ts': { 100: true },
        'lib/api/{responses,bad-request,cursor,parameters,routes}.ts': { 100: true },
        'lib/exchange/{drift,history,json,json-rpc,order,order-fields,rate-limiter,retry,secret}.ts': { 100: true },
        'lib/exchange/dialects/*.ts': { 100: true },
        'lib/http/json-rpc/*.ts': { 100: true },
        'lib/orders/{change-watch,check-order,check-orders,list-orders,list-snapshots}.ts': { 100: true },
        'lib/snapshots/{advance-watch,changes,rank,snapshot,watch,watch-command}.ts': { 100: true },
        'lib/sweep/{circuit-breaker,report}.ts': { 100: true },
      },
    },
  },
});
