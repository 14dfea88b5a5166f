import type { Clock } from '../../lib/clock.ts';
import type { Terminal } from './terminal.ts';

/** What a command works with besides AWS. */
export type TestEnvironment = { readonly terminal: Terminal; readonly clock: Clock };

/** One of the operator's commands. */
export type Command = {
  /** Its words after `npm run ops --`. */
  readonly name: string;
  /** In half a line. */
  readonly does: string;
  readonly help: string;
  /** Answers the exit code. Throws `Refusal` for wrong options. */
  readonly run: (args: readonly string[], environment: TestEnvironment) => Promise<0 | 1>;
};
