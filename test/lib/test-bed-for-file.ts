import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest';
import { type CapturedOutput, captureOutput } from './captured-output.ts';
import { startTestBed, type TestBed, type TestBedOptions } from './test-bed.ts';

export let testBed: TestBed;
/** What the current test has written. */
export let output: CapturedOutput;

/** The tests of a file share the exchanges and the table; after each, faults end and rate limits are reset. */
export function startTestBedForFile(options: TestBedOptions = {}): void {
  beforeAll(async () => {
    testBed = await startTestBed(options);
  });
  afterAll(async () => {
    vi.unstubAllGlobals();
    vi.unstubAllEnvs();
    await testBed.stop();
  });
  beforeEach(() => {
    output = captureOutput();
  });
  afterEach(async () => {
    output.release();
    testBed.orangex.clearScript();
    testBed.deribit.clearScript();
    testBed.secrets.recover();
    await testBed.resetRateLimits();
  });
}
