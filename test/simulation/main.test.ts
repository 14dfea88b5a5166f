import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const main = fileURLToPath(new URL('./main.ts', import.meta.url));

it('npm run simulate replays one seed, the same way in every process', async () => {
  const replay = () => run(process.execPath, [main, '--seed', '3', '--orders', '20', '--days', '0.1']);
  const [first, again] = await Promise.all([replay(), replay()]);
  expect(again.stdout).toBe(first.stdout);
  expect(first.stdout).toMatch(/^seed .*\n3 .*\nall /);
});
