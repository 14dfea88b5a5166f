import type { Clock } from '../clock.ts';
import { asFailure } from '../errors.ts';

type Hedging = {
  readonly clock: Clock;
  /** Default: no second attempt. */
  readonly delayMs: number | undefined;
  readonly mayRepeat: () => boolean;
};

/**
 * The outcome of an attempt, or of a second one alongside if the first is late, that is, not over `delayMs` after it
 * called `onSent`. The first reply counts. A failure of the second one, or of the exchange, does not end the other.
 */
export async function hedged<Result>(
  attempt: (onSent: () => void) => Promise<Result>,
  { clock, delayMs, mayRepeat }: Hedging,
): Promise<Result> {
  if (delayMs === undefined) return attempt(() => {});
  const sent = Promise.withResolvers<void>();
  const first = attempt(sent.resolve);
  const isLate = sent.promise.then(() => clock.sleep(delayMs)).then(() => true);
  const isOver = first.then(
    () => false,
    () => false,
  );
  if (!(await Promise.race([isOver, isLate])) || !mayRepeat()) return first;
  const second = attempt(() => {});
  const reply = first.catch((thrown) => (asFailure(thrown).spec.category === 'upstream' ? second : first));
  return Promise.race([reply, second.catch(() => first)]);
}
