import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { expect, it } from 'vitest';
import { systemClock as clock } from '../../../lib/clock.ts';
import type { Item } from '../../../lib/dynamo.ts';
import { Logger } from '../../../lib/log.ts';
import { createDynamoTable } from '../../../lib/snapshots/dynamo-table.ts';
import { createScheduledChecks } from '../../../lib/wiring/scheduled-checks.ts';
import { output, startTestBedForFile, testBed } from '../test-bed-for-file.ts';

startTestBedForFile();

const policyOf = () => ({ minMs: 10_000, maxMs: 600_000 });

/** Watches new orders of an account, with this in the items of the first, and sweeps for a second. */
async function sweep(account: 'main' | 'other', damage: Item) {
  const exchange = account === 'main' ? testBed.orangex : testBed.deribit;
  const orderIds = [exchange.place(), exchange.place()];
  const table = createDynamoTable({ ...testBed.engine, policyOf });
  const watch = { openedAt: clock.now() - 1_000, observations: [], notFoundAt: [] };
  for (const orderId of orderIds) await table.putWatch({ account, orderId }, watch, 0);
  const [damaged = ''] = orderIds;
  const { client, tableName } = testBed.engine;
  const Item = { ...(await testBed.watchOf(damaged, account)), ...damage };
  await client.send(new PutItemCommand({ TableName: tableName, Item }));
  const { checkOpenOrders } = createScheduledChecks({ ...testBed, clock, logger: new Logger() });
  const report = await checkOpenOrders({ account, requestId: 'tick', deadline: clock.now() + 26_000 });
  const heads = await Promise.all(orderIds.map((orderId) => testBed.historyOf(orderId, account)));
  return { report, damaged, snapshots: heads.map(({ length }) => length) };
}

it('an item of the index that cannot be read is named in the log, counted, and does not stop other orders', async () => {
  const { report, damaged, snapshots } = await sweep('main', { opened_at: { S: 'secret' } });
  expect(report).toMatchObject({ outcome: 'swept', checked: 1, failed: { store_corrupt: 1 } });
  expect(snapshots).toEqual([0, 1]);
  const lines = output.lines().map((line) => JSON.parse(line));
  expect(lines).toMatchObject([{ level: 'ERROR', code: 'store_corrupt', account: 'main', order_id: damaged }]);
  expect(output.text()).not.toContain('secret');
});

it('an order whose watch can be read is swept, whatever else is wrong with its item in the index', async () => {
  const { report, snapshots } = await sweep('other', { status: { S: 'odd' } });
  expect(report).toMatchObject({ outcome: 'swept', checked: 2, failed: { store_corrupt: 1 } });
  expect(snapshots).toEqual([1, 1]);
});
