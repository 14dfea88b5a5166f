import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createSignedFetch } from '../../../cdk/ops/signed-fetch.ts';
import { smokeLine, smokeSteps } from '../../../cdk/ops/smoke-steps.ts';
import { createClient } from '../../../lib/api/client.ts';
import { listen } from '../../emulator/listen.ts';
import { runHere, spawnSmoke } from './ops-test-bed.ts';

type ApiResponse = { readonly status: number; readonly body: unknown };

let server: Server;
let url: string;
/** What the API responds, by path and query; the later of two that fit. */
let responses: (readonly [target: string, reply: ApiResponse])[] = [];
const requests: IncomingMessage[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(request);
    const [, { status, body } = { status: 404, body: { message: 'Not Found' } }] =
      responses.findLast(([target]) => target === request.url) ?? [];
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  const { port } = await listen(server, 0);
  url = `http://127.0.0.1:${port}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(() => {
  requests.length = 0;
  responses = [...well];
});

const order = {
  order_state: 'open',
  instrument_name: 'BTC-PERPETUAL',
  price: '855.10',
  time_in_force: 'good_til_cancelled',
  last_update_timestamp: 1_767_225_600_000,
  order_id: 'A',
  creation_timestamp: 1_767_225_600_000,
  direction: 'buy',
  order_type: 'limit',
  details: {},
};
const time = '2026-01-01T00:00:10.000Z';
const rank = `1767225600000.0000000001.0.${'0'.repeat(18)}.${'0'.repeat(18)}.${'a'.repeat(32)}`;
const checked = {
  account: 'main',
  order,
  rank,
  final: false,
  watched: true,
  source: 'exchange',
  changed: true,
  first_observed_at: time,
  checked_at: time,
  age_seconds: 1,
};
const snapshot = {
  rank,
  digest: 'a'.repeat(32),
  order,
  final: false,
  requested_at: time,
  first_observed_at: time,
  request_id: 'r',
  observed_by: 'get-order',
  key_version: 'v',
  changes: [],
};
const ok = (body: unknown): ApiResponse => ({ status: 200, body });
const problem = (status: number, code: string): ApiResponse => ({
  status,
  body: { type: 'about:blank', title: code, status, detail: `It is ${code}.`, code, instance: '/', request_id: 'r-1' },
});
const ofMain = '/accounts/main/orders';
const well: typeof responses = [
  [`${ofMain}/A`, ok(checked)],
  [`${ofMain}/A?max_age=3600`, ok({ ...checked, source: 'snapshot', changed: false })],
  [`${ofMain}/A/snapshots?limit=1`, ok({ account: 'main', order_id: 'A', snapshots: [snapshot] })],
  [`${ofMain}?state=live&limit=100`, ok({ account: 'main', state: 'live', orders: [] })],
  ['/accounts/no-such-account/orders/A', problem(404, 'unknown_account')],
  [`${ofMain}/${'x'.repeat(65)}`, problem(400, 'bad_request')],
];

/** What each step saw, up to the first that is wrong. */
async function tried(): Promise<readonly string[]> {
  const seen: string[] = [];
  for (const step of smokeSteps(createClient({ url }), 'main', 'A')) {
    try {
      seen.push(await step.try());
    } catch (thrown) {
      return [...seen, `FAILED ${smokeLine(thrown)}`];
    }
  }
  return seen;
}

const complete = ['--url', 'https://example.com', '--account', 'main', '--order', 'A'];

it('the smoke test checks an order, its snapshot, its history, the list and the refusals', async () => {
  expect(await tried()).toEqual([
    'open, from the exchange',
    'checked 1 s ago',
    `open, first observed ${time}`,
    '0',
    '404 unknown_account',
    '400 bad_request',
  ]);
  expect(requests).toHaveLength(6);
});

it.each<[what: string, at: number, reply: ApiResponse, line: string]>([
  [
    'an order that is not known',
    0,
    problem(404, 'order_not_found'),
    'give an --order of this account that the exchange still knows',
  ],
  ['a key that is not there', 0, problem(503, 'secret_empty'), 'store the key with ops account add'],
  ['a table that is unavailable', 0, problem(503, 'store_unavailable'), 'search the logs for request r-1'],
  ['a caller that the gateway refuses', 0, { status: 403, body: { message: 'Forbidden' } }, 'execute-api:Invoke'],
  ['another address', 0, { status: 404, body: { message: 'Not Found' } }, 'give the --url that the deployment shows'],
  ['a function that crashes', 0, { status: 500, body: { message: 'x' } }, 'check the alarms function-errors'],
  ['a response that the table did not keep', 1, ok(checked), 'the exchange was called again'],
  ['a history without the order', 2, ok({ account: 'main', order_id: 'A', snapshots: [] }), 'run ops verify'],
  ['an account that it should not have', 4, ok(checked), 'the request succeeded, not as 404 unknown_account'],
  ['another refusal than it should be', 5, problem(404, 'order_not_found'), 'it was refused as 404 order_not_found'],
])('the smoke test stops at %s, and says what to look at', async (_, at, reply, line) => {
  responses.push([well[at]?.[0] ?? '', reply]);
  const seen = await tried();
  expect(seen).toHaveLength(at + 1);
  expect(seen.at(-1)).toMatch(/^FAILED /);
  expect(seen.at(-1)).toContain(line);
});

it('the smoke test reports that no API responds', async () => {
  const closed = createServer();
  const { port } = await listen(closed, 0);
  closed.close();
  const [step] = smokeSteps(createClient({ url: `http://127.0.0.1:${port}` }), 'main', 'A');
  const line = await step?.try().catch(smokeLine);
  expect(line).toMatch(/^no response \(.*ECONNREFUSED.*\): give the --url that/);
});

it('the smoke test works from a shell, and exits 1 at the first step that fails', async () => {
  responses.push([`${ofMain}/A/snapshots?limit=1`, problem(503, 'store_unavailable')]);
  const args = ['--url', url, '--account', 'main', '--order', 'A'];
  const { code, out, stderr } = await spawnSmoke(args);
  expect([code, stderr]).toEqual([1, '']);
  expect(out.split('\n').map((line) => line.replace(/ +\d+ ms +/, ' '))).toEqual([
    'ok one order: open, from the exchange',
    'ok the same order, from the table: checked 1 s ago',
    'FAILED its history: 503 store_unavailable: It is store_unavailable; search the logs for request r-1',
    '',
  ]);
});

it('the smoke test prints JSON, a line for each step', async () => {
  const args = ['--url', url, '--account', 'main', '--order', 'A', '--json'];
  const { code, out } = await runHere('npm run smoke --', args);
  const steps = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect([code, steps.map(({ ok }) => ok)]).toEqual([0, Array(6).fill(true)]);
  responses.push([`${ofMain}/A`, problem(404, 'order_not_found')]);
  const failed = await runHere('npm run smoke --', args.slice(0, -1));
  expect([failed.code, failed.out]).toEqual([1, expect.stringMatching(/^FAILED +\d+ ms {2}one order: 404 /)]);
});

it.each([
  [['--url', 'http://example.com'], '--url takes the https address of the API'],
  [['--url', 'https://example.com/accounts'], '--url takes the https address of the API'],
  [['--url', 'https://example.com', '--account', 'main'], "Required option '--order <id>' not specified"],
  [['--url', 'https://example.com', '--account', 'main', '--order', 'A'], 'Give --region: the URL does not name it'],
  [[...complete, '--colour'], "Unknown option '--colour'"],
])('the smoke test refuses %j in one line', async (args, line) => {
  const { code, stderr } = await runHere('npm run smoke --', args);
  expect(code).toBe(2);
  expect(stderr).toContain(line);
  expect(stderr).toMatch(/^[^\n]+See: npm run smoke -- --help\n$/);
});

it('the smoke test signs requests as API Gateway expects', async () => {
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI', sessionToken: 'token' };
  const fetch = createSignedFetch(async () => credentials, 'eu-central-1');
  await createClient({ url, fetch }).getOrder({ account: 'main', order_id: 'A', max_age: 3600 });
  const { headers, method, url: target = '' } = requests[0] ?? {};
  const [, scope = '', names = '', signature] =
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]{64})$/.exec(
      headers?.authorization ?? '',
    ) ?? [];
  const [day = '', region = '', service = '', end = ''] = scope.split('/');
  expect([region, service, end]).toEqual(['eu-central-1', 'execute-api', 'aws4_request']);
  expect(names.split(';')).toEqual(expect.arrayContaining(['host', 'x-amz-date', 'x-amz-security-token']));

  // The canonical request as AWS documents it, made here again by hand.
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const [path, query = ''] = target.split('?');
  const signedHeaders = names.split(';').map((name) => `${name}:${headers?.[name]}\n`);
  const canonical = [method, path, query, signedHeaders.join(''), names, sha256('')].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', headers?.['x-amz-date'], scope, sha256(canonical)].join('\n');
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const signingKey = [region, service, end].reduce(hmac, hmac(`AWS4${credentials.secretAccessKey}`, day));
  expect(signature).toBe(hmac(signingKey, toSign).toString('hex'));
});
