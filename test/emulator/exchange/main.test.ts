import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';

const program = fileURLToPath(new URL('main.ts', import.meta.url));
const key = { EXCHANGE_CLIENT_ID: 'me', EXCHANGE_CLIENT_SECRET: 'my secret' };
const started: ChildProcess[] = [];

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  return child;
}
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  'the emulated exchange as a standalone program prints its base URL, takes the key from the environment, and ends with %s',
  async (signal) => {
    const child = run(['--dialect', 'deribit'], key);
    child.stdout.setEncoding('utf8');
    const [line] = await once(child.stdout, 'data');
    const url = String(line).trim();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/api\/v2$/);
    const params = { grant_type: 'client_credentials', client_id: 'me', client_secret: 'my secret' };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'public/auth', params });
    const reply = await fetch(`${url}/public/auth`, { method: 'POST', body });
    expect(await reply.text()).toContain('"access_token"');
    child.kill(signal);
    expect(await once(child, 'exit')).toStrictEqual([0, null]);
  },
);

test.each([
  [['--dialect', 'binance'], 'Allowed choices are orangex, deribit. See: '],
  [['--port', '70000'], 'It is a whole number from 0 to 65535. See: '],
  [['--verbose'], "unknown option '--verbose'. See: "],
])(
  'the emulated exchange as a standalone program refuses the arguments %j with one line and exit code 2',
  async (args, message) => {
    const child = run(args);
    const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect(said).toContain(message);
    expect(said.trimEnd().split('\n')).toHaveLength(1);
    expect(code).toBe(2);
  },
);

test('the emulated exchange as a standalone program has a help text', async () => {
  const child = run(['--help']);
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  expect(said).toContain('EXCHANGE_CLIENT_ID');
  expect(code).toBe(0);
});
