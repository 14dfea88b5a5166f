import { beforeEach, expect, it } from 'vitest';
import type { SweepSummary } from '../../../lib/accounts/table.ts';
import { type ChangeWatch, createChangeWatch } from '../../../lib/orders/change-watch.ts';
import { createSnapshotStore, type SnapshotStore } from '../../../lib/snapshots/store.ts';
import { createMemoryAccountTable } from '../accounts/memory-table.ts';
import { createMemoryTable, type MemoryTable } from '../snapshots/memory-table.ts';
import { observationOf, opened, type ReplyFields, start } from '../snapshots/observations.ts';
import { failureOf } from '../thrown.ts';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts';

const key = { account: 'main', orderId: 'ORDER-1' };
const by = 'arn:aws:iam::123456789012:user/desk';

let clock: VirtualClock;
let table: MemoryTable;
let store: SnapshotStore;
let accountTable: ReturnType<typeof createMemoryAccountTable>;
let changeWatch: ChangeWatch;
beforeEach(() => {
  clock = createVirtualClock(start + 20_000);
  table = createMemoryTable(() => ({ minMs: 10_000, maxMs: 600_000 }));
  store = createSnapshotStore(table);
  accountTable = createMemoryAccountTable();
  changeWatch = createChangeWatch({ accounts: new Set(['main', 'other']), table, requests: accountTable, clock });
});

let requests = 0;
/** A second after whatever was before. */
function sendCommand(watch: boolean, orderId = key.orderId, account = 'main') {
  clock.advance(1_000);
  return changeWatch({ account, orderId, by, requestId: `command-${++requests}`, watch });
}

/** What a sweep of the account leaves as it ends. */
async function leave(overCapacity: boolean): Promise<void> {
  const summary: SweepSummary = {
    at: clock.now(),
    open: 1,
    covered: 0,
    missing: 0,
    unknown: 0,
    inconsistent: 0,
    overCapacity,
    breaker: { phase: 'closed' },
  };
  await accountTable.takeLease('main', { owner: 'a sweep', now: clock.now(), until: clock.now() + 15_000 });
  await accountTable.releaseLease('main', 'a sweep', { summary });
}

function recordReply(members: Partial<ReplyFields>) {
  const requestedAfter = clock.now() - start - 10_000;
  return store.record(observationOf(key, { ...opened, requestedAfter, ...members }));
}

it('starting a watch of an order that was never seen leaves it unconfirmed and due', async () => {
  expect(await sendCommand(true)).toEqual({ watched: true, status: 'unconfirmed', overCapacity: false });
  const due = await table.list('main', 'live', clock.now(), 10);
  expect(due).toMatchObject([{ orderId: 'ORDER-1', status: 'unconfirmed', at: clock.now() }]);
});

it('starting a watch of a final order only records the command', async () => {
  await recordReply({ state: 'filled', updatedAfter: 1 });
  expect(await sendCommand(true)).toMatchObject({ watched: false, status: 'final' });
  expect([...table.inspect(key).commands.values()]).toMatchObject([{ by, stopped: false }]);
});

it('starting a watch of a missing order leaves it missing', async () => {
  await recordReply({});
  clock.advance(1_000);
  await store.recordNotFound({ ...key, requestedAt: clock.now(), requestId: 'm', observedBy: 'check-open-orders' });
  expect(await sendCommand(true)).toMatchObject({ watched: true, status: 'missing' });
});

it('starting a watch reports when the account’s last sweep found more orders on watch than can be checked in time', async () => {
  expect(await sendCommand(true)).toMatchObject({ overCapacity: false });
  await leave(true);
  expect(await sendCommand(true, 'ORDER-2')).toMatchObject({ watched: true, overCapacity: true });
  expect(await sendCommand(true, 'ORDER-2', 'other')).toMatchObject({ overCapacity: false });
  // Still over capacity, but that matters only to callers that start a watch.
  expect(await sendCommand(false, 'ORDER-2')).toMatchObject({ overCapacity: false });
  await leave(false);
  expect(await sendCommand(true, 'ORDER-3')).toMatchObject({ overCapacity: false });
});

it('stopping a watch has effect despite every later reply, until a command starts the watch again', async () => {
  await recordReply({});
  expect(await sendCommand(false)).toMatchObject({ watched: false, status: 'stopped' });
  clock.advance(60_000);
  await recordReply({ updatedAfter: 5_000, version: 2 });
  expect(await sendCommand(false)).toMatchObject({ status: 'stopped' });
  expect(await table.list('main', 'live', clock.now() + 1e9, 10)).toEqual([]);
  expect(await sendCommand(true)).toMatchObject({ watched: true, status: 'watched' });
  expect(await table.list('main', 'live', clock.now() + 1e9, 10)).toMatchObject([{ orderId: 'ORDER-1' }]);
});

it('stopping a watch of an order that was never seen keeps it off the lists', async () => {
  expect(await sendCommand(false)).toEqual({ watched: false, status: 'stopped', overCapacity: false });
  expect(await table.list('main', 'live', clock.now() + 1e9, 10)).toEqual([]);
});

it('stopping a watch records every command, with its caller and time', async () => {
  await sendCommand(true);
  await sendCommand(false);
  const at = clock.now();
  expect([...table.inspect(key).commands.values()]).toEqual([
    { ...key, at: at - 1_000, by, stopped: false, requestId: `command-${requests - 1}` },
    { ...key, at, by, stopped: true, requestId: `command-${requests}` },
  ]);
});

it.each([true, false])(
  'a watch command (%s) for an account that the stage does not have is refused, and not recorded',
  async (command) => {
    const { code, message } = await failureOf(sendCommand(command, 'ORDER-1', 'nobody'));
    expect(code).toBe('unknown_account');
    expect(message).toBe('This stage has no account nobody; its accounts are in the stage table.');
    expect(table.inspect({ account: 'nobody', orderId: 'ORDER-1' }).commands.size).toBe(0);
  },
);
