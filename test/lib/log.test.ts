import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Failure } from '../../lib/errors.ts';
import { describeFailure, Logger } from '../../lib/log.ts';
import { contextOf } from '../functions/events.ts';
import { type CapturedOutput, captureOutput } from './captured-output.ts';

describe('lines', () => {
  let output: CapturedOutput;
  beforeEach(() => {
    vi.stubEnv('POWERTOOLS_SERVICE_NAME', 'checks');
    vi.stubEnv('_X_AMZN_TRACE_ID', 'Root=1-67a1b2c3-4d5e6f708192a3b4c5d6e7f8;Parent=1a2b3c4d5e6f7081;Sampled=0');
    output = captureOutput();
  });
  afterEach(() => {
    output.release();
    vi.unstubAllEnvs();
  });
  const lines = (): readonly unknown[] => output.lines().map((line) => JSON.parse(line));

  it('a log line has the names that Powertools uses for level, service, function and trace', () => {
    const logger = new Logger();
    logger.begin(contextOf());
    logger.info('responded', { status: 200 });
    expect(lines()).toEqual([
      {
        level: 'INFO',
        message: 'responded',
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        service: 'checks',
        cold_start: true,
        function_arn: contextOf().invokedFunctionArn,
        function_memory_size: '512',
        function_name: 'get-order',
        function_request_id: 'invocation-1',
        xray_trace_id: '1-67a1b2c3-4d5e6f708192a3b4c5d6e7f8',
        status: 200,
      },
    ]);
  });

  it('a log line has what was appended in its invocation, and its own level', () => {
    const logger = new Logger();
    logger.appendKeys({ before: 1 });
    logger.begin(contextOf());
    logger.appendKeys({ exchange_ms: 7 });
    logger.appendKeys({ order_id: '1' });
    logger.warn('drift');
    logger.begin(contextOf());
    logger.error('failed');
    const [first, second] = lines();
    expect(first).toMatchObject({ level: 'WARN', cold_start: true, exchange_ms: 7, order_id: '1' });
    expect(first).not.toHaveProperty('before');
    expect(second).toMatchObject({ level: 'ERROR', cold_start: false });
    expect(second).not.toHaveProperty('exchange_ms');
  });

  it('a log line is written outside of an invocation, too', () => {
    new Logger().info('INIT');
    expect(lines()).toMatchObject([{ level: 'INFO', message: 'INIT', service: 'checks', cold_start: true }]);
  });
});

it('the log of a failure has at most five causes', () => {
  let cause = new Error('deepest');
  for (let depth = 0; depth < 9; depth++) cause = new Error('deeper', { cause });
  expect(describeFailure(new Failure('internal', 'x', { cause }))['causes']).toHaveLength(5);
});

it('the log of a failure stops at a cycle of causes', () => {
  const cause = new Error('a');
  cause.cause = cause;
  expect(describeFailure(new Failure('timeout', 'x', { cause }))['causes']).toEqual(Array(5).fill('Error'));
});

it('the log of a failure has stack frames of an internal error only', () => {
  const cause = new Error('x');
  expect(describeFailure(new Failure('store_unavailable', 'x', { cause }))).toEqual({
    code: 'store_unavailable',
    detail: 'x',
    causes: ['Error'],
  });
  delete cause.stack;
  expect(describeFailure(new Failure('internal', 'x', { cause }))).toHaveProperty('trace', '');
});

it('the log of a failure has no message, not even one that looks like a stack frame', () => {
  const cause = new Error('boom\n    at SECRET');
  const { trace } = describeFailure(new Failure('internal', 'x', { cause }));
  expect(trace).toContain('log.test.ts');
  expect(trace).not.toContain('SECRET');
});
