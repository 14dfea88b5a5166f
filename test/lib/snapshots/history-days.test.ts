import { QueryCommand } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDynamoReader } from '../../../lib/snapshots/dynamo-reader.ts';
import { createDynamoTable } from '../../../lib/snapshots/dynamo-table.ts';
import { snapshotOf } from '../../../lib/snapshots/snapshot.ts';
import { createSnapshotStore } from '../../../lib/snapshots/store.ts';
import { type Engine, startDynalite } from '../../engines.ts';
import { observationOf, type ReplyFields, start } from './observations.ts';
import { policy } from './table-contract.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startDynalite();
});
afterAll(() => engine.stop());

let orders = 0;
const day = 86_400;

function replyAt(version: number, requestedAfter: number): ReplyFields {
  const state = version === 3 ? 'canceled' : 'open';
  return {
    state,
    updatedAfter: version * 10,
    version,
    filled: '0',
    label: '',
    rpl: '0',
    requestedAfter,
    took: 50,
    request: 1,
  };
}

/** A new order, and what the table has of it: when each item goes, snapshots oldest first. */
function orderOf(days: number | undefined) {
  const key = { account: 'main', orderId: `ORDER-${++orders}` };
  const store = createSnapshotStore(
    createDynamoTable({ ...engine, policyOf: () => policy, historyDaysOf: () => days }),
  );
  const read = async () => {
    const { Items = [] } = await engine.client.send(
      new QueryCommand({
        TableName: engine.tableName,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: `main#${key.orderId}` } },
        ConsistentRead: true,
      }),
    );
    const ends = ({ sk, expires_at }: (typeof Items)[number]) => ({ sk: sk?.S ?? '', goesAt: expires_at?.N });
    return {
      history: Items.filter(({ sk }) => sk?.S?.startsWith('S#')).map(ends),
      others: Items.filter(({ sk }) => !sk?.S?.startsWith('S#')).map(ends),
    };
  };
  return { key, store, read };
}

/** Records replies one after the other. */
async function recordAll(replies: readonly ReplyFields[], days: number | undefined) {
  const { key, store, read } = orderOf(days);
  for (const reply of replies) await store.record(observationOf(key, reply));
  const seenAt = replies.map((reply) => observationOf(key, reply).provenance.firstObservedAt);
  return { ...(await read()), seenAt };
}

it('where history is kept for some days, a snapshot expires that many days after a newer one was first seen', async () => {
  const { history, seenAt } = await recordAll([replyAt(1, 0), replyAt(2, 5_000), replyAt(3, 9_000)], 30);
  const [, second = 0, third = 0] = seenAt;
  const daysAfter = (ms: number) => String(Math.ceil(ms / 1000) + 30 * day);
  expect(history.map(({ goesAt }) => goesAt)).toEqual([daysAfter(second), daysAfter(third), undefined]);
});

it('where history is kept for some days, the newest snapshot, the head and the watch never expire whatever the order of arrival, and all others do', async () => {
  const arrivals = fc.shuffledSubarray([1, 2, 3, 3, 2, 1], { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(arrivals, async (versions) => {
      const { history, others } = await recordAll(
        versions.map((version, i) => replyAt(version, i * 1_000)),
        1,
      );
      const [newest, ...older] = history.toReversed();
      expect(newest?.goesAt).toBeUndefined();
      for (const { goesAt } of older) expect(goesAt).toBeDefined();
      for (const { goesAt } of others) expect(goesAt).toBeUndefined();
    }),
    { numRuns: Number(process.env['RUNS'] ?? 10) },
  );
});

it('a snapshot that an earlier crash or another writer left without an expiry gets one with the next change', async () => {
  const { store, key, read } = orderOf(30);
  const unended = snapshotOf(observationOf(key, replyAt(1, 0)));
  await createDynamoTable({ ...engine, policyOf: () => policy }).putSnapshot(unended);
  await store.record(observationOf(key, replyAt(2, 5_000)));
  expect((await read()).history.map(({ goesAt }) => goesAt === undefined)).toEqual([false, true]);
});

it('the history of an order ends at the first expired snapshot, even while DynamoDB still has it', async () => {
  const { store, key } = orderOf(1);
  for (const version of [1, 2, 3]) await store.record(observationOf(key, replyAt(version, version * 1_000)));
  const found = async (now: number) => {
    const reader = createDynamoReader({ ...engine, clock: { now: () => now } });
    const { rows, next } = await reader.snapshots(key, { upTo: start + 20, limit: 10 });
    return { versions: rows.map(({ order }) => order.version), more: next !== undefined };
  };
  const seen = (version: number) => observationOf(key, replyAt(version, version * 1_000)).provenance.firstObservedAt;
  const aDay = day * 1_000;
  expect(await found(seen(3))).toEqual({ versions: [2, 1], more: false });
  expect(await found(seen(2) + aDay + 999)).toEqual({ versions: [2], more: false });
  expect(await found(seen(3) + aDay + 999)).toEqual({ versions: [], more: false });
});

it('the history of an order is kept for ever where the stage does not limit it', async () => {
  const { history } = await recordAll([replyAt(1, 0), replyAt(2, 5_000), replyAt(3, 9_000)], undefined);
  expect(history.map(({ goesAt }) => goesAt)).toEqual([undefined, undefined, undefined]);
});
