import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { createTerminal, userName } from '../../../cdk/ops/terminal.ts';

function streams(isTTY: boolean) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  return {
    stdin: Object.assign(stdin, { isTTY }),
    stdout,
    stderr: Object.assign(stderr, { isTTY, columns: 80 }),
  };
}

it('reads a secret without showing it', async () => {
  const given = streams(true);
  const { promptSecret, columns } = createTerminal(given);
  expect(columns).toBe(80);
  const answer = promptSecret?.('secret: ');
  given.stdin.write('a-secret\r');
  expect(await answer).toBe('a-secret');
  expect([given.stdout.read(), String(given.stderr.read())]).toEqual([null, 'secret: \n']);
});

it('ends when nothing is typed', async () => {
  const given = streams(true);
  const answer = createTerminal(given).promptSecret?.('secret: ');
  given.stdin.end();
  await expect(answer).rejects.toThrow('No key was entered');
});

it('does not prompt without a terminal, and writes each text where it belongs', () => {
  const given = streams(false);
  const { promptSecret, columns, out, log, draw } = createTerminal(given);
  expect([promptSecret, columns]).toEqual([undefined, 0]);
  out('result');
  log('log');
  draw('bar');
  expect([String(given.stdout.read()), String(given.stderr.read())]).toEqual(['result', 'logbar']);
});

it('a user without a name, as in a container, is named by its number', () => {
  expect(userName(() => ({ username: 'anna' }))).toBe('anna');
  const nameless = () => {
    throw new Error('ENOENT: no such file or directory, uv_os_get_passwd');
  };
  expect(userName(nameless)).toMatch(/^user (?:\d+|unknown)$/);
});
