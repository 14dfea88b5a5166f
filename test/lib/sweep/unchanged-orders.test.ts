import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock as clock } from '../../../lib/clock.ts';
import { Logger } from '../../../lib/log.ts';
import { createSweep } from '../../../lib/sweep/sweep.ts';
import { createOrderChecks } from '../../../lib/wiring/order-checks.ts';
import { type Recorder, startRecorder } from '../aws/recorder.ts';
import { startTestBedForFile, testBed } from '../test-bed-for-file.ts';
import { sweepRequest } from './sweep-scene.ts';

let table: Recorder;
startTestBedForFile();
beforeAll(async () => {
  table = await startRecorder(testBed.engine.url);
});
afterAll(async () => {
  await table.stop();
});

/** The requests to the table since the last call, counted by what they are. */
function countRequests(): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { target, body } of table.take()) {
    const operation = String(target).replace('DynamoDB_20120810.', '');
    const what = JSON.stringify(body).includes('"IndexName"') ? `${operation} of the index` : operation;
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}

it('a sweep reads no order that has not changed, and writes once for each check', async () => {
  const env = { ...testBed.env, AWS_ENDPOINT_URL_DYNAMODB: table.url };
  const { checkOrder, snapshotTable, store } = createOrderChecks({
    ...testBed,
    env,
    clock,
    priority: 'background',
    logger: new Logger(),
  });
  for (const orderId of [testBed.orangex.place(), testBed.orangex.place()]) {
    const deadline = clock.now() + 10_000;
    await checkOrder({ account: 'main', requestId: 'tick', orderId, maxAgeMs: 0, observedBy: 'get-order', deadline });
  }
  countRequests();

  const { list } = snapshotTable;
  const sweep = createSweep({ checkOrder, list, store, onDrift: () => {}, clock, listedAccount: () => undefined });
  const { checked, changed } = await sweep({
    ...sweepRequest,
    until: clock.now() + 5_000,
    policy: { minMs: 100, maxMs: 600_000 },
  });
  const { PutItem, UpdateItem = 0, Query = 0, ...others } = countRequests();
  expect({ changed, others: Object.keys(others) }).toEqual({ changed: 0, others: ['Query of the index'] });
  expect(checked).toBeGreaterThan(2);
  expect({ Query, PutItem }).toEqual({ Query: 0, PutItem: checked });
  // Permits: two orders that are due together share a request.
  expect(UpdateItem).toBeLessThanOrEqual(checked);
});
