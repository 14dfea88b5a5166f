import { Command, CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings';

/** The command line is wrong. The message says what to do, in a sentence without its full stop. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const helpWidth = 120;

/** Where a command writes: `out` is its result, `log` everything else. */
export type Output = { readonly out: (text: string) => void; readonly log: (text: string) => void };

/** A command, by its name as a person types it. Run it with `runCommand`: it never ends the process. */
export function createCommand(name: string) {
  return new Command(name)
    .helpOption('--help', 'show this')
    .helpCommand(false)
    .configureHelp({ helpWidth })
    .exitOverride();
}

/**
 * Reads the command line and runs the command that it names. Returns 0, or 2 for wrong options, which are one line in `output.log`.
 * Throws what the command throws.
 */
export async function runCommand(command: CommandUnknownOpts, args: readonly string[], output: Output): Promise<0 | 2> {
  configureOutput(command, output);
  try {
    await command.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const sentence = usageSentence(error);
    if (sentence === undefined) throw error;
    if (sentence !== '') output.log(`${sentence}. See: ${pathOf(chosen(command, args))} --help\n`);
    return 2;
  }
}

/** Runs a command on the arguments of this process. Wrong options make its exit code 2. */
export async function runMain(command: CommandUnknownOpts): Promise<void> {
  const output = {
    out: (text: string) => void process.stdout.write(text),
    log: (text: string) => void process.stderr.write(text),
  };
  const code = await runCommand(command, process.argv.slice(2), output);
  if (code !== 0) process.exitCode = code;
}

/** The words that a person types for a command, those of its parents included. */
function pathOf(command: CommandUnknownOpts): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** Adds examples to a help text: what follows the command, and what it does. */
export function addExamples(
  command: CommandUnknownOpts,
  ...examples: readonly (readonly [args: string, does?: string])[]
) {
  const width = Math.max(...examples.map(([args]) => args.length));
  command.addHelpText('after', ({ command: shown }) => {
    const lines = examples.map(([args, does = '']) => `  ${pathOf(shown)} ${args.padEnd(width)}  ${does}`.trimEnd());
    return `\nExamples:\n${lines.join('\n')}`;
  });
}

/** Adds a paragraph to the end of a help text, and what it says about exit codes on a separate line. */
export function addNotes(command: CommandUnknownOpts, notes: string) {
  const lines = notes.replaceAll('\n', ' ').split(/ (?=Exit codes: )/);
  const wrapped = lines.map((line) => command.createHelp().boxWrap(line, helpWidth));
  command.addHelpText('after', `\n${wrapped.join('\n')}`);
}

/** A whole number of an option. */
export function wholeNumber(option: string, min: number, max: number) {
  return (given: string): number => {
    if (/^\d{1,9}$/.test(given) && +given >= min && +given <= max) return +given;
    throw new UsageError(`${option} takes a whole number from ${min} to ${max}`);
  };
}

/** One of a few words. */
export function oneOf<Word extends string>(option: string, words: readonly Word[]) {
  return (given: string): Word => {
    const word = words.find((known) => known === given);
    if (word === undefined) throw new UsageError(`${option} takes ${listed(words)}`);
    return word;
  };
}

/** "a, b or c". */
export function listed(words: readonly string[]): string {
  return words.join(', ').replace(/, (?=[^,]*$)/, ' or ');
}

/** Subcommands that were added do not inherit it. */
function configureOutput(command: CommandUnknownOpts, output: Output): void {
  command.configureOutput({ writeOut: output.out, writeErr: output.log, outputError: () => {} });
  for (const each of command.commands) configureOutput(each, output);
}

/** `undefined` when the command line is not what is wrong, '' when the help text was printed instead. */
function usageSentence(error: unknown): string | undefined {
  if (error instanceof UsageError) return error.message;
  // The use cases wrap what the table's client throws.
  if (!(error instanceof CommanderError)) return error instanceof Error ? usageSentence(error.cause) : undefined;
  if (error.code === 'commander.help') return '';
  // It never quotes a surplus value, which could be a key.
  const sentence = error.message
    .replace(/^error: /, '')
    .replace(/\.$/, '')
    .replaceAll('\n', ' ');
  return sentence.slice(0, 1).toUpperCase() + sentence.slice(1);
}

function chosen(command: CommandUnknownOpts, [first, ...rest]: readonly string[]): CommandUnknownOpts {
  const next = command.commands.find((each) => each.name() === first);
  return next === undefined ? command : chosen(next, rest);
}
