import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { testStage } from './stage.ts';

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  define: { COMPILED_STAGE: JSON.stringify(testStage) },
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    coverage: {
      provider: 'v8',
      include: ['lib/**/*.ts', 'functions/**/*.ts'],
      reporter: ['text-summary', 'html'],
      reportOnFailure: true,
      thresholds: { lines: 95, branches: 95 },
    },
  },
});
