import { describe, expect, it } from 'vitest';
import { Failure } from '../../lib/errors.ts';
import { describeFailure } from '../../lib/log.ts';

describe('what the log knows about a failure', () => {
  it('five causes at most', () => {
    let cause = new Error('deepest');
    for (let depth = 0; depth < 9; depth++) cause = new Error('deeper', { cause });
    expect(describeFailure(new Failure('internal', 'x', { cause }))['causes']).toHaveLength(5);
  });

  it('a cycle of causes ends', () => {
    const cause = new Error('a');
    cause.cause = cause;
    expect(describeFailure(new Failure('timeout', 'x', { cause }))['causes']).toEqual(Array(5).fill('Error'));
  });

  it('stack frames of an internal error only', () => {
    const cause = new Error('x');
    expect(describeFailure(new Failure('store_unavailable', 'x', { cause }))).toEqual({
      code: 'store_unavailable',
      detail: 'x',
      causes: ['Error'],
    });
    delete cause.stack;
    expect(describeFailure(new Failure('internal', 'x', { cause }))).toHaveProperty('trace', '');
  });

  it('no message, not even one that looks like a stack frame', () => {
    const cause = new Error('boom\n    at SECRET');
    const { trace } = describeFailure(new Failure('internal', 'x', { cause }));
    expect(trace).toContain('log.test.ts');
    expect(trace).not.toContain('SECRET');
  });
});
