import { describe, expect, test } from 'vitest';
import type { Code } from '../../../lib/errors.ts';
import type { Fault } from '../../emulator/exchange/faults.ts';
import { writeOrder } from '../../emulator/exchange/wire.ts';
import { type Harness, holdKey, keyOf, start } from './test-client.ts';

const both = ['orangex', 'deribit'] as const;
const instrumentName = 'BTC-PERPETUAL';
const minute = 60_000;

function find({ client, clock }: Harness, orderId: string, acquireTimeout = 10_000) {
  return client.findInHistory({ orderId, instrumentName }, { deadline: clock.now() + acquireTimeout });
}

/** Where an order was looked for, and with what outcome. */
async function attemptsOf(lookup: ReturnType<typeof find>) {
  return (await lookup).attempts.map(({ source, outcome, rows }) => [source, outcome, rows]);
}

/** Each history call's parameters, without the instrument. */
function paramsSent({ server }: Harness) {
  const calls = server.requests.filter(({ call }) => call === 'order_history' || call === 'trades');
  return calls.map(({ body }) => JSON.parse(body).params);
}

describe.each(both)('%s', (dialect) => {
  const [newest, ...older] =
    dialect === 'orangex' ? ['order_history'] : ['order_history_recent', 'order_history_archive'];
  const trades = dialect === 'orangex' ? ['trades'] : ['trades_recent', 'trades_archive'];

  test('the order history search finds the row of an order that get_order_state no longer knows, filled or not', async () => {
    const harness = await start({ dialect });
    const { server, clock } = harness;
    const [filled, canceled] = [server.place({ amount: '1.10' }), server.place()];
    server.fill(filled);
    server.cancel(canceled);
    for (const id of [filled, canceled]) {
      server.forget(id);
      const { rows, attempts } = await find(harness, id);
      expect(rows).toHaveLength(1);
      expect(rows[0]).toMatchObject({ orderId: id, source: newest, requestedAt: clock.now(), keyVersion: 'v1' });
      expect(rows[0]?.exchangeTime).toBe(clock.now());
      expect(rows[0]?.read()).toMatchObject({ order_id: id, order_state: id === filled ? 'filled' : 'canceled' });
      expect(attempts).toMatchObject([{ source: newest, outcome: 'found', rows: 2 }]);
    }
    expect((await find(harness, filled)).rows[0]?.text).toContain(
      dialect === 'orangex' ? '"amount":"1.10"' : '"amount":1.10',
    );
  });

  test('the order history search reports each place that does not hold the order', async () => {
    const harness = await start({ dialect });
    harness.server.fill(harness.server.place());
    const { rows, attempts } = await find(harness, 'nobodys-1');
    expect(rows).toEqual([]);
    expect(attempts.map(({ source, outcome, failure }) => [source, outcome, failure])).toEqual(
      [newest, ...older, ...trades].map((source) => [source, 'not_found', undefined]),
    );
  });

  test('the order history search returns a row in state open like any other, and that state closes nothing', async () => {
    const harness = await start({ dialect, history: { withOpen: true } });
    const id = harness.server.place();
    harness.server.cancel(id);
    harness.server.script('order_history', { kind: 'olderRow' });
    const { rows } = await find(harness, id);
    expect(rows[0]?.read()).toMatchObject({ order_id: id, order_state: 'open' });
  });

  test('the order history search accepts rows with fewer fields', async () => {
    const harness = await start({ dialect });
    const id = harness.server.place();
    harness.server.fill(id);
    harness.server.script('order_history', { kind: 'thinRows' });
    expect((await find(harness, id)).rows[0]?.read()).toMatchObject({ order_id: id, details: {} });
  });

  test('the order history search finds a row that cannot be read, and returns a failure as its order', async () => {
    const harness = await start({ dialect });
    const id = harness.server.place();
    harness.server.fill(id);
    harness.server.script('order_history', { kind: 'spoilRow' });
    const { rows, attempts } = await find(harness, id);
    // It names no end, which the other places may.
    expect(attempts.map(({ source }) => source)).toEqual([newest, ...older, ...trades]);
    expect(attempts[0]?.outcome).toBe('found');
    expect(rows.map((row) => row.read())).toMatchObject([{ code: 'invalid_response' }]);
  });

  test('the order history search returns both rows of an order that the history holds twice', async () => {
    const harness = await start({ dialect });
    const id = harness.server.place();
    harness.server.fill(id);
    harness.server.script('order_history', { kind: 'repeatRow', back: 1 });
    const { rows } = await find(harness, id);
    expect(rows.map((row) => Object(row.read()).order_state)).toEqual(['filled', 'open']);
  });

  test('the order history search reads page by page to an empty page, however short a page is', async () => {
    const harness = await start({ dialect });
    const sought = harness.server.place();
    harness.server.fill(sought);
    harness.clock.advance(1);
    const page = dialect === 'orangex' ? 100 : 1_000;
    for (let i = 0; i < page; i++) harness.server.place({ order_state: 'canceled' });
    expect(await attemptsOf(find(harness, sought))).toEqual([[newest, 'found', page + 1]]);
    expect(paramsSent(harness).map(({ count, offset }) => [count, offset])).toEqual([
      [page, 0],
      [page, page],
    ]);
    // The server gives one row at a time, whatever the count says.
    const one: Fault = (request, { body }) => {
      const { offset } = JSON.parse(request.body).params;
      const reply = JSON.parse(body);
      return { body: JSON.stringify({ ...reply, result: offset < 3 ? reply.result.slice(0, 1) : [] }) };
    };
    harness.server.scriptAlways('order_history', one);
    expect((await attemptsOf(find(harness, 'nobodys-1')))[0]).toEqual([newest, 'not_found', 3]);
  });

  test('the order history search stops when the offset is ignored or when the pages do not end', async () => {
    const harness = await start({ dialect });
    const sameAgain: Fault = (request) => {
      const { id } = JSON.parse(request.body);
      return { body: JSON.stringify({ jsonrpc: '2.0', id, result: [{ order_id: 'a' }] }) };
    };
    harness.server.scriptAlways('order_history', sameAgain);
    expect((await attemptsOf(find(harness, 'nobodys-1')))[0]).toEqual([newest, 'not_exhausted', 2]);
    const endless: Fault = (request) => {
      const { id, params } = JSON.parse(request.body);
      return { body: JSON.stringify({ jsonrpc: '2.0', id, result: [{ order_id: `a${params.offset}` }] }) };
    };
    harness.server.scriptAlways('order_history', endless);
    expect((await attemptsOf(find(harness, 'nobodys-1')))[0]).toEqual([newest, 'not_exhausted', 20]);
  });

  test('the order history search finds nothing for a while, because the history lags behind', async () => {
    const harness = await start({ dialect, history: { indexingMs: minute } });
    const id = harness.server.place();
    harness.server.cancel(id);
    expect((await find(harness, id)).rows).toEqual([]);
    harness.clock.advance(minute);
    expect((await find(harness, id)).rows).toHaveLength(1);
  });

  test('the order history search accepts the trades of an order as proof of fills, but not of an end', async () => {
    const harness = await start({ dialect, history: { indexingMs: minute, wrappedTrades: true } });
    const id = harness.server.place();
    harness.server.partialFill(id, '4');
    harness.server.fill(id);
    const { rows, attempts } = await find(harness, id);
    expect(rows).toEqual([]);
    expect(attempts.find(({ outcome }) => outcome === 'fills')).toMatchObject({ source: trades[0], rows: 2 });
  });

  test.each<[Fault, Code]>([
    [{ kind: 'error', code: 9999 }, 'exchange_error'],
    [{ kind: 'error', code: 10004 }, 'exchange_error'],
    [{ kind: 'error', code: 10029 }, 'exchange_error'],
    [{ kind: 'error', code: -32602 }, 'exchange_error'],
    [{ kind: 'error', code: -32601 }, 'request_rejected'],
    [{ kind: 'truncate' }, 'invalid_response'],
    [{ kind: 'result', text: '{"rows":[]}' }, 'invalid_response'],
    [{ kind: 'result', text: '[{"order_id":"a"}, {"b":[}]' }, 'invalid_response'],
  ])(
    'the order history search reports a place that replies with %o as failed with %s, and calls the next place',
    async (fault, code) => {
      const harness = await start({ dialect });
      const id = harness.server.place();
      harness.server.fill(id);
      harness.server.scriptAlways('order_history', fault);
      const { rows, attempts } = await find(harness, id);
      expect(rows).toEqual([]);
      expect(attempts[0]).toMatchObject({ source: newest, outcome: 'failed', rows: 0, failure: { code } });
      expect(attempts.find(({ outcome }) => outcome === 'fills')?.source).toBe(trades[0]);
    },
  );

  test.each<[Fault, Code]>([
    [{ kind: 'error', code: 11051 }, 'maintenance'],
    [{ kind: 'throttle', wait: 60 }, 'throttled'],
    [{ kind: 'error', code: 13021 }, 'forbidden'],
    [{ kind: 'html', status: 502 }, 'busy'],
  ])(
    'the order history search stops when a place replies with %o, because %s would affect the next call, too',
    async (fault, code) => {
      const harness = await start({ dialect });
      const id = harness.server.place();
      harness.server.scriptAlways('order_history', fault);
      const { rows, attempts } = await find(harness, id);
      expect(rows).toEqual([]);
      expect(attempts).toMatchObject([{ source: newest, outcome: 'failed', failure: { code } }]);
    },
  );

  test('the order history search keeps the deadline', async () => {
    const harness = await start({ dialect });
    harness.server.scriptAlways('order_history', { kind: 'hang' });
    const { attempts } = await find(harness, 'nobodys-1', 100);
    expect(attempts).toMatchObject([{ source: newest, outcome: 'failed', failure: { code: 'timeout' } }]);
  });

  test.each(['{}', '7', '{"trades":{}}'])('the order history search finds no trades in the result %s', async (text) => {
    const harness = await start({ dialect });
    harness.server.scriptAlways('trades', { kind: 'result', text });
    const { attempts } = await find(harness, 'nobodys-1');
    expect(attempts.at(-1)).toMatchObject({ source: trades.at(-1), failure: { code: 'invalid_response' } });
  });

  test('the order history search counts only trades of the order, and does not mistake a truncated list for a complete one', async () => {
    const harness = await start({ dialect });
    const text = '{"trades":[{"order_id":"others-1"},null],"has_more":true}';
    harness.server.scriptAlways('trades', { kind: 'result', text });
    const { attempts } = await find(harness, 'nobodys-1');
    expect(attempts.at(-1)).toMatchObject({ outcome: 'not_exhausted', rows: 0 });
  });

  test('the order history search gets a new key when the old one is refused', async () => {
    const harness = await start({ dialect }, holdKey(keyOf('v1', 'wrong'), keyOf('v2')));
    const id = harness.server.place();
    harness.server.fill(id);
    expect((await find(harness, id)).rows).toMatchObject([{ keyVersion: 'v2' }]);
  });
});

describe('deribit', () => {
  const dialect = 'deribit';

  test('the two history stores of deribit are searched one after the other, including orders without a fill and old orders', async () => {
    const harness = await start({ dialect });
    await find(harness, 'nobodys-1');
    const page = {
      instrument_name: instrumentName,
      count: 1_000,
      offset: 0,
      include_unfilled: true,
      include_old: true,
    };
    expect(paramsSent(harness)).toEqual([
      { ...page, historical: false },
      { ...page, historical: true },
      { order_id: 'nobodys-1', historical: false },
      { order_id: 'nobodys-1', historical: true },
    ]);
  });

  test('the two history stores of deribit hold an order one after the other, and for a while neither holds it', async () => {
    const harness = await start({ dialect, history: { archivingMs: 5 * minute } });
    const id = harness.server.place();
    harness.server.cancel(id);
    const sources = async () => (await find(harness, id)).rows.map(({ source }) => source);
    expect(await sources()).toEqual(['order_history_recent']);
    harness.clock.advance(31 * minute);
    expect(await sources()).toEqual([]);
    harness.clock.advance(5 * minute);
    expect(await sources()).toEqual(['order_history_archive']);
    harness.clock.advance(3 * 24 * 60 * minute);
    expect(await sources()).toEqual(['order_history_archive']);
  });
});

test('a recent history of deribit that still shows an order as open does not hide its end in the archive', async () => {
  const harness = await start({ dialect: 'deribit' });
  const { server, clock } = harness;
  const id = server.place();
  const open = writeOrder('deribit', server.order(id));
  server.cancel(id);
  clock.advance(120 * minute);
  server.script('order_history', { kind: 'result', text: `[${open}]` });
  const { rows, attempts } = await find(harness, id);
  expect(rows.map((row) => Object(row.read()).order_state)).toEqual(['open', 'canceled']);
  expect(attempts.map(({ source, outcome }) => [source, outcome])).toEqual([
    ['order_history_recent', 'found'],
    ['order_history_archive', 'found'],
  ]);
});
