import { expect, test } from 'vitest';
import { duration } from '../../cdk/ops/duration.ts';
import { seedId } from '../emulator/exchange/seed-order.ts';
import { orderTable } from './terminal.ts';
import { createTransitionLines, isShown, transitionsHeader } from './transitions.ts';

const now = Date.parse('2026-03-04T05:06:07.000Z');
const order = {
  order_id: seedId,
  order_state: 'open',
  amount: '3',
  filled_amount: '0',
  average_price: '0',
  price: '1.10',
  instrument_name: 'XRP-PERPETUAL',
  time_in_force: 'good_til_cancelled',
  last_update_timestamp: now - 1_234,
  creation_timestamp: now - 60_000,
  direction: 'buy',
  order_type: 'limit',
};
const common = { schema: 1, id: 'x', account: 'main', order_id: order.order_id };

function changed(from: Partial<typeof order> | null, to: Partial<typeof order>, final = false) {
  return {
    detailType: 'OrderStateChanged',
    detail: JSON.stringify({
      ...common,
      rank: '2',
      from: from === null ? null : { rank: '1', ...order, ...from },
      to: { ...order, ...to, details: {} },
      final,
      first_observed_at: new Date(now).toISOString(),
    }),
  };
}

function watch(detailType: string, checkedAt?: number, startedBy?: string) {
  const detail = {
    ...common,
    revision: 3,
    from: 'watched',
    to: 'missing',
    changed_at: new Date(now - 500).toISOString(),
    started_by: startedBy,
    ...(checkedAt !== undefined && { checked_at: new Date(checkedAt).toISOString() }),
  };
  return { detailType, detail: JSON.stringify(detail) };
}

const header = transitionsHeader(Infinity);
const what = (line: string) => line.slice(header.indexOf('What changed'));

test.each([
  ['an order is first seen', changed(null, {}), 'open: buy 3 at 1.10'],
  ['a partially filled order is first seen', changed(null, { filled_amount: '1' }), 'open: buy 3 at 1.10, filled 1/3'],
  [
    'an order of a special type is first seen',
    changed(null, { order_type: 'stop_limit' }),
    'open: stop_limit buy 3 at 1.10',
  ],
  ['a closed order is first seen', changed(null, { order_state: 'canceled' }, true), 'canceled 0/3'],
  [
    'an order is partially filled',
    changed({}, { filled_amount: '1', average_price: '1.10' }),
    'filled 0 → 1/3 at 1.10',
  ],
  [
    'an order is filled',
    changed({ filled_amount: '1' }, { order_state: 'filled', filled_amount: '3', average_price: '1.1005' }, true),
    'open → filled 3/3 at 1.1005',
  ],
  ['an order is cancelled', changed({}, { order_state: 'canceled' }, true), 'open → canceled 0/3'],
  [
    'an order is triggered',
    changed({}, { order_state: 'triggered' }, true),
    'open → triggered: a new order was placed',
  ],
  ['an order is edited', changed({}, { price: '1.20', amount: '4' }), 'price 1.10 → 1.20, amount 3 → 4'],
  ['only unnamed fields change', changed({}, {}), 'open, updated'],
  ['an order vanishes', watch('OrderMissing', now - 2_000), 'MISSING, last seen 1.5 s earlier; still watched'],
  ['an order is found again', watch('OrderFound'), 'found again'],
  ['the state of an order is unknown', watch('OrderStateUnknown'), 'UNKNOWN STATE, still watched'],
  ['replies contradict each other', watch('OrderInconsistent'), 'INCONSISTENT, still watched'],
  ['replies no longer contradict each other', watch('OrderConsistent'), 'consistent again'],
  ['a person starts a watch', watch('WatchStarted', undefined, 'person'), 'watch started by an operator'],
  ['a request starts a watch', watch('WatchStarted', undefined, 'request'), 'watch started by a request'],
  [
    'a list starts a watch',
    watch('WatchStarted', undefined, 'list'),
    'watch started: found in the list of open orders',
  ],
  ['an older release started a watch', watch('WatchStarted'), 'watch started'],
  ['a person stops a watch', watch('WatchStopped'), 'watch stopped by an operator'],
  ['npm start does not know an event', watch('OrderFramed'), 'OrderFramed'],
])('npm start prints a line in words when %s', (_, event, expected) => {
  expect(what(createTransitionLines()(event, now, Infinity))).toBe(expected);
});

test.each([
  ['request', false],
  ['list', true],
  ['person', true],
] as const)('the line of a watch that was started by a %s is printed: %s', (startedBy, shown) => {
  expect(isShown(watch('WatchStarted', undefined, startedBy))).toBe(shown);
});

test('npm start prints transitions under their header, adds what an order trades, and shows a delay only for changes on the exchange', () => {
  const lineOf = createTransitionLines();
  const time = new Date(now).toTimeString().slice(0, 8);
  expect(header).toBe('  Time         After  Order              Instrument           What changed');
  expect(lineOf(watch('WatchStarted', undefined, 'person'), now, 110)).toBe(
    `  ${time}            ${seedId}  -                    watch started by an operator`,
  );
  expect(lineOf(changed(null, {}), now, 110)).toBe(
    `  ${time}     1.2 s  ${seedId}  XRP-PERPETUAL        open: buy 3 at 1.10`,
  );
  expect(lineOf(watch('OrderMissing'), now, 110)).toContain(`${seedId}  XRP-PERPETUAL        MISSING`);
});

test('on a narrow terminal npm start prints what changed on its own line, and nothing wider than the terminal', () => {
  const lineOf = createTransitionLines();
  const time = new Date(now).toTimeString().slice(0, 8);
  expect(lineOf(changed(null, {}), now, 60)).toBe(
    `  ${time}     1.2 s  ${seedId}  XRP-PERPETUAL\n            open: buy 3 at 1.10`,
  );
  const edited = changed({ order_state: 'suspended' }, { price: '2998.10' });
  const events = [edited, changed({}, { order_state: 'triggered' }, true), watch('OrderMissing', now - 2_000)];
  const lines = [transitionsHeader(60), ...events.map((event) => lineOf(event, now, 60))].join('\n').split('\n');
  expect(lines).toHaveLength(8);
  for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(60);
});

test.each([
  [-5, '0.0 s'],
  [1_234, '1.2 s'],
  [12_345, '12 s'],
  [119_000, '119 s'],
  [120_000, '2 min'],
  [7_200_000, '2 h'],
  [3 * 86_400_000, '3 days'],
  [6.3 * 365 * 86_400_000, '6 years'],
])('npm start prints a duration of %s ms as %s', (milliseconds, expected) => {
  expect(duration(milliseconds)).toBe(expected);
});

const hostile = '\u001b[2J\u009b31m\r\n\u202egpj\u2066\u200b';
const escaped = '\\u001b[2J\\u009b31m\\u000d\\u000a\\u202egpj\\u2066\\u200b';

test('text in an event cannot control the terminal', () => {
  const line = createTransitionLines()(
    changed({ order_state: 'open' }, { instrument_name: hostile, order_state: hostile }),
    now,
    110,
  );
  expect(line).toContain(`  ${escaped}  `);
  expect(line).toContain(`open → ${escaped}`);
  expect(line).not.toMatch(/\p{C}/u);
});

test('text in an order cannot control the terminal', () => {
  const shown = orderTable(
    { account: 'main', order: { order_id: hostile, label: hostile, details: { [hostile]: 1 } } },
    80,
  );
  expect(shown.split('\n').filter((line) => line.includes(escaped))).toHaveLength(3);
  expect(shown).not.toMatch(/[^\P{C}\n]/u);
});
