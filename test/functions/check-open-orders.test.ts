import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { createDynamoAccountTable } from '../../lib/accounts/dynamo-table.ts';
import { type CapturedOutput, captureOutput } from '../lib/captured-output.ts';
import { startTestBed, type TestBed } from '../lib/test-bed.ts';
import { type ChangeWatch, type CheckOpenOrders, loadChangeWatch, loadCheckOpenOrders } from './load-function.ts';

/** Everybody's time; it passes only when the test says so. */
let now = Date.UTC(2026, 0, 1);
let testBed: TestBed;
let checkOpenOrders: CheckOpenOrders;
let changeWatch: ChangeWatch;
let output: CapturedOutput;

beforeAll(async () => {
  vi.spyOn(Date, 'now').mockImplementation(() => now);
});
beforeEach(async () => {
  testBed = await startTestBed({ now: () => now });
  changeWatch = await loadChangeWatch(testBed);
  checkOpenOrders = await loadCheckOpenOrders(testBed);
  output = captureOutput();
});
afterEach(async () => {
  output.release();
  await testBed.stop();
});
afterAll(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
});

/** Less than the least time between two checks of an order. */
const sweepMs = 5_000;
/** A Lambda's time, of which a sweep uses all but the last twenty-five seconds. */
const closingMs = 25_000;
const remainingMs = sweepMs + closingMs;

/**
 * One tick in which the exchange is called so often: with the last response, the sweep's time is over. `refusing` gets what
 * it replies for one order; the other orders get their own replies.
 */
async function tick(calls: number, refusing?: { readonly orderId: string; readonly code: number }) {
  let left = calls;
  testBed.orangex.scriptAlways('order', ({ orderId, body }, genuine) => {
    left--;
    if (left === 0) now += sweepMs;
    if (orderId !== refusing?.orderId) return { status: genuine.status, body: genuine.body };
    const { id } = JSON.parse(body);
    return { body: JSON.stringify({ jsonrpc: '2.0', id, error: { code: refusing?.code, message: 'for the test' } }) };
  });
  const report = await checkOpenOrders({ accounts: ['main'] }, calls === 0 ? closingMs : remainingMs);
  expect(left).toBe(0);
  // The next tick of the schedule comes later.
  now += 60_000;
  return report;
}

async function sendCommand(method: 'PUT' | 'DELETE', orderId: string) {
  return JSON.parse((await changeWatch(method, { account: 'main', order_id: orderId })).body);
}

async function watched(...orderIds: readonly string[]): Promise<void> {
  for (const orderId of orderIds) await sendCommand('PUT', orderId);
}

async function statusOf(orderId: string): Promise<string | undefined> {
  return (await testBed.watchOf(orderId))?.['status']?.S;
}

/** The states that the table has seen of an order. */
async function statesOf(orderId: string): Promise<readonly (string | undefined)[]> {
  return (await testBed.historyOf(orderId)).map((item) => item['order_state']?.S);
}

it("the ticks of an account's schedule follow an order from its placing through its fills to its end, and then check it no more", async () => {
  const id = testBed.orangex.place({ amount: '10' });
  await watched(id);
  expect(await statusOf(id)).toBe('unconfirmed');
  expect(await tick(1)).toMatchObject({ outcome: 'swept', checked: 1, changed: 1, final: 0, backlog: 0 });
  expect(await statusOf(id)).toBe('watched');
  expect(await tick(1)).toMatchObject({ checked: 1, changed: 0, final: 0 });
  testBed.orangex.partialFill(id, '2.5');
  expect(await tick(1)).toMatchObject({ checked: 1, changed: 1, final: 0 });
  testBed.orangex.partialFill(id, '7.5');
  expect(await tick(1)).toMatchObject({ checked: 1, changed: 1, final: 0 });
  testBed.orangex.fill(id);
  expect(await tick(1)).toMatchObject({ checked: 1, changed: 1, final: 1, failed: {} });
  expect(await statusOf(id)).toBe('final');
  expect(await statesOf(id)).toEqual(['open', 'open', 'open', 'filled']);
  expect(await tick(0)).toMatchObject({ outcome: 'swept', checked: 0, backlog: 0 });
});

it("the ticks of an account's schedule store which function saw an order, and report how many orders are left", async () => {
  const ids = [testBed.orangex.place(), testBed.orangex.place()];
  await watched(...ids);
  expect(await tick(0)).toMatchObject({ outcome: 'swept', checked: 0, backlog: 2 });
  expect(await tick(2)).toMatchObject({ checked: 2, changed: 2, backlog: 0 });
  const [snapshot] = await testBed.historyOf(ids[0] ?? '');
  expect(snapshot).toMatchObject({ observed_by: { S: 'check-open-orders' }, request_id: { S: 'invocation-1' } });
});

it("the ticks of an account's schedule notice that an order was cancelled", async () => {
  const id = testBed.orangex.place();
  await watched(id);
  await tick(1);
  testBed.orangex.cancel(id);
  expect(await tick(1)).toMatchObject({ changed: 1, final: 1 });
  expect(await statesOf(id)).toEqual(['open', 'canceled']);
  expect(await statusOf(id)).toBe('final');
});

it("the ticks of an account's schedule keep an order on watch that vanished, and recover it when it is seen again", async () => {
  const id = testBed.orangex.place();
  await watched(id);
  await tick(1);
  testBed.orangex.forget(id);
  expect(await tick(1)).toMatchObject({ checked: 1, changed: 0, final: 0, missing: 1, failed: {} });
  expect(await statusOf(id)).toBe('missing');
  expect(await tick(1)).toMatchObject({ checked: 1, missing: 1 });
  expect(await statesOf(id)).toEqual(['open']);
  testBed.orangex.place({ order_id: id });
  expect(await tick(1)).toMatchObject({ checked: 1, missing: 0 });
  expect(await statusOf(id)).toBe('watched');
  expect((await testBed.watchOf(id))?.['not_found_at']).toEqual({ L: [] });
  const notFoundReplies = (await testBed.itemsOf(id)).filter(({ kind }) => kind?.S === 'not_found');
  expect(notFoundReplies).toHaveLength(2);
});

it("the ticks of an account's schedule leave an order unconfirmed that was never seen", async () => {
  await watched('NO-SUCH-ORDER');
  expect(await tick(1)).toMatchObject({ checked: 1, missing: 0, failed: {} });
  expect(await statusOf('NO-SUCH-ORDER')).toBe('unconfirmed');
});

it("the ticks of an account's schedule skip an order whose watch a person stopped, until the watch is started again", async () => {
  const id = testBed.orangex.place();
  await watched(id);
  await tick(1);
  expect(await sendCommand('DELETE', id)).toMatchObject({ watched: false, status: 'stopped' });
  expect(await tick(0)).toMatchObject({ checked: 0, backlog: 0 });
  expect(await sendCommand('PUT', id)).toMatchObject({ watched: true, status: 'watched' });
  expect(await tick(1)).toMatchObject({ checked: 1 });
});

it("the ticks of an account's schedule put the orders on watch that an order will create when it fills", async () => {
  const child = testBed.orangex.place({ order_state: 'untriggered' });
  const parent = testBed.orangex.place({ details: { oto_order_ids: [child] } });
  await watched(parent);
  expect(await tick(1)).toMatchObject({ checked: 1, changed: 1 });
  expect(await statusOf(child)).toBe('unconfirmed');
  testBed.orangex.fill(parent);
  expect(await tick(2)).toMatchObject({ checked: 2, changed: 2, final: 1 });
  expect(await statusOf(parent)).toBe('final');
  expect(await statusOf(child)).toBe('watched');
});

it("the ticks of an account's schedule treat a triggered order as final, and do not know the order that it created", async () => {
  const id = testBed.orangex.place({ order_type: 'stop_limit', order_state: 'untriggered' });
  await watched(id);
  await tick(1);
  const successor = testBed.orangex.trigger(id);
  expect(await tick(1)).toMatchObject({ changed: 1, final: 1 });
  expect(await statusOf(id)).toBe('final');
  expect(await testBed.itemsOf(successor)).toEqual([]);
});

it("the ticks of an account's schedule keep watching an order in an unknown state", async () => {
  const id = testBed.orangex.place({ order_state: 'paused' });
  await watched(id);
  expect(await tick(1)).toMatchObject({ changed: 1, final: 0, unknown: 1 });
  expect(await statusOf(id)).toBe('unknown');
  expect(await tick(1)).toMatchObject({ checked: 1, unknown: 1 });
});

it.each([
  [10_029, 'not_owner'],
  [10_025, 'invalid_order_id'],
  [12_345, 'exchange_error'],
])(
  "the ticks of an account's schedule check the other orders when the exchange replies with the error %i for one, and close nothing",
  async (code, name) => {
    const ids = [testBed.orangex.place(), testBed.orangex.place(), testBed.orangex.place()];
    await watched(...ids);
    const [orderId = '', ...others] = ids;
    expect(await tick(3, { orderId, code })).toMatchObject({ checked: 2, changed: 2, failed: { [name]: 1 } });
    expect(await statusOf(orderId)).toBe('unconfirmed');
    for (const other of others) expect(await statusOf(other)).toBe('watched');
  },
);

it('a tick of a schedule logs one line with its counts, writes metrics, and writes nothing of a key or token', async () => {
  await watched(testBed.orangex.place());
  output.clear();
  await tick(1);
  const lines = output.lines().map((line) => JSON.parse(line));
  expect(lines).toMatchObject([
    { message: 'ticked', outcome: 'swept', account: 'main', checked: 1, function_request_id: 'invocation-1' },
    { stage: 'test', Checked: 1, Changed: 1, Backlog: 0 },
  ]);
  expect(lines).toHaveLength(2);
  expect(lines[1]).not.toHaveProperty('account');
  expect(output.text()).not.toMatch(/tester-secret|bearer/i);
});

it.each([
  ['is refused', 'key_refused', JSON.stringify({ client_id: 'tester', client_secret: 'refused-secret' })],
  ['is malformed', 'secret_malformed', 'refused-secret'],
])(
  'a tick of a schedule with a key that %s uses the previous key, reports that with a code, and counts it for the alarm',
  async (_, code, text) => {
    testBed.secrets.put(testBed.secretNames.main, text);
    checkOpenOrders = await loadCheckOpenOrders(testBed);
    await watched(testBed.orangex.place());
    expect(await tick(1)).toMatchObject({ checked: 1, failed: {} });
    const lines = output.lines().map((line) => JSON.parse(line));
    const until = new Date(now - 60_000 - sweepMs + 24 * 3_600_000).toISOString();
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'ERROR', message: 'previous key used', account: 'main', code, until }),
    );
    expect(lines).toContainEqual(expect.objectContaining({ stage: 'test', PreviousKeyUsed: 1 }));
    expect(output.text()).not.toMatch(/refused-secret|tester-secret/);
  },
);

it('a tick of a schedule calls no exchange for a paused account, and says for how long it is paused', async () => {
  await watched(testBed.orangex.place());
  const pause = { paused: true, by: 'arn:aws:iam::123456789012:user/desk', at: now, until: now + 3_600_000 };
  await createDynamoAccountTable(testBed.engine).setPause('main', pause);
  expect(await tick(0)).toEqual({ account: 'main', outcome: 'paused', pause });
});

it('a tick of a schedule releases the account’s lease when it is done', async () => {
  await tick(0);
  expect((await createDynamoAccountTable(testBed.engine).readAccount('main')).lease).toBeUndefined();
});

it('a tick of a schedule sweeps every account of its group although one fails, and names the accounts of the next group that nobody sweeps', async () => {
  expect((await failed({ accounts: ['nobody', 'main'], next: ['other'] })).code).toBe('unknown_account');
  const lines = output.lines().map((line) => JSON.parse(line));
  expect(lines.filter(({ message }) => message !== undefined)).toHaveLength(3);
  for (const line of [
    { level: 'ERROR', message: 'failed', account: 'nobody', code: 'unknown_account' },
    { level: 'INFO', message: 'ticked', account: 'main', outcome: 'swept' },
    { level: 'ERROR', message: 'unswept', accounts: ['other'] },
    { stage: 'test', UnsweptAccounts: 1 },
  ]) {
    expect(lines).toContainEqual(expect.objectContaining(line));
  }
  output.clear();
  await checkOpenOrders({ accounts: ['other'], next: ['main'] }, remainingMs);
  expect(output.lines().map((line) => JSON.parse(line))).toContainEqual(
    expect.objectContaining({ stage: 'test', UnsweptAccounts: 0 }),
  );
});

it('a tick of a schedule for an account that the stage does not have fails, and is logged with its code', async () => {
  expect((await failed({ accounts: ['nobody'] })).code).toBe('unknown_account');
  expect(output.lines().map((line) => JSON.parse(line))).toMatchObject([
    { level: 'ERROR', message: 'failed', code: 'unknown_account', account: 'nobody' },
  ]);
});

it.each([[undefined], [{}], [{ accounts: [] }], [{ accounts: [7] }]])(
  'a tick of a schedule with the event %j fails with the code internal',
  async (event) => {
    expect((await failed(event)).code).toBe('internal');
  },
);

it('a tick of a schedule fails while the table is down, without a call to the exchange', async () => {
  const env = { ...testBed.env, AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1' };
  checkOpenOrders = await loadCheckOpenOrders({ ...testBed, env });
  expect((await failed({ accounts: ['main'] })).code).toBe('store_unavailable');
  expect(testBed.orangex.count('get_order_state')).toBe(0);
});

/** What a tick fails with. The function has its own modules, so its failures are of another class. */
async function failed(event: unknown): Promise<{ readonly code: unknown }> {
  const thrown = await checkOpenOrders(event, remainingMs).catch((error: unknown) => error);
  return { code: thrown instanceof Error && 'code' in thrown ? thrown.code : thrown };
}
