import { afterAll, vi } from 'vitest';

/** The next file of tests in the same process gets the real clock, environment, globals and functions. */
afterAll(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});
