import type { Logger } from '@aws-lambda-powertools/logger';
import type { Failure } from './errors.ts';

/** One line about a failure, at the level of its code, with `keys` in it. */
export function logFailure(logger: Logger, failure: Failure, keys: Readonly<Record<string, unknown>>): void {
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
    ...(causes.length > 0 && { causes }),
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
