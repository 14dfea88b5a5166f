import type { MiddlewareObj } from '@middy/core';
import type { Context } from 'aws-lambda';
import type { Failure } from './errors.ts';
import { visible } from './visible.ts';

type Keys = Readonly<Record<string, unknown>>;
type Level = 'info' | 'warn' | 'error';

/**
 * Writes lines of JSON with the names that Powertools for AWS Lambda gives them. Powertools' own logger does far more, and
 * took a fifth of the CPU of a request that is served from the table.
 */
export class Logger {
  readonly #service = process.env['POWERTOOLS_SERVICE_NAME'];
  #invocation: Keys = { cold_start: true };
  #keys: Keys = {};

  readonly info = (message: string, keys?: Keys): void => this.#write('info', message, keys);
  readonly warn = (message: string, keys?: Keys): void => this.#write('warn', message, keys);
  readonly error = (message: string, keys?: Keys): void => this.#write('error', message, keys);

  /** Adds to all lines that follow in this invocation. */
  appendKeys(keys: Keys): void {
    this.#keys = { ...this.#keys, ...keys };
  }

  /** An invocation starts: nothing of the one before is in its lines. */
  begin(context: Context): void {
    this.#keys = {};
    this.#invocation = {
      cold_start: !('function_request_id' in this.#invocation),
      function_arn: context.invokedFunctionArn,
      function_memory_size: context.memoryLimitInMB,
      function_name: context.functionName,
      function_request_id: context.awsRequestId,
      xray_trace_id: /Root=([^;]+)/.exec(process.env['_X_AMZN_TRACE_ID'] ?? '')?.[1],
    };
  }

  #write(level: Level, message: string, keys?: Keys): void {
    const head = { level: level.toUpperCase(), message, timestamp: new Date().toISOString(), service: this.#service };
    const line = JSON.stringify({ ...head, ...this.#invocation, ...this.#keys, ...keys });
    // Anyone may write into a path, and people read lines in terminals.
    process.stdout.write(`${visible(line)}\n`);
  }
}

/** The first middleware of a handler. */
export function logInvocations(logger: Logger): MiddlewareObj<unknown, unknown> {
  return { before: ({ context }) => logger.begin(context) };
}

/** One line about a failure, at the level of its code, with `keys` in it. */
export function logFailure(logger: Logger, failure: Failure, keys: Keys): void {
  logger[failure.spec.level]('failed', { ...keys, ...describeFailure(failure) });
}

/**
 * What the log may know about a failure. Messages of errors that are not ours stay out, since they may quote secrets:
 * their names, system codes and stack frames are enough to find the fault.
 */
export function describeFailure(failure: Failure): Record<string, unknown> {
  const causes: string[] = [];
  let trace: string | undefined;
  for (let cause = failure.cause; cause instanceof Error && causes.length < 5; cause = cause.cause) {
    const code = 'code' in cause ? String(cause.code) : '';
    causes.push(code === '' ? cause.name : `${cause.name} ${code}`);
    if (failure.spec.status === 500) trace ??= framesOf(cause);
  }
  return {
    code: failure.code,
    detail: failure.message,
    exchange_code: failure.exchangeCode,
    causes: causes.length > 0 ? causes : undefined,
    trace,
  };
}

/** The stack frames: they follow the message, which could itself look like one. */
function framesOf({ stack = '', message }: Error): string {
  const after = stack.slice(stack.indexOf(message) + message.length);
  return after
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');
}
