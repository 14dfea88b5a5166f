import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Logger } from '../../../lib/log.ts';
import type { CheckOrder, CheckOrderRequest } from '../../../lib/orders/check-order.ts';
import type { CheckResult } from '../../../lib/orders/check-result.ts';
import { createRememberedChecks } from '../../../lib/orders/remembered-checks.ts';
import { createDynamoTable } from '../../../lib/snapshots/dynamo-table.ts';
import { createDynamoWatchCommandTable } from '../../../lib/snapshots/dynamo-watch-command-table.ts';
import type { StoredWatch } from '../../../lib/snapshots/table.ts';
import { applyWatchCommand } from '../../../lib/snapshots/watch-command.ts';
import { createOrderChecks } from '../../../lib/wiring/order-checks.ts';
import { type Recorder, startRecorder } from '../aws/recorder.ts';
import { type CapturedOutput, captureOutput } from '../captured-output.ts';
import { startTestBed, type TestBed } from '../test-bed.ts';
import { failureOf } from '../thrown.ts';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts';

describe('memory', () => {
  const clock = createVirtualClock();
  const received: (StoredWatch | undefined)[] = [];
  let next: 'open' | 'stopped' | Error = 'open';
  let revision = 0;

  const inner: CheckOrder = async ({ account, orderId, known }) => {
    received.push(known);
    if (next instanceof Error) throw next;
    const operator = next === 'stopped' ? { at: 1, by: 'anna', stopped: true } : undefined;
    const watch = { openedAt: 1, observations: [], notFoundAt: [], operator };
    return checkedOf(account, orderId, { watch, revision: ++revision });
  };
  let checkOrder: CheckOrder;
  beforeEach(() => {
    checkOrder = createRememberedChecks(inner, clock);
    received.length = 0;
    next = 'open';
    revision = 0;
  });
  const check = (orderId: string, more: Partial<CheckOrderRequest> = {}) =>
    checkOrder({ account: 'main', orderId, observedBy: 'get-order', requestId: 'r', deadline: 0, ...more });
  const knownRevisions = () => received.map((known) => known?.revision);

  it('the memory of a process for its checks holds the watch of an open order as the last check left it, for a call to the exchange', async () => {
    await check('A');
    await check('A');
    await check('A', { maxAgeMs: 0 });
    await check('A', { account: 'other' });
    expect(knownRevisions()).toEqual([undefined, 1, 2, undefined]);
  });

  it('the memory of a process for its checks serves no request that the table may serve, and is updated by such a request', async () => {
    await check('A');
    await check('A', { maxAgeMs: 1 });
    await check('A');
    expect(knownRevisions()).toEqual([undefined, undefined, 2]);
  });

  it('the memory of a process for its checks drops an order after a minute, when a check fails, and when its watch is not open', async () => {
    await check('A');
    clock.advance(59_999);
    await check('A');
    clock.advance(60_000);
    await check('A');
    next = new Error('no reply');
    await expect(check('A')).rejects.toThrow('no reply');
    next = 'stopped';
    await check('A');
    await check('A');
    expect(knownRevisions()).toEqual([undefined, 1, undefined, 3, undefined, undefined]);
  });

  it('the memory of a process for its checks holds the 1000 orders that were checked last', async () => {
    for (let i = 0; i < 1_000; i++) await check(`order-${i}`);
    await check('order-0');
    await check('order-1000');
    await check('order-1');
    await check('order-0');
    await check('order-3');
    expect(knownRevisions().slice(1_000)).toEqual([1, undefined, undefined, 1_001, 4]);
  });
});

function checkedOf(account: string, orderId: string, stored: StoredWatch): CheckResult {
  const order = { order_id: orderId, order_state: 'open', last_update_timestamp: 1, details: {} };
  return {
    ...{ account, order, rank: '', final: false, watched: true, source: 'exchange', changed: false, stored },
    ...{ firstObservedAt: 1, checkedAt: 1, ageMs: 0, exchangeTime: undefined, result: '{}' },
  };
}

describe('two processes', () => {
  let clock: VirtualClock;
  let testBed: TestBed;
  let table: Recorder;
  let output: CapturedOutput;
  let ours: CheckOrder;
  let others: CheckOrder;
  beforeAll(async () => {
    const virtual = createVirtualClock();
    clock = { ...virtual, now: () => Math.floor(virtual.now()) };
    testBed = await startTestBed({ now: clock.now });
    table = await startRecorder(testBed.engine.url);
  });
  afterAll(async () => {
    await table.stop();
    await testBed.stop();
  });
  beforeEach(() => {
    output = captureOutput();
    const deps = { ...testBed, clock, priority: 'interactive', logger: new Logger() } as const;
    ours = createOrderChecks({ ...deps, env: { ...testBed.env, AWS_ENDPOINT_URL_DYNAMODB: table.url } }).checkOrder;
    others = createOrderChecks(deps).checkOrder;
  });
  afterEach(async () => {
    output.release();
    testBed.orangex.clearScript();
    await testBed.resetRateLimits();
  });

  let requests = 0;
  const check = (checkOrder: CheckOrder, orderId: string, maxAgeMs?: number): Promise<CheckResult> => {
    clock.advance(1_000);
    const deadline = clock.now() + 10_000;
    const requestId = `request-${++requests}`;
    return checkOrder({ account: 'main', orderId, maxAgeMs, observedBy: 'get-order', requestId, deadline });
  };
  /** What our process sent to the table since the last call, but for permits. */
  const sent = () =>
    table
      .take()
      .map(({ target }) => String(target).replace(/^.*\./, ''))
      .filter((operation) => operation !== 'UpdateItem');

  it('a process that remembers an order while another process checks it writes once and reads nothing when nothing changed, and also reads nothing when something did', async () => {
    const id = testBed.orangex.place({ amount: '10' });
    const first = await check(ours, id);
    sent();
    expect(await check(ours, id)).toMatchObject({ changed: false, firstObservedAt: first.firstObservedAt });
    expect(sent()).toEqual(['PutItem']);
    testBed.orangex.partialFill(id, '2');
    expect(await check(ours, id)).toMatchObject({ changed: true, source: 'exchange' });
    expect(sent()).toEqual(['PutItem', 'PutItem', 'PutItem', 'PutItem']);
    expect(await check(ours, id)).toMatchObject({ changed: false, source: 'exchange' });
    expect(sent()).toEqual(['PutItem']);
  });

  it('a process that remembers an order while another process checks it reports what the other process has found since, and neither a change of its own nor an older state', async () => {
    const id = testBed.orangex.place({ amount: '10' });
    await check(ours, id);
    testBed.orangex.partialFill(id, '2');
    const found = await check(others, id);
    testBed.orangex.script(id, { kind: 'stale' });
    expect(await check(ours, id)).toMatchObject({ source: 'snapshot', changed: false, rank: found.rank });
    expect(await check(ours, id)).toMatchObject({ source: 'exchange', changed: false, rank: found.rank });
    expect(await testBed.historyOf(id)).toHaveLength(2);
  });

  it('a process that remembers an order while another process checks it serves max_age with what the other process has found since', async () => {
    const id = testBed.orangex.place({ amount: '10' });
    await check(ours, id);
    testBed.orangex.partialFill(id, '2');
    const found = await check(others, id);
    sent();
    expect(await check(ours, id, 60_000)).toMatchObject({ source: 'snapshot', rank: found.rank });
    expect(sent()).toEqual(['Query']);
  });

  it('a process that remembers an order while another process checks it notices that the other process stopped the watch', async () => {
    const id = testBed.orangex.place();
    await check(ours, id);
    const deps = { ...testBed.engine, policyOf: () => ({ minMs: 1, maxMs: 1 }) };
    const commands = { ...createDynamoTable(deps), ...createDynamoWatchCommandTable(deps) };
    const stop = { account: 'main', orderId: id, at: clock.now(), by: 'anna', stopped: true, requestId: 'stop' };
    await applyWatchCommand(commands, stop);
    expect(await check(ours, id)).toMatchObject({ source: 'exchange', watched: false, final: false });
  });

  it('a process that remembers an order while another process checks it returns the end that the other process saw, whether the exchange forgot the order or does not reply', async () => {
    for (const fault of [10_004, 11_051]) {
      const id = testBed.orangex.place();
      await check(ours, id);
      testBed.orangex.cancel(id);
      const end = await check(others, id);
      testBed.orangex.scriptAlways(id, { kind: 'error', code: fault });
      expect(await check(ours, id)).toMatchObject({ source: 'snapshot', final: true, rank: end.rank });
    }
  });

  it('a process that remembers an order while another process checks it reports the failure when the exchange does not reply, and the table has no end either', async () => {
    const id = testBed.orangex.place();
    await check(ours, id);
    testBed.orangex.scriptAlways(id, { kind: 'error', code: 11_051 });
    expect((await failureOf(check(ours, id))).code).toBe('maintenance');
  });
});
