import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { listed } from '../../../cdk/ops/command-line.ts';
import { systemClock } from '../../../lib/clock.ts';
import { dialectNames } from '../../../lib/exchange/dialects/index.ts';
import { type Exchange, startExchange } from '../../emulator/exchange/server.ts';
import { names, type OpsTestBed, spawnOps, startOpsTestBed } from './ops-test-bed.ts';

let ops: OpsTestBed;
let folder: string;
const exchanges: Exchange[] = [];
const clientSecret = 'a-secret-that-nobody-may-see';
const key = { client_id: 'desk', client_secret: clientSecret };

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'account-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(async () => {
  ops = await startOpsTestBed();
});
afterEach(async () => {
  await Promise.all([ops.stop(), ...exchanges.splice(0).map((exchange) => exchange.stop())]);
});

async function exchangeOf(dialect: 'orangex' | 'deribit', scope?: string): Promise<Exchange> {
  const exchange = await startExchange({
    dialect,
    keys: [{ clientId: key.client_id, clientSecret, ...(scope !== undefined && { scope }) }],
  });
  exchanges.push(exchange);
  return exchange;
}

function keyFile(text = JSON.stringify(key)): string {
  const file = join(folder, 'key.json');
  writeFileSync(file, text);
  return file;
}

const add = (args: readonly string[], terminal = {}) =>
  ops.run(['account', 'add', 'main', ...args], { terminal, clock: systemClock });

async function stored(): Promise<unknown> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new SecretsManagerClient({ endpoint: ops.secrets.url, region: 'eu-central-1', credentials });
  const { SecretString = '{}' } = await client.send(new GetSecretValueCommand({ SecretId: names.secret }));
  return JSON.parse(SecretString);
}

it.each(['orangex', 'deribit'] as const)(
  'ops account add checks a key at %s, writes it and reads it back',
  async (dialect) => {
    const { url } = await exchangeOf(dialect);
    const { code, out, stderr } = await add(['--file', keyFile(), '--exchange', url, '--dialect', dialect]);
    expect([code, stderr]).toEqual([0, '']);
    expect(out).toMatch(new RegExp(`^The exchange at ${url} accepts the key, and allows it to read orders\\.\n`));
    expect(out).toMatch(new RegExp(`The key of account main is in ${names.secret}, version [0-9a-f-]{36}\\.\n$`));
    expect(out).not.toContain(clientSecret);
    expect(await stored()).toEqual(key);
  },
);

it('ops account add prompts for the key at a terminal', async () => {
  const requested: string[] = [];
  const promptSecret = async (question: string) => {
    requested.push(question);
    return question.startsWith('client_id') ? key.client_id : clientSecret;
  };
  expect((await add(['--no-check'], { promptSecret })).code).toBe(0);
  expect(requested).toHaveLength(2);
  expect(await stored()).toEqual(key);
});

it('ops account add does not write a key that the exchange refuses', async () => {
  ops.secrets.put(names.secret, '{"client_id":"old","client_secret":"old"}');
  for (const dialect of ['orangex', 'deribit'] as const) {
    const { url } = await exchangeOf(dialect);
    const file = keyFile(JSON.stringify({ ...key, client_secret: `${clientSecret}-not` }));
    const { code, stderr } = await add(['--file', file, '--exchange', url, '--dialect', dialect]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^[^\n]+ The key was not written\.\n$/);
    expect(stderr).not.toContain(clientSecret);
  }
  expect(await stored()).toEqual({ client_id: 'old', client_secret: 'old' });
});

it('ops account add does not write a key that may not read orders, and warns about one that may trade', async () => {
  const { url } = await exchangeOf('orangex', 'account:read');
  const refused = await add(['--file', keyFile(), '--exchange', url, '--dialect', 'orangex']);
  expect(refused.code).toBe(1);
  const trading = await exchangeOf('orangex', 'trade:read_write');
  const { code, out } = await add(['--file', keyFile(), '--exchange', trading.url, '--dialect', 'orangex']);
  expect(code).toBe(0);
  expect(out).toContain('A read-only key is enough, and safer.\n');
});

it('ops account add takes secret, exchange and dialect from the stage table', async () => {
  const { code, out } = await add(['--stage', 'dev', '--no-check', '--file', keyFile(), '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ account: 'main', secret: names.secret, checked: false });
  const unknown = await ops.run(['account', 'add', 'nobody', '--stage', 'dev', '--file', keyFile()]);
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toContain('Stage dev has no account nobody: it has main, testnet. See: ');
  const stage = await add(['--stage', 'none', '--file', keyFile()]);
  expect(stage.stderr).toContain(
    'There is no stage "none": choose one of dev, prod; for a stage of your own project, give --exchange',
  );
});

it('ops account add reports that somebody else wrote another key at the same time', async () => {
  ops.secrets.fail({ kind: 'pass' }, { kind: 'pass' });
  const other = JSON.stringify({ ...key, client_id: 'another' });
  ops.secrets.fail({ kind: 'hold', until: ops.secrets.received(3).then(() => ops.secrets.put(names.secret, other)) });
  const { code, stderr } = await add(['--no-check', '--file', keyFile()]);
  expect([code, stderr]).toEqual([1, expect.stringContaining('was changed by someone else meanwhile')]);
});

it.each([
  ['no JSON', clientSecret],
  ['half of JSON', JSON.stringify(key).slice(0, -1)],
  ['another member', JSON.stringify({ client_id: 'desk', clientSecret })],
  ['a line end in it', JSON.stringify({ ...key, client_secret: `${clientSecret}\n` })],
  ['an empty part', JSON.stringify({ ...key, client_id: '' })],
  ['a list', JSON.stringify([key])],
])('ops account add refuses a file that holds %s, and does not quote it', async (_, text) => {
  const { code, out, stderr } = await add(['--no-check', '--file', keyFile(text)]);
  expect([code, out]).toEqual([2, '']);
  expect(stderr).toContain('the key must be {"client_id":"...","client_secret":"..."}');
  expect(stderr).not.toContain(clientSecret);
  await expect(stored()).rejects.toThrow();
});

it.each([
  [['--no-check'], 'Give --file: there is no terminal to type the key at'],
  [['--no-check', '--file', '/nowhere'], '/nowhere cannot be read'],
  [['secret'], 'a key is never an argument'],
  [['--file', '/nowhere'], 'Give --exchange and --dialect to check the key with, or --no-check'],
  [['--exchange', 'http://example.com'], '--exchange takes an https URL'],
  [['--exchange', 'https://example.com'], '--exchange needs --dialect'],
  [['--dialect', 'ftx'], `--dialect takes ${listed(dialectNames)}`],
])('ops account add refuses %j', async (args, line) => {
  const { code, stderr } = await add(args);
  expect(code).toBe(2);
  expect(stderr).toContain(line);
});

it.each([[], ['KEY_OF_THE_DESK']])(
  'ops account add refuses the arguments %j for lack of an account name, and quotes no argument that could be a key',
  async (...names) => {
    const { code, stderr } = await ops.run(['account', 'add', ...names, '--no-check', '--file', keyFile()]);
    expect([code, stderr]).toEqual([
      2,
      'Give the name of the account, 1 to 32 of a-z, 0-9 and -. See: npm run ops -- account add --help\n',
    ]);
  },
);

it('ops account add works from a shell, and shows the key nowhere', async () => {
  const { url } = await exchangeOf('orangex');
  const args = ['account', 'add', 'main', '--file', keyFile(), '--exchange', url, '--dialect', 'orangex'];
  const { code, out, stderr } = await spawnOps([...args, '--endpoint', ops.url]);
  expect([code, stderr]).toEqual([0, '']);
  expect(out).not.toContain(clientSecret);
  expect(await stored()).toEqual(key);
});
