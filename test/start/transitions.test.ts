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
  ['filled in part already', changed(null, { filled_amount: '1' }), 'open: buy 3 at 1.10, filled 1/3'],
  ['of a special type', changed(null, { order_type: 'stop_limit' }), 'open: stop_limit buy 3 at 1.10'],
  ['closed', changed(null, { order_state: 'canceled' }, true), 'canceled 0/3'],
  ['it fills in part', changed({}, { filled_amount: '1', average_price: '1.10' }), 'filled 0 → 1/3 at 1.10'],
  [
    'it fills',
    changed({ filled_amount: '1' }, { order_state: 'filled', filled_amount: '3', average_price: '1.1005' }, true),
    'open → filled 3/3 at 1.1005',
  ],
  ['it is cancelled', changed({}, { order_state: 'canceled' }, true), 'open → canceled 0/3'],
  ['it is triggered', changed({}, { order_state: 'triggered' }, true), 'open → triggered: a new order was placed'],
  ['it is edited', changed({}, { price: '1.20', amount: '4' }), 'price 1.10 → 1.20, amount 3 → 4'],
  ['nothing that we name changes', changed({}, {}), 'open, updated'],
  ['it vanishes', watch('OrderMissing', now - 2_000), 'MISSING, last seen 1.5 s earlier; still watched'],
  ['it is found', watch('OrderFound'), 'found again'],
  ['its state is unknown', watch('OrderStateUnknown'), 'UNKNOWN STATE, still watched'],
  ['replies contradict each other', watch('OrderInconsistent'), 'INCONSISTENT, still watched'],
  ['and no longer do', watch('OrderConsistent'), 'consistent again'],
  ['a person starts', watch('WatchStarted', undefined, 'person'), 'watch started by an operator'],
  ['a request starts', watch('WatchStarted', undefined, 'request'), 'watch started by a request'],
  ['a list starts', watch('WatchStarted', undefined, 'list'), 'watch started: found in the list of open orders'],
  ['an older release started', watch('WatchStarted'), 'watch started'],
  ['a person stops', watch('WatchStopped'), 'watch stopped by an operator'],
  ['an event is new to the runner', watch('OrderFramed'), 'OrderFramed'],
])('a line says in words when %s', (_, event, expected) => {
  expect(what(createTransitionLines()(event, now, Infinity))).toBe(expected);
});

test.each([
  ['request', false],
  ['list', true],
  ['person', true],
] as const)('a watch started by a %s is shown: %s', (startedBy, shown) => {
  expect(isShown(watch('WatchStarted', undefined, startedBy))).toBe(shown);
});

test('lines stand under their header, and remember what an order trades', () => {
  const lineOf = createTransitionLines();
  const time = new Date(now).toTimeString().slice(0, 8);
  expect(header).toBe('  Time         After  Order              Instrument           What changed');
  expect(lineOf(watch('WatchStarted', undefined, 'person'), now, 110)).toBe(
    `  ${time}     0.5 s  ${seedId}  -                    watch started by an operator`,
  );
  expect(lineOf(changed(null, {}), now, 110)).toBe(
    `  ${time}     1.2 s  ${seedId}  XRP-PERPETUAL        open: buy 3 at 1.10`,
  );
  expect(lineOf(watch('OrderMissing'), now, 110)).toContain(`${seedId}  XRP-PERPETUAL        MISSING`);
});

test('on a narrow terminal what changed is on a line of its own, and nothing is wider', () => {
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
])('a duration of %s ms is shown as %s', (milliseconds, expected) => {
  expect(duration(milliseconds)).toBe(expected);
});

const hostile = '\u001b[2J\u009b31m\r\n\u202egpj\u2066\u200b';
const escaped = '\\u001b[2J\\u009b31m\\u000d\\u000a\\u202egpj\\u2066\\u200b';

test('text of an order cannot control the terminal: an event', () => {
  const line = createTransitionLines()(
    changed({ order_state: 'open' }, { instrument_name: hostile, order_state: hostile }),
    now,
    110,
  );
  expect(line).toContain(`  ${escaped}  `);
  expect(line).toContain(`open → ${escaped}`);
  expect(line).not.toMatch(/\p{C}/u);
});

test('text of an order cannot control the terminal: an order', () => {
  const shown = orderTable(
    { account: 'main', order: { order_id: hostile, label: hostile, details: { [hostile]: 1 } } },
    80,
  );
  expect(shown.split('\n').filter((line) => line.includes(escaped))).toHaveLength(3);
  expect(shown).not.toMatch(/[^\P{C}\n]/u);
});
