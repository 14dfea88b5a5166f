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

it('the terminal prompt reads a secret without showing it', async () => {
  const given = streams(true);
  const { promptSecret, columns } = createTerminal(given);
  expect(columns).toBe(80);
  const typed = promptSecret?.('secret: ');
  given.stdin.write('a-secret\r');
  expect(await typed).toBe('a-secret');
  expect([given.stdout.read(), String(given.stderr.read())]).toEqual([null, 'secret: \n']);
});

it('the terminal prompt fails when nothing is typed', async () => {
  const given = streams(true);
  const typed = createTerminal(given).promptSecret?.('secret: ');
  given.stdin.end();
  await expect(typed).rejects.toThrow('No key was entered');
});

it('an ops command without a terminal does not prompt, and writes to stdout and stderr as it should', () => {
  const given = streams(false);
  const { promptSecret, columns, out, log, draw } = createTerminal(given);
  expect([promptSecret, columns]).toEqual([undefined, 0]);
  out('result');
  log('log');
  draw('bar');
  expect([String(given.stdout.read()), String(given.stderr.read())]).toEqual(['result', 'logbar']);
});

it('a user without a name, as in a container, is named by the user id', () => {
  expect(userName(() => ({ username: 'anna' }))).toBe('anna');
  const nameless = () => {
    throw new Error('ENOENT: no such file or directory, uv_os_get_passwd');
  };
  expect(userName(nameless)).toMatch(/^user (?:\d+|unknown)$/);
});
