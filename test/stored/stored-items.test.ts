import { readdirSync, readFileSync } from 'node:fs';
import { type AttributeValue, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { accountKey, readAccountItem } from '../../lib/accounts/items.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Item } from '../../lib/dynamo.ts';
import { createListSnapshots } from '../../lib/orders/list-snapshots.ts';
import { createDynamoReader } from '../../lib/snapshots/dynamo-reader.ts';
import { headKey, snapshotPrefix, watchKey } from '../../lib/snapshots/items.ts';
import { readAuditEntry, readSnapshot, readWatch } from '../../lib/snapshots/read-items.ts';
import { statusOf } from '../../lib/snapshots/watch.ts';
import { seedId } from '../emulator/exchange/seed-order.ts';
import { getOrderEvent } from '../functions/events.ts';
import { loadHttpFunction } from '../functions/load-function.ts';
import { captureOutput } from '../lib/captured-output.ts';
import { startTestBed, type TestBed } from '../lib/test-bed.ts';

/** Items as each release wrote them, dumped from its table; kept for as long as a table may hold such items. */
const releases = readdirSync(new URL('.', import.meta.url)).filter((file) => /^schema-\d+\.json$/.test(file));

function itemsOf(release: string): readonly Record<string, AttributeValue>[] {
  return JSON.parse(readFileSync(new URL(release, import.meta.url), 'utf8'));
}

describe.each(releases)('%s', (release) => {
  const items = itemsOf(release);
  let testBed: TestBed;

  beforeAll(async () => {
    testBed = await startTestBed();
    const { client, tableName } = testBed.engine;
    for (const Item of items) await client.send(new PutItemCommand({ TableName: tableName, Item }));
  });
  afterAll(async () => {
    vi.unstubAllGlobals();
    vi.unstubAllEnvs();
    await testBed.stop();
  });

  it.each(items.map((item) => [`${item['pk']?.S} ${item['sk']?.S}`, item] as const))(
    'a table with items of an earlier release can be read: %s',
    (_, item) => {
      expect(readAny(item)).toBeDefined();
    },
  );

  it.each(items.map((item) => [`${item['pk']?.S} ${item['sk']?.S}`, item] as const))(
    'a table with items of an earlier release is refused when an item has a later schema: %s',
    (_, item) => {
      expect(() => readAny({ ...item, schema: { N: '999' } })).toThrow('a shape that this version cannot read');
    },
  );

  it('a table with items of an earlier release shows the same states as when it was written', () => {
    const statuses = items
      .filter(({ sk }) => sk?.S === watchKey)
      .map((item) => `${item['order_id']?.S} ${statusOf(readWatch(item).watch)}`);
    expect(statuses).toEqual([
      `${seedId} final`,
      'MISSING missing',
      'PARTLY-FILLED watched',
      'NEVER-SEEN unconfirmed',
      'STOPPED stopped',
      'STRANGE unknown',
      'LISTED watched',
      'VANISHED missing',
    ]);
  });

  it('a table with items of an earlier release can be continued, so that an old order has one history that includes its new states', async () => {
    const getOrder = await loadHttpFunction('get-order', testBed);
    testBed.orangex.place({ order_id: 'PARTLY-FILLED', order_state: 'filled', filled_amount: '10', version: 3 });
    const coolDown = captureOutput();
    await getOrder(getOrderEvent({ account: 'main', order_id: 'PARTLY-FILLED' }));
    coolDown.release();
    const listSnapshots = createListSnapshots({
      accounts: new Set(['main']),
      reader: createDynamoReader({ ...testBed.engine, clock: systemClock }),
    });
    const { snapshots } = await listSnapshots({ account: 'main', orderId: 'PARTLY-FILLED', limit: 10 });
    expect(snapshots.map(({ snapshot: { order } }) => `${order.order_state} ${order.filled_amount}`)).toEqual([
      'filled 10',
      'open 3.50',
      'open 0',
    ]);
    expect(snapshots[1]?.changes).toContainEqual({ field: 'filled_amount', from: '0', to: '3.50' });
  });
});

it('there are stored items of every schema that the readers know', () => expect(releases).toEqual(['schema-1.json']));

function readAny(item: Item): unknown {
  const sk = item['sk']?.S ?? '';
  if (sk === headKey || sk.startsWith(snapshotPrefix)) return readSnapshot(item);
  if (sk === watchKey) return readWatch(item);
  if (sk === accountKey('').sk.S) return readAccountItem(item);
  return readAuditEntry(item);
}
