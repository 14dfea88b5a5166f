import type { Clock } from '../../lib/clock.ts';
import type { Terminal } from './terminal.ts';

/** What a command works with besides AWS. */
export type Context = {
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** Makes the exit code 1, for a command that reports what is wrong and continues. */
  readonly fail: () => void;
};
