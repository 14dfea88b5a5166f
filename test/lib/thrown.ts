import { inspect } from 'node:util';
import { assert } from 'vitest';
import { Failure } from '../../lib/errors.ts';

/** The failure that a promise ends in; anything else fails the test. */
export async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const thrown = await promise.then(
    () => assert.fail('nothing was thrown'),
    (error: unknown) => error,
  );
  if (thrown instanceof Failure) return thrown;
  throw thrown;
}

/** Every way in which an error ends up in a log, in one text. */
export function printed(thrown: Error): string {
  const all = inspect(thrown, { depth: Number.POSITIVE_INFINITY, showHidden: true });
  return [all, thrown.stack, String(thrown), JSON.stringify(thrown)].join('\n');
}
