import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));
// The processes of a run load the CDK and the SDK a hundred times over: they are compiled once.
process.env['NODE_COMPILE_CACHE'] ??= join(root, 'node_modules/.cache/node');

const all = 'test/**/*.test.ts';
/** They leave a process as they found it, and would otherwise load the CDK once for each file. */
const shared = 'test/{cdk,emulator}/**/*.test.ts';

export default defineConfig({
  root,
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'shared processes',
          include: [shared],
          isolate: false,
          setupFiles: ['test/shared-process.ts'],
        },
      },
      { extends: true, test: { name: 'a process each', include: [all], exclude: [shared] } },
    ],
    pool: 'forks',
    // CloudFormation's schemas take some seconds a process: test/cdk/order-state-app.test.ts turns them on.
    env: { CDK_VALIDATION: 'false' },
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
        'lib/snapshots/{advance-watch,changes,due,rank,snapshot,watch,watch-command}.ts': { 100: true },
        'lib/sweep/{circuit-breaker,list-comparison,list-trust,pace,report}.ts': { 100: true },
      },
    },
  },
});
