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
    testTimeout: 30_000,
    hookTimeout: 60_000,
    coverage: {
      provider: 'v8',
      include: ['lib/**/*.ts', 'functions/**/*.ts'],
      reporter: ['text-summary', 'html'],
      reportOnFailure: true,
      thresholds: {
        lines: 95,
        branches: 95,
        // The pure rooms.
        'lib/{check-orders,errors,guard-accounts,list-orders,list-snapshots,secret,stage,time}.ts': { 100: true },
        'lib/api/{answers,bad-request,cursor,parameters,routes}.ts': { 100: true },
        'lib/exchange/{credits,dialects,drift,json,json-rpc,order,retry}.ts': { 100: true },
        'lib/rpc/*.ts': { 100: true },
        'lib/snapshots/{advance-watch,changes,rank,snapshot,watch,words}.ts': { 100: true },
      },
    },
  },
});
