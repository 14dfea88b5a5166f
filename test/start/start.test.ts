import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DynamoDBClient, GetItemCommand, ListTablesCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, expect, test, vi } from 'vitest';
import { createClient } from '../../lib/api/client.ts';
import { claimDataFolder } from '../emulator/aws/data-folder.ts';
import { startDynamo } from '../emulator/aws/engines.ts';
import { seedFields, seedId } from '../emulator/exchange/seed-order.ts';
import { startExchange } from '../emulator/exchange/server.ts';
import { listen } from '../emulator/listen.ts';
import { killLaunched, launch, processesOf, reported, start } from './launch.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const scratch: string[] = [];

afterAll(() => {
  killLaunched();
  for (const folder of scratch.splice(0)) rmSync(folder, { recursive: true });
});

/** For what is looked up in /proc. */
const onLinux = test.skipIf(process.platform !== 'linux');
/** As npm starts it: by the launcher; and in a process group of its own. */
const launcherInGroup = ['setsid', 'sh', '-c', `exec "$0" '${join(root, 'test/toolchain/node.cjs')}' "$@"`];
/** These mostly wait, each for its own run, and for those of the others to start: on a busy machine that takes its time. */
const together = { concurrent: true, timeout: 400_000 };

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'local-test-'));
  scratch.push(folder);
  return folder;
}

onLinux(
  '--data keeps table and exchange for one run at a time; a killed runner leaves no process, and its orders are found again; a signal to the whole group stops it once',
  together,
  async () => {
    const data = join(newFolder(), 'table');
    const first = await start(['--data', data, '--every', '1']);
    const opened = reported('BTC-PERPETUAL', 'open: buy 3 at 64250.50.*');
    await first.showing(opened);
    const [, orderId = ''] = opened.exec(first.shown()) ?? [];
    expect(await launch(['--port', '0', '--data', data]).exit).toEqual({
      code: 2,
      errors: `--data ${data} is in use by process ${first.child.pid}: stop it, or choose another folder. See: npm start -- --help\n`,
    });
    expect(processesOf(first.folder)).not.toEqual([]);
    await first.stop('SIGKILL');
    await vi.waitFor(() => expect(processesOf(first.folder)).toEqual([]), { timeout: 60_000 });
    rmSync(first.folder, { recursive: true });

    const temporary = newFolder();
    const args = ['--data', data, '--account', 'main', '--every', '1', '--no-demo'];
    const second = await start(args, { TMPDIR: temporary }, launcherInGroup);
    expect(second.shown()).toMatch(/\n {2}changed +false\n/);
    const client = createClient({ url: new URL(second.url).origin });
    const before = Date.now();
    // A sweep of this run has confirmed the order, individually or in a list.
    await vi.waitFor(
      async () => {
        const { orders } = await client.listOrders({ account: 'main', state: 'live', limit: 100 });
        const checkedAt = orders.find(({ order_id }) => order_id === orderId)?.checked_at ?? '';
        expect(Date.parse(checkedAt)).toBeGreaterThan(before);
      },
      { timeout: 60_000, interval: 200 },
    );
    expect(second.shown()).not.toMatch(new RegExp(`${orderId}.*MISSING`));
    // To the whole group, and the launcher passes it on, too: that stops it once.
    process.kill(-(second.child.pid ?? 0), 'SIGTERM');
    expect(await second.exit).toEqual({ code: 0, errors: '' });
    expect(readdirSync(temporary)).toEqual([]);
  },
);

/** The run's table, as any tool for DynamoDB reaches it. */
async function tableOf(endpoint: string) {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
  const [TableName] = (await client.send(new ListTablesCommand({}))).TableNames ?? [];
  const key = (pk: string) => ({ pk: { S: pk }, sk: { S: 'filler' } });
  return {
    put: (pk: string, text: string) =>
      client.send(new PutItemCommand({ TableName, Item: { ...key(pk), text: { S: text } } })),
    get: async (pk: string) => (await client.send(new GetItemCommand({ TableName, Key: key(pk) }))).Item?.['text']?.S,
  };
}

onLinux('--data that cannot be written ends with one line, and keeps every response so far', together, async () => {
  const data = join(newFolder(), 'table');
  // Stands in for a full disk: no file may grow beyond one or two megabytes, as the shell counts.
  const limited = ['sh', '-c', 'ulimit -f 2048 && exec "$0" "$@"'];
  const full = await start(['--data', data, '--no-demo'], {}, limited);
  await full.showing(/What changed\n.+\n$/);
  const table = await tableOf(full.awsUrl);
  const text = 'x'.repeat(300_000);
  const kept: string[] = [];
  const fill = async () => {
    for (;;) {
      const pk = `filler-${kept.length}`;
      await table.put(pk, text);
      kept.push(pk);
    }
  };
  await expect(fill()).rejects.toThrow();
  expect(await full.exit).toEqual({
    code: 1,
    errors: `--data ${data} cannot be written (File too large). Every response so far is kept: make room, and start again\n`,
  });
  // The old order is new to the table; without the demonstration nothing else happens.
  expect(full.shown()).toMatch(
    /Press Ctrl\+C to stop\n\n +Time.* What changed\n.* 39004881276768256 +BTC-14AUG20-11000-C +canceled 0\/1\n$/,
  );
  expect(kept).not.toEqual([]);

  const folder = await claimDataFolder(data);
  const again = await startDynamo(folder.dynamo);
  const found = await tableOf(again.url);
  for (const pk of kept) expect(await found.get(pk)).toBe(text);
  await again.stop();
  await folder.release();
});

test('npm start --exchange uses a real exchange, and assumes nothing about it', together, async () => {
  const key = { clientId: 'desk', clientSecret: 'desk-secret' };
  const exchange = await startExchange({ dialect: 'deribit', keys: [key] });
  const before = exchange.requests.length;
  const run = await start(['--exchange', exchange.url, '--dialect', 'deribit', '--account', 'desk-1'], {
    EXCHANGE_CLIENT_ID: key.clientId,
    EXCHANGE_CLIENT_SECRET: key.clientSecret,
  });
  // A sweep may have listed by now; nobody wants an order.
  expect(exchange.requests.slice(before).filter(({ call }) => call === 'get_order_state')).toEqual([]);
  expect(run.url).toMatch(/\/accounts\/desk-1\/orders\/ORDER_ID$/);
  const client = createClient({ url: new URL(run.url).origin });
  expect(await client.getOrder({ account: 'desk-1', order_id: seedId })).toMatchObject({
    account: 'desk-1',
    order: seedFields,
    changed: true,
  });
  const { code, errors } = await run.stop('SIGINT');
  expect(code).toBe(0);
  expect(run.shown() + errors).not.toContain(key.clientSecret);
  await exchange.stop();
});

test('npm start reports a port that is taken in one line, at once', async () => {
  const server = createServer();
  const { port } = await listen(server, 0);
  expect(await launch(['--port', String(port)]).exit).toEqual({
    code: 2,
    errors: `Port ${port} is taken: choose another one with --port N. See: npm start -- --help\n`,
  });
  server.close();
});

test.each([
  [['--exchange', 'https://x', '--dialect', 'deribit'], /^--exchange needs the key in the environment: .*\n$/],
  [['--nonsense'], /^Unknown option '--nonsense'\. See: npm start -- --help\n$/],
])('npm start reports a wrong option in one line: %j', async (args, line) => {
  const { code, errors } = await launch(args, { EXCHANGE_CLIENT_ID: '' }).exit;
  expect(code).toBe(2);
  expect(errors).toMatch(line);
});

test('npm start reports a folder that cannot be used in one line', async () => {
  const file = join(newFolder(), 'file');
  writeFileSync(file, '');
  const { code, errors } = await launch(['--port', '0', '--data', file]).exit;
  expect(code).toBe(2);
  expect(errors).toMatch(/^--data .* cannot be used \(.*\): choose another folder\. See: npm start -- --help\n$/);
});

test('a signal during npm start ends it, and leaves no folder behind', async () => {
  const folder = newFolder();
  const run = launch(['--port', '0'], { TMPDIR: folder });
  await vi.waitFor(() => expect(readdirSync(folder)).not.toEqual([]), { timeout: 30_000, interval: 20 });
  run.child.kill('SIGINT');
  expect(await run.exit).toEqual({ code: 0, errors: '' });
  expect(readdirSync(folder)).toEqual([]);
});

test('npm start reports a failure in one line', async () => {
  const { code, errors } = await launch(['--port', '0'], { TMPDIR: join(newFolder(), 'gone') }).exit;
  expect(code).toBe(1);
  expect(errors).toMatch(/^Cannot start: ENOENT: no such file or directory.*\n$/);
});

test('npm start --help prints the help', async () => {
  const run = launch(['--help']);
  expect(await run.exit).toEqual({ code: 0, errors: '' });
  expect(run.shown()).toContain('npm start');
  expect(run.shown()).toContain('on AWS a minute is the minimum');
});
