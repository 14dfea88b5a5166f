import { expect, it } from 'vitest';
import { Failure } from '../../../lib/errors.ts';
import { confirmedAt } from '../../../lib/snapshots/watch.ts';
import { createEnvironment, startTime } from '../accounts/environment.ts';
import { account, createListedScene, failure, ids, open, rowOf } from './listed-scene.ts';

it('a list of open orders puts an unregistered order on watch, with its row as the first snapshot, and does not request that order individually', async () => {
  const scene = createListedScene();
  scene.place('a');
  await scene.run(3);
  expect(await scene.watchOf('a')).toMatchObject({ startedBy: 'list', listed: { present: true } });
  const { head } = scene.inspect('a');
  expect(head).toMatchObject({ result: rowOf('a', open).text, provenance: { observedBy: 'list' } });
  expect(scene.checks).toEqual([]);
});

it('a list of open orders ignores unregistered orders where discovery is off, and still covers registered ones', async () => {
  const scene = createListedScene({ discover: false });
  scene.place('a');
  scene.place('b');
  await scene.register('b');
  await scene.run(2);
  expect(await scene.watchOf('a')).toBeUndefined();
  expect(await scene.watchOf('b')).toMatchObject({ listed: { present: true } });
});

it('a list of open orders writes nothing for an order that has not changed, and only updates the account’s listed_at', async () => {
  const scene = createListedScene();
  for (const orderId of ids(20)) scene.place(orderId);
  scene.at(70_000, () => scene.writes.splice(0));
  await scene.run(10);
  expect(scene.writes).toEqual([]);
  const { listed } = await scene.accountTable.readAccount(account);
  expect(listed).toMatchObject({ at: startTime + (scene.lists.at(-1) ?? 0), orders: 20 });
  expect(scene.lists.length).toBeGreaterThan(60);
});

it('a list of open orders has each unchanged row read only once, whichever sweep of the process read it', async () => {
  const scene = createListedScene();
  for (const orderId of ids(20)) scene.place(orderId);
  scene.at(150_000, () => scene.fill('order-7', '2.50'));
  await scene.run(5);
  // A row that changed is read once more by the sweep that takes over within a minute.
  expect(scene.rowsRead.filter((rows) => rows > 0)).toEqual([20, 1, 1]);
  expect(scene.inspect('order-7').head).toMatchObject({ order: { filled_amount: '2.50' } });
});

it('changed states in a list of open orders are recorded', async () => {
  const scene = createListedScene();
  scene.place('a');
  scene.at(30_000, () => scene.fill('a', '2.50'));
  await scene.run(2);
  expect([...scene.inspect('a').snapshots.values()].map(({ order }) => order.filled_amount)).toEqual(['0', '2.50']);
  expect(scene.checks).toEqual([]);
});

it('a list of open orders confirms no order that the previous sweep found so late that the index may have hidden it from this sweep', async () => {
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

it('a list of open orders confirms an order that the previous sweep found late, once the list holds it', async () => {
  const scene = createListedScene();
  scene.at(45_000, () => scene.place('late'));
  await scene.run(3);
  const { listed } = await scene.accountTable.readAccount(account);
  const late = await scene.watchOf('late');
  expect(late && confirmedAt(late, listed)).toBe(listed?.at);
  expect(listed?.at).toBeGreaterThan(startTime + 150_000);
});

it('a list of open orders is requested every 5 s while orders change, and every 10 s when all rest', async () => {
  const scene = createListedScene();
  scene.place('a');
  await scene.run(6);
  const gaps = scene.lists.slice(1).map((at, i) => at - (scene.lists[i] ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(5_000);
  expect(Math.max(...gaps.slice(0, 10))).toBeLessThan(6_100);
  expect(Math.max(...gaps)).toBeLessThan(11_100);
  expect(gaps.slice(-5).every((gap) => gap >= 10_000)).toBe(true);
});

it('a list of open orders is requested at once after a list that a clock ahead of ours dated', async () => {
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

it('a list of open orders is requested once a tick for an account without orders', async () => {
  const scene = createListedScene();
  await scene.run(3);
  expect(scene.lists).toHaveLength(3);
});

/** A list holds up to 10 000; by default fewer, that take as long to be written. */
const newOrders = Number(process.env['ORDERS'] ?? 2_000);

it('accounts with thousands of new orders, a refused key, throttled lists or lists that time out do not delay the lists of another account', async () => {
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

it('an order that vanishes from the list is checked individually at once, and closed by its own reply', async () => {
  const scene = createListedScene();
  for (const orderId of ids(5)) scene.place(orderId);
  scene.at(30_000, () => scene.end('order-2'));
  await scene.run(1);
  expect(await scene.statusOf('order-2')).toBe('final');
  expect(scene.inspect('order-2').head?.provenance.observedBy).toBe('check-open-orders');
  expect(scene.checks.map(({ orderId }) => orderId)).toEqual(['order-2']);
  expect(scene.checks[0]?.at).toBeLessThan(37_000);
});

it('an order that vanishes from the list stays watched when its own reply says that it is open, and is covered again once a list holds it', async () => {
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

it('an order that no list ever held does not count as vanished, and is checked as without lists', async () => {
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

it('an order that vanishes from the list keeps listed_at where it was until the order is marked', async () => {
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

it('an implausible list of open orders is not believed when it is empty although orders are live, as a probe for each of three lists shows', async () => {
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

it('an implausible list of open orders leaves every order to individual checks until a list passes', async () => {
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

it('an implausible list of open orders is believed when many orders are missing and a probe has ended, too', async () => {
  const scene = createListedScene();
  for (const orderId of ids(30)) scene.place(orderId);
  scene.at(20_000, () => {
    for (const orderId of ids(30)) scene.end(orderId, 'canceled');
  });
  const [report] = await scene.run(1);
  expect(report).toMatchObject({ vanished: 30, final: 30, listUntrusted: false });
  for (const orderId of ids(30)) expect(await scene.statusOf(orderId)).toBe('final');
});

it('an implausible list of open orders proves no absence when an id in it cannot be read, and is not trusted after three such lists', async () => {
  const scene = createListedScene();
  for (const orderId of ids(3)) scene.place(orderId);
  const rows = [rowOf('order-1', open)];
  scene.onList((list) => (list >= 2 ? { kind: 'holds', rows, incomplete: true } : undefined));
  const [report] = await scene.run(1);
  expect(report).toMatchObject({ vanished: 0, listed: 1, listFailed: 3, listUntrusted: true });
  for (const orderId of ids(3)) expect(await scene.statusOf(orderId)).toBe('watched');
  expect((await scene.accountTable.readAccount(account)).listed?.at).toBe(startTime + (scene.lists[0] ?? 0));
});

it('an implausible list of open orders is not taken for empty when it fails: nothing vanishes, and the orders are checked individually in time', async () => {
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

it('an implausible list of open orders says nothing about a key that may check single orders but may not list', async () => {
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

it('an implausible list of open orders does not keep an order from its own check when the list times out for ever', async () => {
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

it('an implausible list of open orders is no reason to lose trust when the exchange is down for a while', async () => {
  const scene = createListedScene();
  for (const orderId of ids(3)) scene.place(orderId);
  scene.onList((list) => (list >= 3 && list <= 8 ? { kind: 'fails', failure: failure('unreachable') } : undefined));
  const reports = await scene.run(4);
  expect(reports.at(-1)).toMatchObject({ listUntrusted: false, vanished: 0, covered: 3 });
  const { listed } = await scene.accountTable.readAccount(account);
  expect(listed?.at).toBeGreaterThan(startTime + 180_000);
});
