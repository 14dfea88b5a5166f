import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { readConsoleFiles } from '../../../cdk/ops/console-files.ts';
import { type ConsoleServer, startConsoleServer, tokenHeader } from '../../../cdk/ops/console-server.ts';
import { operate } from '../../../cdk/ops/operate.ts';
import { createSignedFetch } from '../../../cdk/ops/signed-fetch.ts';
import { systemClock } from '../../../lib/clock.ts';
import { orderIdPattern } from '../../../lib/exchange/order.ts';
import { accountPattern } from '../../../lib/stage/stage.ts';
import { listen, unlisten } from '../../emulator/listen.ts';
import { type ConsoleFixture, startConsoleFixture } from './console-fixture.ts';
import { type Account, startFakeAws } from './fake-aws.ts';
import { runHere } from './ops-test-bed.ts';

const operatorKey = { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' };

let api: ConsoleFixture;
let server: ConsoleServer;
let origin: string;
let token: string;

beforeAll(async () => {
  api = await startConsoleFixture(Date.now());
  server = await startConsoleServer({ files: await readConsoleFiles(), url: `${api.url}/`, fetch, port: 0 });
  const { hash, origin: own } = new URL(server.url);
  [origin, token] = [own, hash.replace('#token=', '')];
});
afterAll(async () => {
  await server.stop();
  await api.stop();
});

type Sent = { readonly method?: string; readonly headers?: Readonly<Record<string, string>> };

/** The target exactly as it is given: `fetch` would tidy it up. */
async function send(target: string, { method = 'GET', headers = { [tokenHeader]: token } }: Sent = {}) {
  const sent = request(origin, { path: target, method, headers }).end();
  const [response] = await once(sent, 'response');
  return { status: Number(response.statusCode), headers: response.headers, body: await text(response) };
}

it('the console serves its page, its own files and its libraries, each with its content type', async () => {
  const page = await send('/?from=bookmark', { headers: {} });
  expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
  const named = [...page.body.matchAll(/(?:src|href)="(\/[^"]+)"|:"(\/console[^"]+)"/g)].map(
    ([, own, vendored]) => own ?? vendored ?? '',
  );
  expect(named).toContain('/console/vendor/preact.mjs');
  for (const path of named) expect(await send(path, { headers: {} }), path).toMatchObject({ status: 200 });
  const head = await send('/console/app.js', { method: 'HEAD', headers: {} });
  expect(head).toMatchObject({ status: 200, body: '', headers: { 'content-type': 'text/javascript; charset=utf-8' } });
});

it('the console accepts the same account names and order ids as the API', async () => {
  const { body } = await send('/console/model.js', { headers: {} });
  const patternOf = (name: string) => new RegExp(`const ${name} = /(.+)/v?;`).exec(body)?.[1]?.replace('\\-', '-');
  expect(patternOf('accountPattern')).toBe(accountPattern.source);
  expect(patternOf('orderIdPattern')).toBe(orderIdPattern.source);
});

it("the console's content security policy allows its own files and its import map, and nothing else", async () => {
  const { headers } = await send('/', { headers: {} });
  const policy = String(headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toMatch(/script-src 'self' 'sha256-[A-Za-z0-9+/]{43}='(;|$)/);
  expect(policy).toContain("require-trusted-types-for 'script'");
  expect(policy).not.toMatch(/unsafe|https?:|\*/);
  expect(headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'x-content-type-options': 'nosniff' });
});

it.each([
  '/console/../console-server.ts',
  '/console/tsconfig.json',
  '/package.json',
  '/console/vendor/../../../package.json',
  '/console/%2e%2e/package.json',
])('the console does not serve %s', async (path) => {
  expect((await send(path)).status).toBe(403);
});

it.each(['POST', 'PUT', 'DELETE'])("the console's files cannot be requested with %s", async (method) => {
  expect((await send('/', { method })).status).toBe(405);
});

it.each([{}, { [tokenHeader]: '' }, { [tokenHeader]: 'x'.repeat(43) }, { cookie: 'x-console-token=1' }])(
  'the console forwards no request without its token: %j',
  async (headers) => {
    const before = api.requests.length;
    expect(await send('/accounts', { headers })).toMatchObject({ status: 401 });
    expect(api.requests.length).toBe(before);
  },
);

it.each(['evil.example', 'evil.example:80', '127.0.0.1', 'localhost.evil.example'])(
  'the console refuses requests for the host name %s, which may resolve to this machine',
  async (host) => {
    for (const path of ['/', '/accounts']) {
      expect((await send(path, { headers: { host, [tokenHeader]: token } })).status).toBe(421);
    }
  },
);

it.each(['127.0.0.1', 'localhost', '[::1]'])('the console serves requests for %s and its port', async (name) => {
  const host = `${name}:${new URL(origin).port}`;
  expect((await send('/accounts', { headers: { host, [tokenHeader]: token } })).status).toBe(200);
});

it('each console has its own random token of 256 bits', async () => {
  const other = await startConsoleServer({ files: new Map(), url: api.url, fetch, port: 0 });
  expect(Buffer.from(token, 'base64url')).toHaveLength(32);
  expect(new URL(other.url).hash).not.toBe(`#token=${token}`);
  await other.stop();
});

it('the console forwards reads of the table and changes of a watch, with the ETag in both directions', async () => {
  const order = '/accounts/main/orders/39100000000131073';
  for (const path of [
    '/accounts',
    '/accounts/main/orders?state=live&limit=50',
    `${order}/snapshots`,
    `${order}?max_age=999999`,
  ]) {
    expect(await send(path), path).toMatchObject({ status: 200 });
    expect(api.requests.at(-1)).toBe(`GET ${path}`);
  }
  const { etag } = (await send(`${order}?max_age=999999`)).headers;
  const headers = { [tokenHeader]: token, 'if-none-match': String(etag) };
  expect(await send(`${order}?max_age=999999`, { headers })).toMatchObject({
    status: 304,
    body: '',
    headers: { etag, age: '3' },
  });
  for (const method of ['DELETE', 'PUT']) expect((await send(`${order}/watch`, { method })).status).toBe(200);
});

it.each([
  ['GET', '/accounts/main/orders/39100000000131073'],
  ['GET', '/accounts/main/orders/39100000000131073?max_age=0'],
  ['POST', '/accounts/main/orders/check'],
  ['GET', '/accounts/main/api/v1/private/get_order_state?order_id=1'],
  ['PUT', '/accounts/main/orders/39100000000131073'],
  ['DELETE', '/accounts'],
  ['GET', '/accounts/main/orders/../../../secrets'],
  ['GET', '/accounts/main/orders/../watch'],
  ['GET', '//accounts'],
  ['GET', 'http://169.254.169.254/accounts'],
  ['GET', '/accounts/main%2Forders'],
  ['GET', '/openapi.json'],
])('the console does not forward %s %s', async (method, target) => {
  const before = api.requests.length;
  expect((await send(target, { method })).status).toBe(403);
  expect(api.requests.length).toBe(before);
});

it('the console says that the API cannot be reached, and does not reveal the cause', async () => {
  const failing = await startConsoleServer({
    files: new Map(),
    url: api.url,
    fetch: () => Promise.reject(new Error('The security token AKIAEXAMPLE is expired')),
    port: 0,
  });
  const { origin: at, hash } = new URL(failing.url);
  const response = await fetch(`${at}/accounts`, { headers: { [tokenHeader]: hash.replace('#token=', '') } });
  expect(response.status).toBe(502);
  const body = await response.text();
  expect(body).toContain('console_unreachable');
  expect(body).not.toContain('AKIA');
  await failing.stop();
});

it('the console signs what it forwards, and leaves its token, signature and credentials out of the response', async () => {
  const seen: IncomingHttpHeaders[] = [];
  const signed = createServer((received, response) => {
    seen.push(received.headers);
    const date = 'Sat, 28 Nov 2026 08:00:00 GMT';
    response
      .writeHead(200, { 'content-type': 'application/json', date, 'set-cookie': 'a=b', 'x-amz-meta': 'c' })
      .end('{}');
  });
  const { port } = await listen(signed, 0);
  const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret', sessionToken: 'session' };
  const signing = await startConsoleServer({
    files: new Map(),
    url: `http://127.0.0.1:${port}`,
    fetch: createSignedFetch(() => Promise.resolve(credentials), 'eu-west-1'),
    port: 0,
  });
  const { origin: at, hash } = new URL(signing.url);
  const own = hash.replace('#token=', '');
  const response = await fetch(`${at}/accounts`, { headers: { [tokenHeader]: own, cookie: 'x=y', referer: 'z' } });
  const [headers = {}] = seen;
  expect(headers.authorization).toContain('/eu-west-1/execute-api/aws4_request');
  expect(headers).not.toHaveProperty(tokenHeader);
  expect(headers).not.toHaveProperty('cookie');
  expect(headers).not.toHaveProperty('referer');
  expect([...response.headers.keys()]).not.toContain('set-cookie');
  expect([...response.headers.keys()]).not.toContain('x-amz-meta');
  // By it the page knows what the time is there.
  expect(response.headers.get('date')).toBe('Sat, 28 Nov 2026 08:00:00 GMT');
  expect(await response.text()).toBe('{}');
  await signing.stop();
  await unlisten(signed);
});

it('ops console prints the address that opens it, and ends when it is stopped', async () => {
  const main = fileURLToPath(new URL('../../../cdk/ops/main.ts', import.meta.url));
  const env = { PATH: process.env['PATH'], HOME: '/nowhere' };
  const running = spawn(process.execPath, [main, 'console', '--url', api.url], { env });
  const [printed] = await once(running.stdout, 'data');
  const [, address = ''] = /^Console of \S+: (\S+)\n$/.exec(String(printed)) ?? [];
  const { origin: at, hash } = new URL(address);
  expect((await fetch(`${at}/`)).status).toBe(200);
  const accounts = await fetch(`${at}/accounts`, { headers: { [tokenHeader]: hash.replace('#token=', '') } });
  expect(await accounts.json()).toHaveProperty('accounts');
  running.kill('SIGTERM');
  const [code] = await once(running, 'exit');
  expect(code).toBe(0);
});

it("ops console --stage finds the API in the stack's outputs, and runs until it is interrupted", async () => {
  const account: Account = {
    stack: { outputs: { Url: api.url }, resources: {} },
    concurrency: { quota: 1000, unreserved: 1000, ofFunction: 1 },
    secrets: {},
    dashboards: [],
    denied: [],
  };
  const aws = await startFakeAws(account);
  for (const [name, value] of Object.entries({ AWS_ENDPOINT_URL: aws.url, AWS_REGION: 'eu-central-1', ...operatorKey }))
    vi.stubEnv(name, value);
  const printed = Promise.withResolvers<string>();
  const terminal = {
    out: printed.resolve,
    log: () => {},
    draw: () => {},
    columns: 0,
    promptSecret: undefined,
    user: 'ops',
  };
  const running = operate('npm run ops --', ['console', '--stage', 'dev'], { terminal, clock: systemClock });
  const { origin: at, hash } = new URL(/http:\S+/.exec(await printed.promise)?.[0] ?? '');
  const accounts = await fetch(`${at}/accounts`, { headers: { [tokenHeader]: hash.replace('#token=', '') } });
  expect(accounts.status).toBe(200);
  process.emit('SIGINT');
  expect(await running).toBe(0);
  await expect(fetch(at)).rejects.toThrow();

  delete account.stack;
  expect(await runHere('npm run ops --', ['console', '--stage', 'dev'])).toMatchObject({ code: 2 });
  await aws.stop();
  vi.unstubAllEnvs();
});

it('ops console reports a port that is taken', async () => {
  const port = Number(new URL(origin).port);
  await expect(startConsoleServer({ files: new Map(), url: api.url, fetch, port })).rejects.toThrow('EADDRINUSE');
});

it('ops console requires a stage or an address, and validates its options', async () => {
  expect(await runHere('npm run ops --', ['console'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Give --stage or --url'),
  });
  expect((await runHere('npm run ops --', ['console', '--url', 'http://example.com'])).code).toBe(2);
  expect((await runHere('npm run ops --', ['console', '--url', api.url, '--port', 'x'])).code).toBe(2);
});
