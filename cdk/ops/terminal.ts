import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** What an operator sits at. */
export type Terminal = {
  /** What was asked for: to standard output. */
  readonly out: (text: string) => void;
  /** What is told besides: to standard error. */
  readonly log: (text: string) => void;
  /** Columns for progress; 0 where nobody watches. */
  readonly columns: number;
  /** Asks without showing what is typed; `undefined` where nobody can be asked. */
  readonly promptSecret: ((question: string) => Promise<string>) | undefined;
  /** Who sits there. */
  readonly user: string;
};

export function createTerminal({ stdin, stdout, stderr }: NodeJS.Process): Terminal {
  // Whoever reads may stop reading: `npm run ops -- export | head`.
  stdout.on('error', () => process.exit());
  return {
    out: (text) => void stdout.write(text),
    log: (text) => void stderr.write(text),
    columns: stderr.isTTY ? stderr.columns : 0,
    promptSecret: stdin.isTTY
      ? async (question) => {
          const output = new Writable({ write: (_chunk, _encoding, done) => done() });
          const reader = createInterface({ input: stdin, output, terminal: true });
          stderr.write(question);
          try {
            return await new Promise<string>((resolve, reject) => {
              reader.once('close', () => reject(new Error('Nothing was typed, and nothing was changed.')));
              reader.question('').then(resolve, reject);
            });
          } finally {
            stderr.write('\n');
            reader.close();
          }
        }
      : undefined,
    user: userInfo().username,
  };
}
