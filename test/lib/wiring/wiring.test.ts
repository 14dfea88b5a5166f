import { expect, it } from 'vitest';
import { systemClock } from '../../../lib/clock.ts';
import { Logger } from '../../../lib/log.ts';
import { hedgingDelayMs } from '../../../lib/sweep/pace.ts';
import { createScheduledChecks } from '../../../lib/wiring/scheduled-checks.ts';
import { defaultKey } from '../../emulator/exchange/server.ts';
import { contextOf } from '../../functions/events.ts';
import { secretText } from '../test-bed.ts';
import { output, startTestBedForFile, testBed } from '../test-bed-for-file.ts';
import { check, createChecks, oneOrder, requestsDuring, stageOf } from './order-checks.ts';

startTestBedForFile();

it("the wiring of a function measures the retention headroom by how long the order's own exchange keeps closed orders", async () => {
  const stage = stageOf('other');
  const accounts = Object.entries(stage.accounts).map(([name, account]) => [
    name,
    { ...account, keepsClosedOrdersSeconds: 90 },
  ]);
  const { checkOpenOrders } = createScheduledChecks({
    stage: { ...stage, accounts: Object.fromEntries(accounts) },
    env: testBed.env,
    clock: systemClock,
    logger: new Logger(),
  });
  // The last fifteen seconds are for the report: there is no time to check any.
  const report = await checkOpenOrders({ account: 'other', requestId: 'r', deadline: Date.now() + 15_000 });
  if (report.outcome !== 'swept') throw new Error('nobody else has the account');
  expect(report.retentionHeadroomMs).toBeLessThanOrEqual(90_000);
});

it('the wiring of a function repeats a scheduled list whose reply is late', async () => {
  const { orangex } = testBed;
  const clock = {
    now: Date.now,
    sleep: (ms: number) => (ms === hedgingDelayMs ? Promise.resolve() : systemClock.sleep(ms)),
  };
  const { accounts, ...stage } = stageOf('main');
  const listed = Object.entries(accounts).map(([name, account]) => [
    name,
    { ...account, lists: true, minListSeconds: 5 },
  ]);
  const { checkOpenOrders } = createScheduledChecks({
    stage: { ...stage, accounts: Object.fromEntries(listed) },
    env: testBed.env,
    clock,
    logger: new Logger(),
  });
  const before = orangex.count('open_orders');
  orangex.script('open_orders', { kind: 'hang' });
  // There is time for one list, which takes two calls.
  const report = await checkOpenOrders({ account: 'main', requestId: 'r', deadline: Date.now() + 27_000 });
  expect(report).toMatchObject({ outcome: 'swept', listed: 1, listFailed: 0 });
  expect(orangex.count('open_orders') - before).toBe(3);
});

it('the wiring of a function has at most eight calls of an account under way, and meanwhile calls for another account', async () => {
  const { orangex } = testBed;
  const stage = stageOf('main');
  const { main } = stage.accounts;
  if (main === undefined) throw new Error('the stage has main');
  const { checkOrder } = createChecks({ stage: { ...stage, accounts: { main, twin: main } } });
  const check = (account: string, forMs: number) =>
    checkOrder({ account, orderId: orangex.place(), observedBy: 'd', requestId: 'r', deadline: Date.now() + forMs });
  const before = orangex.count('get_order_state');
  orangex.script('order', ...Array(8).fill({ kind: 'hang' }));
  const hanging = Promise.allSettled(Array.from({ length: 20 }, () => check('main', 4_000)));
  await expect.poll(() => orangex.count('get_order_state') - before, { timeout: 3_500 }).toBe(8);
  expect(await check('twin', 10_000)).toMatchObject({ account: 'twin', source: 'exchange' });
  expect(orangex.count('get_order_state') - before).toBe(9);
  await hanging;
});

it.each(['TABLE_NAME', 'AWS_REGION'])('the wiring of a function requires the variable %s', (name) => {
  const env = Object.fromEntries(Object.entries(testBed.env).filter(([variable]) => variable !== name));
  expect(() => createChecks({ env })).toThrow(`${name} is not set.`);
});

it.each([
  ['main', 'bearer '],
  ['other', 'deri-hmac-sha256 '],
] as const)('the wiring of a function calls the exchange of account %s in its dialect', async (account, scheme) => {
  const { requests } = account === 'main' ? testBed.orangex : testBed.deribit;
  expect(await check(createChecks(), account)).toMatchObject({ account, source: 'exchange', changed: true });
  expect(requests.at(-1)?.headers.authorization?.startsWith(scheme)).toBe(true);
});

it('the wiring of a function checks an account’s orders as often as the stage says', async () => {
  const { order } = await check(createChecks(), 'main');
  const watch = await testBed.watchOf(order.order_id);
  expect(Number(watch?.['list_at']?.N) - Number(watch?.['checked_at']?.N)).toBe(10_000);
});

it('the wiring of a function reuses keys and tokens between checks', async () => {
  const wiring = createChecks();
  await check(wiring, 'main');
  expect(await requestsDuring(() => check(wiring, 'main'))).toEqual(oneOrder);
});

it('the wiring of a function adds the exchange’s time to the following log lines, even if the call failed', async () => {
  const logger = new Logger();
  const wiring = createChecks({ logger });
  await check(wiring, 'main');
  logger.info('then');
  logger.begin(contextOf());
  testBed.orangex.scriptAlways('order', { kind: 'drop' });
  await check(wiring, 'main').catch(() => {});
  logger.info('then');
  const lines = output.lines().map((line) => JSON.parse(line));
  expect(lines).toMatchObject([{ exchange_ms: expect.any(Number) }, { exchange_ms: expect.any(Number) }]);
});

it('the wiring of a function reports once for each account what its exchange sends that is not in our tables', async () => {
  const { checkOrder } = createChecks();
  for (const orderId of ['DRIFT-1', 'DRIFT-2']) {
    testBed.orangex.place({ order_id: orderId, order_state: 'archived', details: { sparkle: true } });
    await checkOrder({ account: 'main', orderId, observedBy: 'd', requestId: 'r', deadline: Date.now() + 10_000 });
  }
  const reported = output.lines().map((line) => JSON.parse(line));
  expect(reported).toMatchObject([
    { message: 'drift', level: 'WARN', account: 'main', drift: 'field sparkle' },
    { message: 'drift', level: 'WARN', account: 'main', drift: 'order_state archived' },
  ]);
});

it('the wiring of a function warns once, with the account, about a key that may do more than it needs to', async () => {
  const key = { ...defaultKey, clientId: 'writer', scope: 'account:read trade:read_write' };
  testBed.orangex.setKeys([defaultKey, key]);
  const secretName = 'key-that-writes';
  testBed.secrets.create(secretName, secretText(key));
  const { main } = stageOf('main').accounts;
  if (main === undefined) throw new Error('the stage has main');
  const wiring = createChecks({ stage: { ...testBed.stage, accounts: { main: { ...main, secretName } } } });
  await check(wiring, 'main');
  testBed.orangex.revokeTokens();
  await check(wiring, 'main');
  expect(JSON.parse(output.onlyLine())).toMatchObject({
    level: 'WARN',
    account: 'main',
    message: expect.stringContaining('read'),
  });
});
