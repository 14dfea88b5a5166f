import { describe, expect, it } from 'vitest';
import { dialects } from '../../../lib/exchange/dialects/index.ts';
import { orangex } from '../../../lib/exchange/dialects/orangex.ts';
import { createDynamoTable } from '../../../lib/snapshots/dynamo-table.ts';
import { orderIn, snapshotOf } from '../../../lib/snapshots/snapshot.ts';
import { join } from '../../../lib/snapshots/watch.ts';
import type { Fault } from '../../emulator/exchange/faults.ts';
import { writeOrder } from '../../emulator/exchange/wire.ts';
import { testBed } from '../test-bed-for-file.ts';
import { failureOf } from '../thrown.ts';
import { always, check, clock, createCheckOrderForEachTest, requests, statusOf } from './order-checks.ts';

createCheckOrderForEachTest();

it('an order that the exchange does not find and that was never seen is reported as not found, and not watched, because its id may be a typo', async () => {
  for (const more of [{}, always]) {
    const failure = await failureOf(check('never-seen', more));
    expect(failure).toMatchObject({ code: 'order_not_found', exchangeCode: 10_004, lastKnown: undefined });
    expect(failure.message).toBe('The exchange does not find order never-seen of account main.');
    expect(await testBed.itemsOf('never-seen')).toEqual([]);
  }
});

it('an order that the exchange does not find and that was seen alive is reported as not found, with what was last known, and is missing until it is seen again', async () => {
  const id = testBed.orangex.place();
  const seen = await check(id);
  testBed.orangex.scriptAlways(id, { kind: 'error', code: 10_004 });
  const failure = await failureOf(check(id));
  expect(failure.code).toBe('order_not_found');
  expect(failure).toHaveProperty('lastKnown', {
    ...seen,
    source: 'snapshot',
    changed: false,
    ageMs: 1_000,
    stored: expect.anything(),
  });
  expect(failure.message).toContain(`last known state is open, as of ${new Date(seen.checkedAt).toISOString()}`);
  expect(await testBed.watchOf(id)).toMatchObject({ status: { S: 'missing' }, list: { S: 'main#attention' } });
  const provenance = (await testBed.itemsOf(id)).filter(({ kind }) => kind?.S === 'not_found');
  expect(provenance).toHaveLength(1);
  expect(provenance[0]).toMatchObject({ request_id: { S: `request-${requests}` }, observed_by: { S: 'get-order' } });

  // A missing order is requested again, however fresh the last observation.
  expect((await failureOf(check(id, { maxAgeMs: 60_000 }))).code).toBe('order_not_found');
  testBed.orangex.clearScript();
  expect(await check(id)).toMatchObject({ source: 'exchange', changed: false, watched: true });
  expect(await statusOf(id)).toBe('watched');
  expect(await testBed.historyOf(id)).toHaveLength(1);
});

it("an order that the exchange does not find and whose first check crashed is reported with the time of that check's request", async () => {
  const id = testBed.orangex.place();
  const table = createDynamoTable({ ...testBed.engine, policyOf: () => ({ minMs: 1, maxMs: 1 }) });
  const text = writeOrder('orangex', testBed.orangex.order(id));
  const provenance = {
    requestedAt: clock.now(),
    firstObservedAt: clock.now() + 5,
    requestId: 'r',
    observedBy: 'd',
    keyVersion: 'v',
  };
  const snapshot = snapshotOf({
    account: 'main',
    orderId: id,
    dialect: dialects.orangex,
    result: text,
    order: orderIn(text, orangex),
    provenance,
  });
  await table.putWatch(
    snapshot,
    join(undefined, { openedAt: provenance.requestedAt, announcedRank: snapshot.rank }),
    0,
  );
  await table.putSnapshot(snapshot);
  await table.putHead(snapshot);
  testBed.orangex.script(id, { kind: 'error', code: 10_004 });
  // Its age is unknown, so it is requested.
  expect(await failureOf(check(id, { maxAgeMs: 600_000 }))).toMatchObject({
    lastKnown: { checkedAt: provenance.requestedAt, watched: true },
  });
});

describe('replies that say nothing about an order', () => {
  const faults: readonly (readonly [string, Fault, string])[] = [
    ['an order of another account', { kind: 'error', code: 10_029 }, 'not_owner'],
    ['a missing authentication', { kind: 'error', code: 13_009 }, 'unauthorized'],
    ['a refused key', { kind: 'error', code: 13_004 }, 'key_refused'],
    ['a missing right', { kind: 'error', code: 13_021 }, 'forbidden'],
    ['a locked account', { kind: 'error', code: 11_098 }, 'account_locked'],
    ['throttling', { kind: 'throttle', wait: 60 }, 'throttled'],
    ['throttling by a proxy', { kind: 'status', status: 429, retryAfter: 60 }, 'throttled'],
    ['maintenance', { kind: 'error', code: 11_051 }, 'maintenance'],
    ['settlement', { kind: 'error', code: 10_041 }, 'maintenance'],
    ['a busy exchange', { kind: 'error', code: 10_047 }, 'busy'],
    ['an unknown error', { kind: 'error', code: 424_242 }, 'exchange_error'],
    ['a page of a proxy', { kind: 'html' }, 'busy'],
    ['a page with status 200', { kind: 'html', status: 200 }, 'invalid_response'],
    ['a page with status 404', { kind: 'html', status: 404 }, 'invalid_response'],
    ['an empty reply', { kind: 'empty' }, 'invalid_response'],
    ['a truncated reply', { kind: 'truncate' }, 'invalid_response'],
    ['a closed connection', { kind: 'drop' }, 'unreachable'],
    ['another order', { kind: 'otherOrder' }, 'invalid_response'],
    ['a reply to another call', { kind: 'wrongId' }, 'invalid_response'],
    ['no order', { kind: 'result', text: '{}' }, 'invalid_response'],
    ['a duplicate field', { kind: 'duplicateKeys' }, 'invalid_response'],
  ];

  it.each(faults)('%s is neither an observation nor a not-found reply', async (_, fault, code) => {
    const id = testBed.orangex.place();
    await check(id);
    const items = await testBed.itemsOf(id);
    testBed.orangex.scriptAlways(id, fault);
    const failure = await failureOf(check(id, { deadline: clock.now() + 30_000 }));
    expect(failure.code).toBe(code);
    expect(failure.members).toEqual({});
    expect(await testBed.itemsOf(id)).toEqual(items);
  });

  it.each(faults)('%s starts no watch of an order that was never seen', async (_, fault) => {
    const id = testBed.orangex.place();
    testBed.orangex.scriptAlways(id, fault);
    await failureOf(check(id));
    expect(await testBed.itemsOf(id)).toEqual([]);
  });

  it('no reply at all is a timeout, neither an observation nor a not-found reply', async () => {
    const id = testBed.orangex.place();
    await check(id);
    const items = await testBed.itemsOf(id);
    testBed.orangex.script(id, { kind: 'hang' });
    clock.advance(1_000);
    expect((await failureOf(check(id, { deadline: clock.now() + 1_100 }))).code).toBe('timeout');
    expect(await testBed.itemsOf(id)).toEqual(items);
  });

  it.each([
    ['main', { kind: 'error', code: 10_004 }, 'exchange_error'],
    ['main', { kind: 'error', code: 13_004 }, 'key_refused'],
  ] as const)('for account %s, %j in place of a token is not a not-found reply', async (account, fault, code) => {
    const id = testBed.orangex.place();
    await check(id);
    const items = await testBed.itemsOf(id);
    testBed.orangex.revokeTokens();
    testBed.orangex.scriptAlways('auth', fault);
    expect((await failureOf(check(id, { account }))).code).toBe(code);
    expect(await testBed.itemsOf(id)).toEqual(items);
  });

  it("another account's order is reported as not ours, and not watched", async () => {
    const id = testBed.orangex.place({ account: 'somebody' });
    expect((await failureOf(check(id))).code).toBe('not_owner');
    expect(await testBed.itemsOf(id)).toEqual([]);
  });

  const hour = 3_600_000;
  it.each([
    [
      'before 2010',
      'last_update_timestamp',
      () => ({ last_update_timestamp: Date.UTC(2009, 11, 31, 23, 59, 59, 999) }),
    ],
    [
      'more than an hour ahead',
      'last_update_timestamp',
      (now: number) => ({ last_update_timestamp: now + 1_000 + hour + 1 }),
    ],
  ] as const)('an order dated %s is refused and not stored', async (_, field, times) => {
    const id = testBed.orangex.place(times(clock.now()));
    const failure = await failureOf(check(id));
    expect(failure.code).toBe('invalid_response');
    expect(failure.message).toContain(field);
    expect(await testBed.itemsOf(id)).toEqual([]);
  });

  it.each([
    ['at the start of 2010', () => ({ creation_timestamp: Date.UTC(2010, 0, 1) })],
    ['before its creation', (now: number) => ({ creation_timestamp: now, last_update_timestamp: now - 1 })],
    ['an hour ahead', (now: number) => ({ last_update_timestamp: now + 1_000 + hour })],
  ] as const)('an order dated %s is accepted', async (_, times) => {
    const id = testBed.orangex.place(times(clock.now()));
    expect(await check(id)).toMatchObject({ source: 'exchange', changed: true });
  });
});
