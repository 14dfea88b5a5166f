import { dialects } from '../../../lib/exchange/dialects/index.ts';
import type { CustomFault } from '../../emulator/exchange/faults.ts';
import type { OrderItems } from '../order-items.ts';
import { caseRow, type Expected, type FaultCase, type Row, reply, type Subject } from '../row.ts';
import { requestOrder } from '../tally.ts';

const both = (
  fault: string,
  cases: readonly FaultCase[] | ((subject: Subject) => Promise<readonly FaultCase[]>),
): Row => caseRow({ group: 'meaning', fault, cases });

/** What a code says of an order counts only in a reply that echoes the call's id. */
const ofOrders: readonly Expected[] = ['order_not_found', 'invalid_order_id', 'not_owner'];

function codesOf(dialect: 'orangex' | 'deribit'): readonly Row[] {
  const all = Object.entries(dialects[dialect].errors).map(([number, { code }]) => [Number(number), code] as const);
  const row = (fault: string, cases: readonly FaultCase[], more: { isThrottled?: true; isFresh?: true } = {}) =>
    caseRow({ group: 'meaning', fault: `${fault} of ${dialect}`, accounts: [dialect], cases, ...more });
  const lasting = all.filter(([, code]) => code !== 'throttled');
  const throttling = all.filter(([, code]) => code === 'throttled');
  const data = { reason: 'any', param: 'order_id', wait: 60 };
  return [
    row(
      'every error code, with and without data,',
      lasting.flatMap(([number, code]) => [
        reply({ kind: 'error', code: number }, code),
        reply({ kind: 'error', code: number, data }, code),
        reply({ kind: 'error', code: number, data: { wait: 'soon' } }, code),
      ]),
    ),
    row(
      'every error code without an id',
      lasting.map(([number, code]) =>
        reply({ kind: 'error', code: number, withId: false }, ofOrders.includes(code) ? 'invalid_response' : code),
      ),
    ),
    row(
      'every throttling code',
      throttling.map(([number, code]) => reply({ kind: 'error', code: number }, code)),
      { isThrottled: true },
    ),
    row(
      'every throttling code that requires us to wait for a minute',
      throttling.map(([number, code]) => reply({ kind: 'error', code: number, data }, code)),
      { isFresh: true },
    ),
  ];
}

/** The reply's `error` is this JSON. */
const withError = (error: string, code: Expected): FaultCase => {
  const fault: CustomFault = (_request, { body }) => ({
    body: `{"jsonrpc":"2.0","id":${/"id":(\d+)/.exec(body)?.[1]},"error":${error}}`,
  });
  return reply(fault, code, error);
};

const errors: readonly Row[] = [
  both('unknown error codes', [
    ...[424_242, 1, 0, -1, -32_099, 999_999_999].map((code) => reply({ kind: 'error', code }, 'exchange_error')),
  ]),
  both('malformed errors', [
    ...['"x"', '0', '[]', '{}', 'true', '[{"code":10004}]'].map((error) => withError(error, 'invalid_response')),
    ...['null', '1.5', '1e4', '"1 0004"', '[10004]', '99999999999999999999', '{"code":10004}', '""'].map((code) =>
      withError(`{"code":${code},"message":"x"}`, 'invalid_response'),
    ),
  ]),
];

/** A member of the order has this JSON as its value, or is left out where it has none. */
const member = (name: string, json: string, code: Expected): FaultCase => {
  const written = `"${name}":(?:"[^"]*"|[^,}]*)`;
  const [pattern, text] = json === '' ? [`${written},|,${written}(?=})`, ''] : [written, `"${name}":${json}`];
  const fault: CustomFault = (_request, { status, body }) => ({
    status,
    body: body.replace(new RegExp(pattern), () => text),
  });
  return reply(fault, code, `${name} ${json.slice(0, 24)}`);
};

const fields: readonly Row[] = [
  both('unknown states', [
    ...[
      'suspended',
      'OPEN',
      'Filled',
      ' filled',
      'filled ',
      'partially_filled',
      'closed',
      'expired',
      'no',
      '終了',
      '\\u0000',
    ].map((state) => ({
      ...member('order_state', `"${state}"`, 'ok'),
      check: ({ watchStatus }: OrderItems) => (watchStatus === 'unknown' ? undefined : `the watch is ${watchStatus}`),
    })),
  ]),
  both('malformed states', [
    ...['null', '""', '[]', '{}', 'true', `"${'x'.repeat(120_000)}"`, ''].map((state) =>
      member('order_state', state, 'invalid_response'),
    ),
  ]),
  both('times in seconds, micro- or nanoseconds, or absurd', [
    ...[
      '1597129894',
      '1597129894026000',
      '1597129894026000000',
      '0',
      '-1597129894026',
      '1262303999999',
      '4102444800000',
    ].map((time) => member('last_update_timestamp', time, 'invalid_response')),
    ...['"2020-08-11T07:11:34Z"', 'null', '""', '[]', '1e400', 'true', ''].map((time) =>
      member('last_update_timestamp', time, 'invalid_response'),
    ),
  ]),
  both('an envelope with absurd times', [
    ...['usIn', 'usOut', 'usDiff'].flatMap((name) =>
      ['0', '-1', '999999999999999', '1e400', '"x"', 'null', '[]'].map((time) => member(name, time, 'ok')),
    ),
  ]),
  both('other fields that are missing or of another type', [
    ...[
      'price',
      'amount',
      'filled_amount',
      'average_price',
      'time_in_force',
      'direction',
      'order_type',
      'creation_timestamp',
    ]
      .flatMap((name) =>
        ['', 'null', '""', '"x"', '[1]', '{"a":1}', 'false', '"NaN"'].map((json) => [name, json] as const),
      )
      .map(([name, json]) => member(name, json, 'ok')),
  ]),
  both('fills above the amount, below zero, or without a number', [
    ...['11', '1e30', '-1', '"-0.5"', '"1e-7"', '"x"'].map((filled) => member('filled_amount', filled, 'ok')),
    ...['0', '-10', '"0.000000000000000000001"'].map((amount) => member('amount', amount, 'ok')),
  ]),
];

/** Observes the order, so that what comes then is compared with that. */
async function observed({ stack, account, exchange, orderId }: Subject): Promise<void> {
  await requestOrder(stack, account, orderId);
  exchange.partialFill(orderId, '4');
  await requestOrder(stack, account, orderId);
}

const courses: readonly Row[] = [
  both('older states, and fills that go down', async (subject) => {
    await observed(subject);
    return [1, 2].flatMap((back) => [
      reply({ kind: 'stale', back }, 'ok'),
      { ...member('filled_amount', String(back), 'ok'), name: `filled ${back} of before 4, at the same time` },
    ]);
  }),
  both('an order that is open again after it closed', async ({ exchange }) => {
    const later = (id: string, order_state: string) => exchange.update(id, { order_state });
    return [
      {
        name: 'filled',
        code: 'ok',
        apply: ({ orderId }) => later(orderId, 'filled'),
        check: ({ watchStatus }) => (watchStatus === 'final' ? undefined : `the watch is ${watchStatus} after its end`),
      },
      {
        name: 'open again',
        code: 'ok',
        apply: ({ orderId }) => later(orderId, 'open'),
        check: ({ watchStatus }) => (watchStatus === 'final' ? 'the watch stays closed' : undefined),
      },
    ];
  }),
];

export const meaningRows: readonly Row[] = [
  ...codesOf('orangex'),
  ...codesOf('deribit'),
  ...errors,
  ...fields,
  ...courses,
];
