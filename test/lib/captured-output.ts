import { expect, vi } from 'vitest';

export type CapturedOutput = {
  /** Everything that was written so far, to stdout, stderr and the console. */
  readonly text: () => string;
  /** What was written to stdout and stderr, line by line. */
  readonly lines: () => readonly string[];
  /** The one line that was written to stdout or stderr; it fails the test when there are more or none. */
  readonly onlyLine: () => string;
  readonly clear: () => void;
  readonly release: () => void;
};

/** Takes what this process writes, until it is released; the logger writes as it does on Lambda, to both streams. */
export function captureOutput(): CapturedOutput {
  let streams = '';
  let terminal = '';
  const spies = [
    ...[process.stdout, process.stderr].map((stream) =>
      vi.spyOn(stream, 'write').mockImplementation((chunk) => {
        streams += String(chunk);
        return true;
      }),
    ),
    ...(['debug', 'log', 'info', 'warn', 'error', 'trace'] as const).map((method) =>
      vi.spyOn(console, method).mockImplementation((...words: readonly unknown[]) => {
        terminal += `${words.map(String).join(' ')}\n`;
      }),
    ),
  ];
  const lines = () => streams.split('\n').filter((line) => line !== '');
  return {
    text: () => streams + terminal,
    lines,
    onlyLine: () => {
      const [line = '', ...others] = lines();
      expect(others).toEqual([]);
      expect(line).not.toBe('');
      return line;
    },
    clear: () => {
      streams = '';
      terminal = '';
    },
    release: () => {
      for (const spy of spies) spy.mockRestore();
    },
  };
}
