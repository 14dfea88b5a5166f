import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type CapturedOutput, captureOutput } from '../lib/captured-output.ts';
import { startTestBed, type TestBed } from '../lib/test-bed.ts';
import { getOrderEvent } from './events.ts';
import { type HttpFunction, loadHttpFunction } from './load-function.ts';
import { createTimeline } from './timeline.ts';

const exchangeMs = 50;
const tableMs = 5;

const timeline = createTimeline();
let testBed: TestBed;
let output: CapturedOutput;
let getOrder: HttpFunction;
beforeAll(async () => {
  output = captureOutput();
  testBed = await startTestBed();
  const { main } = testBed.stage.accounts;
  if (main === undefined) throw new Error('the stage has main');
  const url = await timeline.before(testBed.orangex.url, exchangeMs);
  getOrder = await loadHttpFunction('get-order', {
    stage: { ...testBed.stage, accounts: { main: { ...main, url } } },
    env: { ...testBed.env, AWS_ENDPOINT_URL_DYNAMODB: await timeline.before(testBed.engine.url, tableMs) },
  });
  timeline.take();
});
afterAll(async () => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  output.release();
  await timeline.stop();
  await testBed.stop();
});

/** What one request leads to, once the function has its key, its token and its connections. */
async function eventsOf(orderId: string, query: string): Promise<readonly string[]> {
  const { statusCode } = await getOrder(getOrderEvent({ account: 'main', order_id: orderId }, query));
  expect(statusCode).toBe(200);
  return timeline.take();
}

/** But for permits: how many calls share a request for them depends on how fast they come. */
const sentIn = (events: readonly string[]) =>
  events.filter((event) => !event.endsWith(' responded') && event !== 'UpdateItem').toSorted();

/** Each of these happened after the one before it. */
function expectOrder(events: readonly string[], ...chain: readonly string[]): void {
  const places = chain.map((event) => events.indexOf(event));
  expect(places, events.join(', ')).not.toContain(-1);
  expect(places, events.join(', ')).toEqual(places.toSorted((a, b) => a - b));
}

describe(`with an exchange that takes ${exchangeMs} ms and a table that takes ${tableMs} ms`, () => {
  it.each(['', 'max_age=0'])(
    'a warm request for an unchanged order that the process knows (%s) makes one call and one write',
    async (query) => {
      const orderId = testBed.orangex.place();
      await eventsOf(orderId, query);
      const events = await eventsOf(orderId, query);
      expect(sentIn(events)).toEqual(['PutItem', 'get_order_state']);
      expectOrder(events, 'get_order_state', 'get_order_state responded', 'PutItem');
    },
  );

  it('a warm request for an order that the process does not know reads first, and returns a final order from the table', async () => {
    const orderId = testBed.orangex.place();
    const events = await eventsOf(orderId, '');
    expectOrder(events, 'Query responded', 'get_order_state', 'PutItem');
    const final = testBed.orangex.place({ order_state: 'filled' });
    await eventsOf(final, '');
    expect(await eventsOf(final, '')).toEqual(['Query', 'Query responded']);
  });

  it('a warm request that the table is fresh enough for makes one read of the table, and no call', async () => {
    const orderId = testBed.orangex.place();
    await eventsOf(orderId, 'max_age=0');
    expect(await eventsOf(orderId, 'max_age=60')).toEqual(['Query', 'Query responded']);
  });

  it('a warm request for a new state announces the change, writes snapshot and head, and settles the watch, while it reads during the call', async () => {
    const orderId = testBed.orangex.place();
    const events = await eventsOf(orderId, 'max_age=0');
    expect(sentIn(events)).toEqual(['PutItem', 'PutItem', 'PutItem', 'PutItem', 'Query', 'get_order_state']);
    expectOrder(events, 'Query', 'get_order_state responded');
    testBed.orangex.edit(orderId, { price: '51000' });
    expect(sentIn(await eventsOf(orderId, ''))).toEqual([
      'PutItem',
      'PutItem',
      'PutItem',
      'PutItem',
      'get_order_state',
    ]);
  });
});
