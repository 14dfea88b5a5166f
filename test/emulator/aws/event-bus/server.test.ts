import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type BusEvent, maxRequestBytes } from './entries.ts';
import { type EventBus, startEventBus } from './server.ts';

let bus: EventBus;
let client: EventBridgeClient;
const received: BusEvent[] = [];

beforeEach(async () => {
  received.length = 0;
  bus = await startEventBus({ buses: ['known'], onEvent: (event) => received.push(event) });
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  client = new EventBridgeClient({ credentials, maxAttempts: 3, endpoint: bus.url, region: 'eu-central-1' });
});
afterEach(() => bus.stop());

const good = { EventBusName: 'known', Source: 'tests', DetailType: 'Tested', Detail: '{"n":1}' };
const put = (...Entries: PutEventsRequestEntry[]) => client.send(new PutEventsCommand({ Entries }));

it('the emulated event bus accepts entries in their order, and reports each', async () => {
  const { FailedEntryCount, Entries } = await put(good, { ...good, Detail: '{"n":2}', Time: new Date(1_000) });
  expect(FailedEntryCount).toBe(0);
  expect(bus.events.map(({ id }) => id)).toEqual(Entries?.map(({ EventId }) => EventId));
  expect(bus.events).toMatchObject([
    { bus: 'known', source: 'tests', detailType: 'Tested', detail: '{"n":1}' },
    { detail: '{"n":2}', time: 1_000 },
  ]);
  expect(received).toEqual(bus.events);
});

it.each<[string, PutEventsRequestEntry, string]>([
  ['is no JSON', { ...good, Detail: '{' }, 'MalformedDetail'],
  ['is no object', { ...good, Detail: '[]' }, 'MalformedDetail'],
  ['holds an integer of more than 64 bits', { ...good, Detail: '{"n":9223372036854775808}' }, 'MalformedDetail'],
  ['has no source', { ...good, Source: '' }, 'InvalidArgument'],
  ['is for a bus that is not there', { ...good, EventBusName: 'other' }, 'ResourceNotFoundException'],
])('the emulated event bus refuses an entry that %s, and accepts the others', async (_, entry, code) => {
  const { FailedEntryCount, Entries } = await put(good, entry, good);
  expect(FailedEntryCount).toBe(1);
  expect(Entries?.map(({ ErrorCode }) => ErrorCode)).toEqual([undefined, code, undefined]);
  expect(bus.events).toHaveLength(2);
});

it('the emulated event bus accepts 64-bit integers, and longer numbers in strings', async () => {
  await put({ ...good, Detail: '{"n":-9223372036854775808,"text":"92233720368547758080","x":1.5e30}' });
  expect(bus.events).toHaveLength(1);
});

it('the emulated event bus refuses a request of more than ten entries, or more than 1 MB', async () => {
  await expect(put(...Array.from({ length: 11 }, () => good))).rejects.toThrow('between 1 and 10');
  await expect(put({ ...good, Detail: JSON.stringify({ text: 'x'.repeat(maxRequestBytes) }) })).rejects.toThrow(
    'over the limit',
  );
});

it('the emulated event bus plays one scripted fault per request, and then the standing fault', async () => {
  bus.fail({ kind: 'refuse', entries: [0], code: 'InternalFailure' }, { kind: 'delay', ms: 1 });
  bus.failAlways({ kind: 'denied' });
  expect((await put(good, good)).FailedEntryCount).toBe(1);
  expect((await put(good)).FailedEntryCount).toBe(0);
  await expect(put(good)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  bus.recover();
  bus.fail({ kind: 'internal', taken: true });
  await put(good);
  await bus.received(5);
  expect(bus.events).toHaveLength(4);
});
