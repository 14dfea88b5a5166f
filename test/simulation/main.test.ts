import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const main = fileURLToPath(new URL('./main.ts', import.meta.url));

it('replays one seed, the same way in every process', async () => {
  const replay = () => run(process.execPath, [main, '--seed', '3', '--orders', '20', '--days', '0.1']);
  const [first, again] = await Promise.all([replay(), replay()]);
  expect(again.stdout).toBe(first.stdout);
  expect(first.stdout).toMatch(/^seed .*\n3 .*\nall /);
});

it('says what it can do', async () => {
  const { stdout } = await run(process.execPath, [main, '--help']);
  expect(stdout).toContain('--seeds <n>');
  expect(stdout).toContain('closed w/o evidence');
});

it.each([
  [['--seeds', 'many'], '--seeds takes a whole number from 1 to 1000000.'],
  [['--days', '0.01'], '--days takes a number of at least 0.05.'],
  [['--wrong'], "Unknown option '--wrong'"],
])('refuses %j', async (args, sentence) => {
  await expect(run(process.execPath, [main, ...args])).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining(sentence),
  });
});
