import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { Item } from '../../lib/dynamo.ts';
import { headItem } from '../../lib/snapshots/items.ts';
import { snapshotOf } from '../../lib/snapshots/snapshot.ts';
import { type EventBus, startEventBus } from '../emulator/aws/event-bus/server.ts';
import { seedId } from '../emulator/exchange/seed-order.ts';
import { type CapturedOutput, captureOutput } from '../lib/captured-output.ts';
import { observationOf } from '../lib/snapshots/observations.ts';
import { streamRecord } from '../lib/transitions/stream-records.ts';
import { contextOf } from './events.ts';
import { loadFunction } from './load-function.ts';

let bus: EventBus;
let output: CapturedOutput;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  bus = await startEventBus();
  env = {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'example',
    AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
    EVENT_BUS_NAME: 'transitions',
    DEAD_LETTER_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/123456789012/dead-letters',
  };
  output = captureOutput();
});
beforeEach(() => output.clear());
afterAll(async () => {
  output.release();
  vi.unstubAllEnvs();
  await bus.stop();
});

function head(updatedAfter: number, state: string): Item {
  const reply = { state, updatedAfter, version: 1, filled: '0', label: '', rpl: '0' };
  const key = { account: 'main', orderId: seedId };
  return headItem(snapshotOf(observationOf(key, { ...reply, requestedAfter: 0, took: 1, request: 1 })));
}

it('publish-transitions publishes the records of a stream, and logs them with its own request id', async () => {
  const { handler } = await loadFunction(() => import('../../functions/publish-transitions.ts'), { env });
  const Records = [streamRecord(undefined, head(0, 'open')), streamRecord(head(0, 'open'), head(1, 'filled'))];
  expect(await handler({ Records }, contextOf())).toEqual({ batchItemFailures: [] });
  expect(bus.events.map(({ detail }) => JSON.parse(detail).to.order_state)).toEqual(['open', 'filled']);
  const [line] = output.lines();
  expect(JSON.parse(line ?? '')).toMatchObject({
    message: 'published',
    code: 'ok',
    function_request_id: 'invocation-1',
    published: { OrderStateChanged: 2 },
  });
});

it('publish-transitions returns the record from which to retry', async () => {
  const { handler } = await loadFunction(() => import('../../functions/publish-transitions.ts'), { env });
  const record = streamRecord(undefined, head(0, 'open'));
  bus.fail({ kind: 'refuse', entries: [0] });
  const expected = { batchItemFailures: [{ itemIdentifier: record.dynamodb?.SequenceNumber }] };
  expect(await handler({ Records: [record] }, contextOf())).toEqual(expected);
});

it.each(['EVENT_BUS_NAME', 'DEAD_LETTER_QUEUE_URL'])('publish-transitions does not load without %s', async (name) => {
  const unset = { ...env, [name]: '' };
  await expect(loadFunction(() => import('../../functions/publish-transitions.ts'), { env: unset })).rejects.toThrow(
    `${name} is not set.`,
  );
});
