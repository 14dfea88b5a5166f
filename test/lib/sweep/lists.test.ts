import { describe, expect, it } from 'vitest';
import { Failure } from '../../../lib/errors.ts';
import { confirmedAt } from '../../../lib/snapshots/watch.ts';
import { createEnvironment, startTime } from '../accounts/environment.ts';
import { account, createListedScene, rowOf } from './listed-sweeping.ts';

const failure = (code: 'unreachable' | 'timeout' | 'forbidden' | 'invalid_response') =>
  new Failure(code, 'for the test');
const open = { state: 'open', updatedAt: startTime, filled: '0' };
const ids = (count: number) => Array.from({ length: count }, (_, i) => `order-${i + 1}`);

describe('a list of open orders', () => {
  it('puts an order on watch that nobody registered, with its row as the first snapshot, and does not request it by itself', async () => {
    const scene = createListedScene();
    scene.place('a');
    await scene.run(3);
    expect(await scene.watchOf('a')).toMatchObject({ startedBy: 'list', listed: { present: true } });
    const { head } = scene.inspect('a');
    expect(head).toMatchObject({ result: rowOf('a', open).text, provenance: { observedBy: 'list' } });
    expect(scene.checks).toEqual([]);
  });

  it('leaves alone what nobody registered where discovery is off, and still covers what somebody did', async () => {
    const scene = createListedScene({ discover: false });
    scene.place('a');
    scene.place('b');
    await scene.register('b');
    await scene.run(2);
    expect(await scene.watchOf('a')).toBeUndefined();
    expect(await scene.watchOf('b')).toMatchObject({ listed: { present: true } });
  });

  it('writes nothing for an order that has not changed: only the account’s listed_at moves', async () => {
    const scene = createListedScene();
    for (const orderId of ids(20)) scene.place(orderId);
    scene.at(70_000, () => scene.writes.splice(0));
    await scene.run(10);
    expect(scene.writes).toEqual([]);
    const { listed } = await scene.accountTable.readAccount(account);
    expect(listed).toMatchObject({ at: startTime + (scene.lists.at(-1) ?? 0), orders: 20 });
    expect(scene.lists.length).toBeGreaterThan(60);
  });

  it('reads no row again that did not change, whichever sweep of the process read it', async () => {
    const scene = createListedScene();
    for (const orderId of ids(20)) scene.place(orderId);
    scene.at(150_000, () => scene.fill('order-7', '2.50'));
    await scene.run(5);
    // A row that changed is read once more by the sweep that takes over within a minute.
    expect(scene.rowsRead.filter((rows) => rows > 0)).toEqual([20, 1, 1]);
    expect(scene.inspect('order-7').head).toMatchObject({ order: { filled_amount: '2.50' } });
  });

  it('records what it shows changed', async () => {
    const scene = createListedScene();
    scene.place('a');
    scene.at(30_000, () => scene.fill('a', '2.50'));
    await scene.run(2);
    expect([...scene.inspect('a').snapshots.values()].map(({ order }) => order.filled_amount)).toEqual(['0', '2.50']);
    expect(scene.checks).toEqual([]);
  });

  it('confirms no order that the sweep before it found so late that the index may not have shown it to this one', async () => {
    const scene = createListedScene();
    scene.place('resting');
    scene.at(45_000, () => scene.place('late'));
    scene.at(57_000, () => scene.end('late'));
    scene.hideFromIndex((orderId) => orderId === 'late');
    scene.at(119_000, async () => {
      const { listed } = await scene.accountTable.readAccount(account);
      const [late, resting] = await Promise.all([scene.watchOf('late'), scene.watchOf('resting')]);
      scene.hideFromIndex(() => false);
      expect(listed?.at).toBeGreaterThan(startTime + 100_000);
      expect(late && confirmedAt(late, listed)).toBeLessThan(startTime + 57_000);
      expect(resting && confirmedAt(resting, listed)).toBe(listed?.at);
    });
    await scene.run(4);
    expect(await scene.statusOf('late')).toBe('final');
    expect.assertions(4);
  });

  it('confirms what the sweep before it found late, once it holds it', async () => {
    const scene = createListedScene();
    scene.at(45_000, () => scene.place('late'));
    await scene.run(3);
    const { listed } = await scene.accountTable.readAccount(account);
    const late = await scene.watchOf('late');
    expect(late && confirmedAt(late, listed)).toBe(listed?.at);
    expect(listed?.at).toBeGreaterThan(startTime + 150_000);
  });

  it('comes every 5 s while orders change, and every 10 s when all rest', async () => {
    const scene = createListedScene();
    scene.place('a');
    await scene.run(6);
    const gaps = scene.lists.slice(1).map((at, i) => at - (scene.lists[i] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(5_000);
    expect(Math.max(...gaps.slice(0, 10))).toBeLessThan(6_100);
    expect(Math.max(...gaps)).toBeLessThan(11_100);
    expect(gaps.slice(-5).every((gap) => gap >= 10_000)).toBe(true);
  });

  it('comes at once after one that a clock ahead of ours dated', async () => {
    const scene = createListedScene();
    scene.place('a');
    const listed = { at: startTime + 300_000, orders: 1, ordersReadAt: startTime };
    await scene.accountTable.takeLease(account, { owner: 'ahead', until: startTime, now: startTime });
    await scene.accountTable.releaseLease(account, 'ahead', { listed });
    await scene.run(2);
    expect(scene.lists[0]).toBeLessThan(6_000);
    const { listed: latest } = await scene.accountTable.readAccount(account);
    expect(latest?.at).toBe(startTime + (scene.lists.at(-1) ?? 0));
  });

  it('comes once a tick for an account without orders', async () => {
    const scene = createListedScene();
    await scene.run(3);
    expect(scene.lists).toHaveLength(3);
  });
});

/** A list holds up to 10 000; by default fewer, that take as long to be written. */
const newOrders = Number(process.env['ORDERS'] ?? 2_000);

it('accounts with thousands of new orders, a refused key, throttled lists or lists that time out delay no list of another', async () => {
  const environment = createEnvironment();
  const large = createListedScene({ environment, writeMs: 50_000 / newOrders });
  const small = createListedScene({ environment });
  const troubled = (['key_refused', 'throttled', 'timeout'] as const).map((code) => {
    const scene = createListedScene({ environment });
    scene.place('order-1');
    scene.onList(() => ({ kind: 'fails', failure: new Failure(code, 'for the test') }));
    return scene;
  });
  for (const orderId of ids(newOrders)) large.place(orderId);
  for (const orderId of ids(3)) small.place(orderId);
  for (let second = 10; second < 60; second += 10) small.at(second * 1_000, () => small.fill('order-1', `0.${second}`));
  await Promise.all([...troubled, large, small].map((scene) => scene.run(1)));
  for (const { lists } of troubled) expect(lists.length).toBeGreaterThan(0);
  const gaps = small.lists.slice(1).map((at, i) => at - (small.lists[i] ?? 0));
  expect(Math.max(...gaps)).toBeLessThan(6_100);
  expect(small.lists.length).toBeGreaterThan(10);
  expect((await large.accountTable.readAccount(account)).listed?.orders).toBe(newOrders);
});

describe('an order that vanishes from the list', () => {
  it('is checked by itself at once, and closed by its own answer', async () => {
    const scene = createListedScene();
    for (const orderId of ids(5)) scene.place(orderId);
    scene.at(30_000, () => scene.end('order-2'));
    await scene.run(1);
    expect(await scene.statusOf('order-2')).toBe('final');
    expect(scene.inspect('order-2').head?.provenance.observedBy).toBe('check-open-orders');
    expect(scene.checks.map(({ orderId }) => orderId)).toEqual(['order-2']);
    expect(scene.checks[0]?.at).toBeLessThan(37_000);
  });

  it('stays watched when its own answer says that it is open, and is covered again once a list holds it', async () => {
    const scene = createListedScene();
    for (const orderId of ids(5)) scene.place(orderId);
    const rows = ids(5).map((orderId) => rowOf(orderId, open));
    scene.onList((list) => (list === 4 ? { kind: 'holds', rows: rows.slice(1) } : undefined));
    const [report] = await scene.run(1);
    expect(report).toMatchObject({ vanished: 1, listUntrusted: false, final: 0 });
    expect(new Set(scene.checks.map(({ orderId }) => orderId))).toEqual(new Set(['order-1']));
    expect(scene.checks.length).toBeLessThanOrEqual(3);
    expect(await scene.watchOf('order-1')).toMatchObject({ listed: { present: true } });
  });

  it('is not concluded from for an order that no list ever held: that one is checked as without lists', async () => {
    const scene = createListedScene();
    scene.place('a');
    scene.place('copied');
    scene.hide('copied');
    await scene.register('copied');
    const [report] = await scene.run(1);
    expect(report).toMatchObject({ vanished: 0 });
    expect(scene.checks.every(({ orderId }) => orderId === 'copied')).toBe(true);
    expect(scene.checks.length).toBeGreaterThan(2);
    expect((await scene.watchOf('copied'))?.listed).toBeUndefined();
  });

  it('keeps listed_at where it was until it is marked', async () => {
    const scene = createListedScene();
    for (const orderId of ids(5)) scene.place(orderId);
    scene.at(30_000, () => {
      scene.end('order-3');
      scene.failTable((orderId) => orderId === 'order-3');
    });
    await scene.run(2);
    const { listed } = await scene.accountTable.readAccount(account);
    expect(listed?.at).toBeLessThan(startTime + 30_000);
    expect(await scene.watchOf('order-3')).toMatchObject({ listed: { present: true } });
  });
});

describe('a list that cannot be right', () => {
  it('is not believed when it is empty although orders are live, as a probe for each of three lists shows', async () => {
    const scene = createListedScene();
    for (const orderId of ids(4)) scene.place(orderId);
    scene.onList((list) => (list >= 3 && list <= 7 ? { kind: 'holds', rows: [] } : undefined));
    const reports = await scene.run(9);
    expect(reports[0]).toMatchObject({ vanished: 0, listUntrusted: true, discovered: 4 });
    for (const orderId of ids(4)) expect(await scene.statusOf(orderId)).toBe('watched');
    // Again after 1, 2 and 4 minutes, and then as usual.
    const third = scene.lists[4] ?? 0;
    const waits = scene.lists.slice(5, 8).map((at) => Math.round((at - third) / 60_000));
    expect(waits).toEqual([1, 3, 7]);
    expect(reports.at(-1)).toMatchObject({ listUntrusted: false });
    expect((await scene.accountTable.readAccount(account)).listTrust).toMatchObject({ trusted: true, failures: 0 });
  });

  it('leaves every order to be checked by itself until a list passes', async () => {
    const scene = createListedScene();
    for (const orderId of ids(3)) scene.place(orderId);
    scene.onList((list) => (list >= 3 ? { kind: 'holds', rows: [] } : undefined));
    scene.at(100_000, () => scene.end('order-2'));
    await scene.run(4);
    expect(await scene.statusOf('order-2')).toBe('final');
    expect(new Set(scene.checks.map(({ orderId }) => orderId))).toEqual(new Set(ids(3)));
    const { listTrust } = await scene.accountTable.readAccount(account);
    expect(listTrust).toMatchObject({ trusted: false, reason: 'contradicted' });
  });

  it('is believed when many orders are missing and the probe has ended, too', async () => {
    const scene = createListedScene();
    for (const orderId of ids(30)) scene.place(orderId);
    scene.at(20_000, () => {
      for (const orderId of ids(30)) scene.end(orderId, 'canceled');
    });
    const [report] = await scene.run(1);
    expect(report).toMatchObject({ vanished: 30, final: 30, listUntrusted: false });
    for (const orderId of ids(30)) expect(await scene.statusOf(orderId)).toBe('final');
  });

  it('permits no conclusion when an id in it cannot be read, and is not relied on after three of them', async () => {
    const scene = createListedScene();
    for (const orderId of ids(3)) scene.place(orderId);
    const rows = [rowOf('order-1', open)];
    scene.onList((list) => (list >= 2 ? { kind: 'holds', rows, incomplete: true } : undefined));
    const [report] = await scene.run(1);
    expect(report).toMatchObject({ vanished: 0, listed: 1, listFailed: 3, listUntrusted: true });
    for (const orderId of ids(3)) expect(await scene.statusOf(orderId)).toBe('watched');
    expect((await scene.accountTable.readAccount(account)).listed?.at).toBe(startTime + (scene.lists[0] ?? 0));
  });

  it('is no empty one when it fails: nothing vanishes, and the orders are checked by themselves in time', async () => {
    const scene = createListedScene();
    for (const orderId of ids(3)) scene.place(orderId);
    scene.onList((list) => (list >= 2 ? { kind: 'fails', failure: failure('invalid_response') } : undefined));
    const reports = await scene.run(5);
    expect(reports[0]).toMatchObject({ vanished: 0, listed: 1, listUntrusted: true });
    for (const orderId of ids(3)) {
      expect(await scene.statusOf(orderId)).toBe('watched');
      expect(scene.checks.filter((check) => check.orderId === orderId).length).toBeGreaterThan(2);
    }
  });

  it('says nothing about the key that checks single orders when that key may not list', async () => {
    const scene = createListedScene();
    scene.place('a');
    await scene.register('a');
    scene.onList(() => ({ kind: 'fails', failure: failure('forbidden') }));
    const reports = await scene.run(3);
    expect(scene.checks.length).toBeGreaterThan(5);
    expect(await scene.statusOf('a')).toBe('watched');
    const { summary, listTrust } = await scene.accountTable.readAccount(account);
    expect(summary?.breaker).toEqual({ phase: 'closed', reason: undefined, since: undefined });
    expect(listTrust).toMatchObject({ trusted: false, reason: 'forbidden' });
    expect(reports[0]).toMatchObject({ failed: { forbidden: 3 } });
  });

  it('keeps no order from its own check when it times out for ever', async () => {
    const scene = createListedScene();
    for (const orderId of ids(3)) scene.place(orderId);
    scene.onList((list) => (list >= 3 ? { kind: 'fails', failure: failure('timeout') } : undefined));
    scene.at(90_000, () => scene.end('order-2'));
    await scene.run(5);
    expect(await scene.statusOf('order-2')).toBe('final');
    for (const orderId of ['order-1', 'order-3']) {
      expect(scene.checks.filter((check) => check.orderId === orderId).length).toBeGreaterThan(2);
    }
  });

  it('is no reason to stop when the exchange is away for a while', async () => {
    const scene = createListedScene();
    for (const orderId of ids(3)) scene.place(orderId);
    scene.onList((list) => (list >= 3 && list <= 8 ? { kind: 'fails', failure: failure('unreachable') } : undefined));
    const reports = await scene.run(4);
    expect(reports.at(-1)).toMatchObject({ listUntrusted: false, vanished: 0, covered: 3 });
    const { listed } = await scene.accountTable.readAccount(account);
    expect(listed?.at).toBeGreaterThan(startTime + 180_000);
  });
});

describe('a row of a list', () => {
  it('that names a final state closes nothing: the order’s own answer has to', async () => {
    const scene = createListedScene();
    scene.place('a');
    const lie = rowOf('a', { state: 'filled', updatedAt: startTime + 1, filled: '10' });
    scene.onList((list) => (list === 3 ? { kind: 'holds', rows: [lie] } : undefined));
    await scene.run(1);
    expect(await scene.statusOf('a')).toBe('watched');
    expect(scene.inspect('a').snapshots.size).toBe(1);
    expect(scene.checks.length).toBeGreaterThan(0);
  });

  it('that cannot be read leaves its order to a check of its own, and the others to the list', async () => {
    const scene = createListedScene();
    for (const orderId of ids(3)) scene.place(orderId);
    const broken = { orderId: 'order-1', text: '{"order_id":"order-1"}' };
    const rows = [
      broken,
      ...ids(3)
        .slice(1)
        .map((orderId) => rowOf(orderId, open)),
    ];
    scene.onList((list) => (list >= 3 ? { kind: 'holds', rows } : undefined));
    await scene.run(2);
    expect(new Set(scene.checks.map(({ orderId }) => orderId))).toEqual(new Set(['order-1']));
    expect((await scene.accountTable.readAccount(account)).listed?.at).toBeGreaterThan(startTime + 90_000);
  });

  it('that cannot be stored leaves its order to checks of its own, and the others to the list', async () => {
    const scene = createListedScene();
    for (const orderId of ids(3)) scene.place(orderId);
    scene.at(30_000, () => scene.breakOrder('order-1', 'putSnapshot', 'invalid_response'));
    scene.at(31_000, () => scene.fill('order-1', '2.50'));
    scene.at(70_000, () => scene.fill('order-2', '2.50'));
    const reports = await scene.run(5);
    expect(reports.at(-1)).toMatchObject({ listFailed: 0, listUntrusted: false });
    expect((await scene.accountTable.readAccount(account)).listed?.at).toBeGreaterThan(startTime + 280_000);
    expect(scene.inspect('order-1').stored?.watch).toMatchObject({ listed: { present: false } });
    expect(scene.inspect('order-2').head).toMatchObject({ order: { filled_amount: '2.50' } });
    expect(new Set(scene.checks.map(({ orderId }) => orderId))).toEqual(new Set(['order-1']));
    expect(scene.checks.length).toBeLessThan(20);
  });

  it.each([
    ['cannot be stored', 'putSnapshot', 'invalid_response'],
    ['has an unreadable item', 'readCurrent', 'store_corrupt'],
  ] as const)('of a new order that %s counts as a failure and costs no list', async (_, operation, code) => {
    const scene = createListedScene();
    scene.breakOrder('order-1', operation, code);
    for (const orderId of ids(3)) scene.place(orderId);
    const [report] = await scene.run(1);
    expect(report).toMatchObject({ discovered: 2, listFailed: 0, listUntrusted: false });
    expect(report).toHaveProperty(`failed.${code}`);
    expect(scene.inspect('order-1').stored?.watch.listed).toBeUndefined();
  });

  it('that cannot be read, of an order that nobody knows, costs a call a minute at the most', async () => {
    const scene = createListedScene();
    const broken = { orderId: 'stranger', text: '{"order_id":"stranger"}' };
    scene.place('a');
    scene.onList(() => ({ kind: 'holds', rows: [rowOf('a', open), broken] }));
    await scene.run(3);
    expect(scene.lists.length).toBeGreaterThan(20);
    expect(scene.checks.filter(({ orderId }) => orderId === 'stranger').length).toBeLessThanOrEqual(4);
  });

  it('that is older than what is known changes nothing, and confirms nothing of its order', async () => {
    const scene = createListedScene();
    scene.place('a');
    scene.at(20_000, () => scene.fill('a', '5'));
    const rows = [rowOf('a', open)];
    scene.onList((list) => (list >= 7 ? { kind: 'holds', rows } : undefined));
    await scene.run(1);
    expect(scene.inspect('a').head?.order.filled_amount).toBe('5');
    expect(await scene.watchOf('a')).toMatchObject({ listed: { present: false } });
    expect(scene.checks.length).toBeGreaterThan(0);
  });

  it('of an order that ended long ago is no reason to reopen it', async () => {
    const scene = createListedScene();
    scene.place('a');
    scene.place('b');
    scene.at(20_000, () => scene.end('a'));
    const rows = [rowOf('a', open), rowOf('b', open)];
    scene.onList((list) => (list >= 8 ? { kind: 'holds', rows } : undefined));
    await scene.run(4);
    expect(await scene.statusOf('a')).toBe('final');
    // One check, once the list is too late for it to be just late.
    expect(scene.checks.filter(({ orderId }) => orderId === 'a').length).toBeLessThanOrEqual(4);
  });

  it('of an order that ended is looked at again by each sweep: after a minute the list is no longer just late', async () => {
    const scene = createListedScene();
    scene.place('a');
    scene.place('b');
    scene.at(20_000, () => scene.end('a'));
    const rows = [rowOf('a', open), rowOf('b', open)];
    scene.onList((list) => (list >= 6 ? { kind: 'holds', rows } : undefined));
    await scene.run(3);
    const late = scene.checks.filter(({ orderId, at }) => orderId === 'a' && at > 80_000);
    expect(late).toHaveLength(1);
  });
});

describe('an order that the exchange no longer knows', () => {
  const ended = rowOf('a', { state: 'canceled', updatedAt: startTime + 25_000, filled: '3' });

  it('is closed by its row in a history, at once', async () => {
    const scene = createListedScene();
    scene.place('a');
    scene.place('b');
    scene.at(30_000, () => scene.forget('a', ended));
    const [report] = await scene.run(1);
    expect(await scene.statusOf('a')).toBe('final');
    expect(scene.inspect('a').head).toMatchObject({ result: ended.text, provenance: { observedBy: 'history' } });
    expect(report).toMatchObject({ found: 1, missing: 0 });
    const [lookup] = scene.inspect('a').lookups.values();
    expect(lookup?.attempts).toEqual([{ source: 'order_history', outcome: 'found', rows: 1, code: undefined }]);
  });

  it('stays missing while no history has it, and is looked up again after 1, 5 and 15 minutes', async () => {
    const scene = createListedScene();
    scene.place('a');
    scene.place('b');
    scene.at(30_000, () => scene.forget('a'));
    scene.at(9 * 60_000, () => scene.addToHistory(ended));
    await scene.run(20);
    const minutes = scene.lookups.map((at) => (at - (scene.lookups[0] ?? 0)) / 60_000);
    expect(minutes.length).toBe(4);
    expect(minutes[1]).toBeGreaterThanOrEqual(1);
    expect(minutes[1]).toBeLessThan(2.5);
    expect(minutes[2]).toBeGreaterThanOrEqual(5);
    expect(minutes[2]).toBeLessThan(7);
    expect(minutes[3]).toBeGreaterThanOrEqual(15);
    expect(await scene.statusOf('a')).toBe('final');
  });

  it('is not closed by a row of the history that names a live state', async () => {
    const scene = createListedScene();
    scene.place('a');
    scene.place('b');
    scene.at(30_000, () => scene.forget('a', rowOf('a', { ...open, updatedAt: startTime + 25_000 })));
    const [report] = await scene.run(1);
    expect(await scene.statusOf('a')).toBe('missing');
    expect(report).toMatchObject({ found: 0, missing: 1 });
    expect(scene.inspect('a').snapshots.size).toBe(1);
  });
});

/** Orders that have rested for so long that single checks are rare. */
const dayAgo = startTime - 86_400_000;

it('no list confirms an order that ended while its watch was stopped: it is checked as soon as the watch is started again', async () => {
  const scene = createListedScene();
  scene.place('resting', dayAgo);
  scene.place('stopped', dayAgo);
  scene.at(30_000, () => scene.command('stopped', true));
  scene.at(200_000, () => scene.end('stopped'));
  scene.at(304_000, () => scene.command('stopped', false));
  for (let second = 305; second < 330; second += 5) {
    scene.at(second * 1_000, async () => {
      const { listed } = await scene.accountTable.readAccount(account);
      const watch = await scene.watchOf('stopped');
      expect(watch && confirmedAt(watch, listed)).not.toBe(listed?.at);
    });
  }
  scene.at(320_000, async () => expect(await scene.statusOf('stopped')).toBe('final'));
  await scene.run(7);
  expect.assertions(6);
});

describe('an order that contradicted itself before the exchange forgot it', () => {
  /** One list shows a state that no later answer knows. */
  function contradicted() {
    const scene = createListedScene();
    scene.place('a');
    scene.place('b');
    const rows = [rowOf('a', { ...open, updatedAt: startTime + 8_000, filled: '1' }), rowOf('b', open)];
    scene.onList((list) => (list === 3 ? { kind: 'holds', rows } : undefined));
    scene.at(119_000, async () => expect(await scene.statusOf('a')).toBe('inconsistent'));
    return scene;
  }

  it('is looked up in the histories, and closed by a row that names its end', async () => {
    const scene = contradicted();
    const row = rowOf('a', { state: 'canceled', updatedAt: startTime + 110_000, filled: '1' });
    scene.at(120_000, () => scene.forget('a', row));
    await scene.run(5);
    expect(await scene.statusOf('a')).toBe('final');
    expect.assertions(2);
  });

  it('is not closed by a row from before the state that was seen last, and is looked up again', async () => {
    const scene = contradicted();
    const row = rowOf('a', { state: 'canceled', updatedAt: startTime + 4_000, filled: '0' });
    scene.at(120_000, () => scene.forget('a', row));
    await scene.run(30);
    expect(await scene.statusOf('a')).not.toBe('final');
    // After 0, 1, 5 and 15 minutes.
    expect(scene.lookups).toHaveLength(4);
    expect(scene.checks.filter(({ orderId, at }) => orderId === 'a' && at > 120_000).length).toBeLessThan(16);
    expect.assertions(4);
  });
});

describe('an order whose own checks fail for ever', () => {
  it.each(['exchange_error', 'invalid_response'] as const)(
    'with %s is tried ever more rarely while lists fail, too',
    async (code) => {
      const scene = createListedScene();
      for (const orderId of ids(3)) scene.place(orderId, dayAgo);
      scene.fail('order-1', code);
      scene.onList((list) => (list > 3 ? { kind: 'fails', failure: failure('invalid_response') } : undefined));
      await scene.run(20);
      // Without a list for half a minute: at 0, 10, 30, 70, 150, 310, 630 seconds from then.
      expect(scene.checks.filter(({ orderId }) => orderId === 'order-1').length).toBeLessThanOrEqual(7);
    },
  );

  it('because it is not found is tried ever more rarely, although lists hold it', async () => {
    const scene = createListedScene();
    for (const orderId of ids(3)) scene.place(orderId, dayAgo);
    scene.fail('order-1', 'order_not_found');
    // For so long that it is checked by itself.
    const fails = () => (scene.lists.at(-1) ?? 0) < 720_000 && scene.lists.length > 3;
    scene.onList(() => (fails() ? { kind: 'fails', failure: failure('invalid_response') } : undefined));
    await scene.run(40);
    const checks = scene.checks.filter(({ orderId }) => orderId === 'order-1').length;
    expect(checks).toBeGreaterThan(0);
    // Six while the waits double up to ten minutes, then one in ten minutes.
    expect(checks).toBeLessThanOrEqual(10);
  });

  it('keeps no list from being believed that lacks it and others: they are closed at once', async () => {
    const scene = createListedScene();
    for (const orderId of ids(10)) scene.place(orderId, orderId === 'order-1' ? dayAgo - 1_000 : dayAgo);
    scene.fail('order-1', 'exchange_error');
    scene.at(90_000, () => {
      for (const orderId of ids(10)) scene.end(orderId);
    });
    scene.at(110_000, async () => {
      const statuses = await Promise.all(ids(10).map((orderId) => scene.statusOf(orderId)));
      expect(statuses.slice(1)).toEqual(Array(9).fill('final'));
    });
    await scene.run(10);
    expect(await scene.statusOf('order-1')).toBe('watched');
    expect(scene.checks.filter(({ orderId }) => orderId === 'order-1').length).toBeLessThanOrEqual(7);
    expect.assertions(3);
  });
});

it('a trailing stop whose trigger price alone moves stays covered: its end is seen as soon as that of any other', async () => {
  const scene = createListedScene();
  scene.place('trailing', dayAgo);
  scene.place('resting', dayAgo);
  for (let second = 1; second < 600; second += 4) {
    scene.at(second * 1_000, () => scene.trail('trailing', String(50_000 + ((second * 7_919) % 1_000))));
  }
  scene.at(610_000, () => scene.writes.splice(0));
  scene.at(700_000, () => {
    expect(scene.writes).toEqual([]);
    scene.end('trailing');
  });
  scene.at(712_000, async () => expect(await scene.statusOf('trailing')).toBe('final'));
  await scene.run(13);
  expect.assertions(2);
});
