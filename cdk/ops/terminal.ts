import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { type Readable, Writable } from 'node:stream';
import { visibleLines } from '../../lib/visible.ts';
import type { Output } from './command-line.ts';

/** The operator's terminal. `out` is standard output, `log` standard error. */
export type Terminal = Output & {
  /** Draws on standard error, with escape sequences. */
  readonly draw: (text: string) => void;
  /** Width of the terminal; 0 when standard error is not one. */
  readonly columns: number;
  /** Reads a line without showing what is typed; `undefined` when there is no terminal to read from. */
  readonly promptSecret: ((question: string) => Promise<string>) | undefined;
  /** The name of this machine's user. */
  readonly user: string;
};

/** Whatever is printed may quote an order: no character in it controls the terminal, except line ends. */
export function safeTerminal(terminal: Terminal): Terminal {
  return {
    ...terminal,
    out: (text) => terminal.out(visibleLines(text)),
    log: (text) => terminal.log(visibleLines(text)),
  };
}

/** The streams of a process, as far as a terminal is one. */
export type Streams = {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
};

export function createTerminal({ stdin, stdout, stderr }: Streams): Terminal {
  // The reader may stop reading: `npm run ops -- export | head`.
  stdout.on('error', () => process.exit());
  return {
    out: (text) => void stdout.write(text),
    log: (text) => void stderr.write(text),
    draw: (text) => void stderr.write(text),
    columns: (stderr.isTTY && stderr.columns) || 0,
    promptSecret: stdin.isTTY
      ? async (question) => {
          const output = new Writable({ write: (_chunk, _encoding, done) => done() });
          const reader = createInterface({ input: stdin, output, terminal: true });
          stderr.write(question);
          try {
            return await new Promise<string>((resolve, reject) => {
              reader.once('close', () => reject(new Error('No key was entered, and nothing was changed.')));
              reader.question('').then(resolve, reject);
            });
          } finally {
            stderr.write('\n');
            reader.close();
          }
        }
      : undefined,
    user: userName(userInfo),
  };
}

/** Who is recorded as the author of commands. In a container, a user often has a number and no name. */
export function userName(info: () => { readonly username: string }): string {
  try {
    return info().username;
  } catch {
    return `user ${process.getuid?.() ?? 'unknown'}`;
  }
}
