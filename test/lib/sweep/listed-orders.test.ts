import { describe, expect, it } from 'vitest';
import { confirmedAt } from '../../../lib/snapshots/watch.ts';
import { startTime } from '../accounts/environment.ts';
import { account, createListedScene, failure, ids, open, rowOf } from './listed-scene.ts';

it('a row in a list of open orders that names a final state closes nothing, because only the order’s own reply may', async () => {
  const scene = createListedScene();
  scene.place('a');
  const lie = rowOf('a', { state: 'filled', updatedAt: startTime + 1, filled: '10' });
  scene.onList((list) => (list === 3 ? { kind: 'holds', rows: [lie] } : undefined));
  await scene.run(1);
  expect(await scene.statusOf('a')).toBe('watched');
  expect(scene.inspect('a').snapshots.size).toBe(1);
  expect(scene.checks.length).toBeGreaterThan(0);
});

it('a row in a list of open orders that cannot be read leaves its order to its own check, and the other orders to the list', async () => {
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

it('a row in a list of open orders that cannot be stored leaves its order to its own checks, and the other orders to the list', async () => {
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
] as const)(
  'a row in a list of open orders of a new order that %s counts as a failure, but does not fail the list',
  async (_, operation, code) => {
    const scene = createListedScene();
    scene.breakOrder('order-1', operation, code);
    for (const orderId of ids(3)) scene.place(orderId);
    const [report] = await scene.run(1);
    expect(report).toMatchObject({ discovered: 2, listFailed: 0, listUntrusted: false });
    expect(report).toHaveProperty(`failed.${code}`);
    expect(scene.inspect('order-1').stored?.watch.listed).toBeUndefined();
  },
);

it('a row in a list of open orders that cannot be read, of an unknown order, costs at most one call a minute', async () => {
  const scene = createListedScene();
  const broken = { orderId: 'stranger', text: '{"order_id":"stranger"}' };
  scene.place('a');
  scene.onList(() => ({ kind: 'holds', rows: [rowOf('a', open), broken] }));
  await scene.run(3);
  expect(scene.lists.length).toBeGreaterThan(20);
  expect(scene.checks.filter(({ orderId }) => orderId === 'stranger').length).toBeLessThanOrEqual(4);
});

it('a row in a list of open orders that is older than the known state changes nothing, and does not confirm its order', async () => {
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

it('a row in a list of open orders of an order that ended long ago does not reopen the order', async () => {
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

it('a row in a list of open orders of an order that ended causes one check after a minute, when the list is no longer just late', async () => {
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

describe('not found', () => {
  const ended = rowOf('a', { state: 'canceled', updatedAt: startTime + 25_000, filled: '3' });

  it('an order that the exchange no longer finds is closed by its row in a history, at once', async () => {
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

  it('an order that the exchange no longer finds stays missing while no history has it, and is searched for again after 1, 5 and 15 minutes', async () => {
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

  it('an order that the exchange no longer finds is not closed by a row of a history that names a live state', async () => {
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

it('an order that ended while its watch was stopped is confirmed by no list, and is checked as soon as its watch is started again', async () => {
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

describe('contradictions', () => {
  /** One list shows a state that no later reply has. */
  function contradicted() {
    const scene = createListedScene();
    scene.place('a');
    scene.place('b');
    const rows = [rowOf('a', { ...open, updatedAt: startTime + 8_000, filled: '1' }), rowOf('b', open)];
    scene.onList((list) => (list === 3 ? { kind: 'holds', rows } : undefined));
    scene.at(119_000, async () => expect(await scene.statusOf('a')).toBe('inconsistent'));
    return scene;
  }

  it('an order that contradicted itself before the exchange forgot it is searched for in the histories, and closed by a row that names its end', async () => {
    const scene = contradicted();
    const row = rowOf('a', { state: 'canceled', updatedAt: startTime + 110_000, filled: '1' });
    scene.at(120_000, () => scene.forget('a', row));
    await scene.run(5);
    expect(await scene.statusOf('a')).toBe('final');
    expect.assertions(2);
  });

  it('an order that contradicted itself before the exchange forgot it is not closed by a row from before its last seen state, and is searched for again', async () => {
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

it.each(['exchange_error', 'invalid_response'] as const)(
  'an order whose own checks fail permanently with %s is tried less and less often while lists fail, too',
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

it('an order whose own checks fail permanently because it is not found is tried less and less often, although lists hold it', async () => {
  const scene = createListedScene();
  for (const orderId of ids(3)) scene.place(orderId, dayAgo);
  scene.fail('order-1', 'order_not_found');
  // For so long that it is checked individually.
  const fails = () => (scene.lists.at(-1) ?? 0) < 720_000 && scene.lists.length > 3;
  scene.onList(() => (fails() ? { kind: 'fails', failure: failure('invalid_response') } : undefined));
  await scene.run(40);
  const checks = scene.checks.filter(({ orderId }) => orderId === 'order-1').length;
  expect(checks).toBeGreaterThan(0);
  // Six while the waits double up to ten minutes, then one in ten minutes.
  expect(checks).toBeLessThanOrEqual(10);
});

it('an order whose own checks fail permanently does not keep a list without it and others from being believed, and the others are closed at once', async () => {
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

it('a trailing stop whose trigger price alone moves stays covered, and its end is seen as soon as that of any other order', async () => {
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
