import type { CustomFault, Fault } from '../../emulator/exchange/faults.ts';
import type { Row } from '../row.ts';
import { type SweepSubject, sweepRow } from '../sweep-row.ts';

/** Every list of open orders suffers from the fault. */
const listing =
  (fault: Fault) =>
  ({ exchange }: SweepSubject) =>
    exchange.scriptAlways('open_orders', fault);
const row = (fault: string, cases: Parameters<typeof sweepRow>[0]['cases'], isGone = false): Row =>
  sweepRow({ group: 'lists', fault, cases, isGone });

const rewritten =
  (change: (body: string) => string): CustomFault =>
  (_request, { status, body }) => ({ status, body: change(body) });

const lists: readonly Row[] = [
  row('a list without one of the orders', [
    listing({ kind: 'omitRow' }),
    ({ exchange, orderIds }) => exchange.scriptAlways('open_orders', { kind: 'omitRow', orderId: orderIds[0] ?? '' }),
  ]),
  row('an empty list with success', [listing({ kind: 'result', text: '[]' })]),
  row('a list that failed, is absent, or is not a list', [
    ...[10_004, 10_040, 11_051, 13_021].map((code) => listing({ kind: 'error', code })),
    ...['null', '{}', '"x"', '0', '{"orders":[]}'].map((text) => listing({ kind: 'result', text })),
    listing({ kind: 'neither' }),
    listing({ kind: 'empty' }),
  ]),
  row('maintenance without an id', [listing({ kind: 'error', code: 11_051, withId: false })]),
  row(
    'a list that is late',
    [2_000, 60_000].map((ms) => listing({ kind: 'lag', ms })),
  ),
  row('a row that is older than what is known', [
    listing({ kind: 'olderRow' }),
    listing({ kind: 'repeatRow', back: 1 }),
  ]),
  row('a row twice', [listing({ kind: 'repeatRow' })]),
  row('a row that cannot be read, or says nothing', [
    listing({ kind: 'spoilRow' }),
    ...['null', '[]', '"x"', '{}', '{"order_id":null}', '{"order_id":1}'].map((text) =>
      listing({ kind: 'spoilRow', text }),
    ),
  ]),
  row('rows with the fewest fields', [listing({ kind: 'thinRows' })]),
  row('rows that show orders as closed', [
    ...['filled', 'cancelled', 'closed'].map((state) =>
      listing(rewritten((body) => body.replaceAll(/"order_state":"\w+"/g, `"order_state":"${state}"`))),
    ),
  ]),
  row('a list that is cut', [
    ...[20, 200, 700].map((at) => listing({ kind: 'truncate', at })),
    ...[1, 2, 20, 300].map((fromEnd) => listing({ kind: 'truncate', at: -fromEnd, framing: 'short' })),
  ]),
  row('a list that is HTML, of another call, or too large', [
    listing({ kind: 'html', status: 200 }),
    listing({ kind: 'wrongId' }),
    listing({ kind: 'drop', reset: true }),
    listing({ kind: 'gzip', bytes: 40_000_000 }),
  ]),
  row('a list of one of the markets only', [
    ({ exchange, dialect }) =>
      dialect === 'orangex'
        ? exchange.scriptAlways('open_orders:SPOT', { kind: 'error', code: 9_900 })
        : exchange.scriptAlways('open_orders', { kind: 'omitRow' }),
  ]),
];

/** The order has ended and is no longer known, and its history suffers from the fault. */
const forgotten =
  (target: 'order_history' | 'trades' | undefined, fault: Fault) =>
  ({ exchange, orderIds }: SweepSubject) => {
    const [id = ''] = orderIds;
    exchange.cancel(id);
    exchange.forget(id);
    if (target !== undefined) exchange.scriptAlways(target, fault);
  };

const histories: readonly Row[] = [
  row(
    'an order that is in no list, no reply and no history',
    [
      forgotten('order_history', { kind: 'result', text: '[]' }),
      forgotten('order_history', { kind: 'omitRow' }),
      forgotten('order_history', { kind: 'lag', ms: 60_000 }),
    ],
    true,
  ),
  row(
    'a history that failed or cannot be read',
    [
      ...[10_040, 11_051, 13_021].map((code) => forgotten('order_history', { kind: 'error', code })),
      forgotten('order_history', { kind: 'html' }),
      forgotten('order_history', { kind: 'truncate' }),
      forgotten('order_history', { kind: 'result', text: '{}' }),
      forgotten('order_history', { kind: 'spoilRow' }),
    ],
    true,
  ),
  row(
    'a history whose rows are open, or of another order',
    [
      forgotten(
        'order_history',
        rewritten((body) => body.replaceAll(/"order_state":"\w+"/g, '"order_state":"open"')),
      ),
      forgotten(
        'order_history',
        rewritten((body) => body.replaceAll(/"order_id":"/g, '"order_id":"1')),
      ),
    ],
    true,
  ),
  row(
    'an exchange that was reset',
    [
      ({ exchange, orderIds }) => {
        for (const id of orderIds) exchange.erase(id);
      },
    ],
    true,
  ),
];

export const listRows: readonly Row[] = [...lists, ...histories];
