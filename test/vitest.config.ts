import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const root = fileURLToPath(new URL('..', import.meta.url));
// The processes of a run load the CDK and the SDK a hundred times over: they are compiled once.
process.env['NODE_COMPILE_CACHE'] ??= join(root, 'node_modules/.cache/node');
// esbuild and TypeScript end before they would need the memory that Go's garbage collector spends their time on.
process.env['GOGC'] ??= 'off';

/** They leave a process as they found it, and would otherwise load the CDK once for each file. */
const inSharedProcesses = { isolate: false, setupFiles: ['test/shared-process.ts'] };
/** They take longest, much of it waiting: whatever starts last runs alone at the end. */
const longest = [
  'package',
  'start/start',
  'faults/faults',
  'readme-commands',
  'simulation/simulation',
  'functions/canary',
  'functions/listed-accounts',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rankOf = ({ moduleId }: TestSpecification) => {
      const rank = longest.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
      return rank === -1 ? longest.length : rank;
    };
    return (await super.sort(files)).toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}

/** Hundreds of cases of what other tests cover: they would add nothing but their time. */
const repeated = ['test/functions/canary.test.ts', 'test/lib/exchange/storms.test.ts'];
const others = [...repeated, 'test/*.test.ts', 'test/!(functions|lib|cdk|emulator)/**/*.test.ts'];

export default defineConfig({
  root,
  test: {
    // `npm test` measures coverage with the tests that mirror what is measured. The others would be half as slow again,
    // and so would all processes that they start: none has a compile cache while coverage is measured.
    projects: [
      {
        extends: true,
        test: { name: 'measured', include: ['test/{functions,lib/api}/**/*.test.ts'], exclude: repeated },
      },
      {
        extends: true,
        test: {
          name: 'measured-shared',
          include: ['test/{lib/!(api),cdk/ops}/**/*.test.ts', 'test/lib/*.test.ts'],
          exclude: repeated,
          ...inSharedProcesses,
        },
      },
      {
        extends: true,
        test: {
          name: 'others-shared',
          include: ['test/cdk/*.test.ts', 'test/emulator/**/*.test.ts'],
          ...inSharedProcesses,
        },
      },
      { extends: true, test: { name: 'others', include: others } },
    ],
    globalSetup: ['test/run-environment.ts', 'test/shared-dynamo.ts'],
    pool: 'forks',
    // CloudFormation's schemas take some seconds a process: test/cdk/order-state-app.test.ts turns them on.
    env: { CDK_VALIDATION: 'false' },
    // Two of them wait most of the time.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
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
        'cdk/ops/{csv,duration,error-line,operate}.ts': { 100: true },
        'lib/{errors,stage/stage,time,visible}.ts': { 100: true },
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
