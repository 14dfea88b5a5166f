import type { Operation, routes } from '../../lib/api/routes.ts';
import { seedId } from '../emulator/exchange/seed-order.ts';

/** A value that a parameter may not have: what is wrong with it, and the value. */
type BadValue<Value = string> = readonly [wrong: string, value: Value];

type Routes = typeof routes;
type Named<R> = R extends { readonly parameters: { readonly shape: infer Shape } } ? keyof Shape : never;
type ParameterName = Named<Routes[Operation]>;
type WithBody = { [O in Operation]: Routes[O] extends { readonly body: object } ? O : never }[Operation];
type Members<O extends WithBody> = keyof Routes[O]['body']['shape'];

/** What each parameter can be in a valid request. */
export const goodValues: Readonly<Record<ParameterName, string>> = {
  account: 'main',
  order_id: seedId,
  version: 'v1',
  max_age: '60',
  state: 'live',
  instrument_name: 'BTC-PERPETUAL',
  since: '2020-08-11T00:00:00Z',
  until: '2020-08-12T00:00:00.250+02:00',
  at: '2020-08-12T00:00:00Z',
  believed_at: '2026-11-23T08:00:00Z',
  limit: '100',
  cursor: 'of-an-earlier-page',
};

const control = ['a control character', '1\u00002'] as const;
const slash = ['a slash', 'a/b'] as const;

const seconds = [
  ['a word', 'soon'],
  ['nothing', ''],
  ['below its range', '-1'],
  ['above its range', '1000000'],
  ['a fraction', '1.5'],
  ['another notation', '1e3'],
  ['over-long', '1'.repeat(400)],
  control,
  slash,
] as const satisfies BadValue[];

const time = [
  ['a word', 'yesterday'],
  ['nothing', ''],
  ['a number', '1597129894026'],
  ['a date alone', '2020-08-11'],
  ['without a zone', '2020-08-11T07:11:34.026'],
  ['out of the calendar', '2026-02-30T00:00:00Z'],
  ['out of the clock', '2026-02-28T24:00:01Z'],
  ['over-long', `2020-08-11T07:11:34.${'0'.repeat(4000)}Z`],
  control,
  slash,
] as const satisfies BadValue[];

/** A new parameter has to have its row here. */
export const badValues: Readonly<Record<ParameterName, readonly BadValue[]>> = {
  account: [['a capital', 'Main'], ['over-long', 'a'.repeat(33)], ['a key of the table', 'main#1'], control, slash],
  order_id: [['over-long', '1'.repeat(65)], ['another script', 'заказ'], ['a key of the table', '1#2'], control, slash],
  version: [
    ['a word', 'two'],
    ['a number', '1'],
    ['out of range', 'v100'],
    ['the other exchange’s', 'v2'],
    control,
    slash,
  ],
  max_age: seconds,
  limit: [...seconds, ['nothing at all', '0'], ['one more than a page', '101']],
  since: time,
  until: time,
  at: time,
  believed_at: time,
  state: [
    ['another word', 'open'],
    ['a capital', 'Live'],
    ['two of them', 'live,final'],
    ['over-long', 'live'.repeat(900)],
    control,
    slash,
  ],
  instrument_name: [['nothing', ''], ['over-long', 'B'.repeat(65)], ['a space', 'BTC PERPETUAL'], control, slash],
  cursor: [['no cursor', 'tampered'], ['nothing', ''], ['over-long', 'a'.repeat(513)], control, slash],
};

/** The bodies of valid requests. */
export const goodBodies = {
  checkOrders: { order_ids: [seedId], max_age: 60 },
  callGetOrderState: {
    jsonrpc: '2.0',
    id: 1,
    method: 'private/get_order_state',
    params: { order_id: seedId },
  },
} as const satisfies Readonly<Record<WithBody, object>>;

/** By the member that is wrong. */
export const badBodies: Readonly<Record<Members<'checkOrders'>, readonly BadValue<unknown>[]>> = {
  order_ids: [
    ['no list', 'ORDER-1'],
    ['null', null],
    ['no id', []],
    ['one too many', Array.from({ length: 101 }, (_, i) => `ORDER-${i}`)],
    ['a number', [1]],
    ['an id twice', ['A', 'A']],
    ['over-long', ['1'.repeat(65)]],
    ['a control character', ['1\u00002']],
    ['a slash', ['a/b']],
  ],
  max_age: [
    ['a text', '60'],
    ['null', null],
    ['below its range', -1],
    ['above its range', 1_000_000],
    ['a fraction', 1.5],
  ],
};

const params = (order_id: unknown) => ({ order_id });

/** What is wrong, the value, the error's number, and the parameter that the error names. */
type BadCall = readonly [wrong: string, value: unknown, code: number, parameter?: string];

/** By the member that is wrong. */
export const badCalls: Readonly<Record<Members<'callGetOrderState'>, readonly BadCall[]>> = {
  jsonrpc: [
    ['another version', '1.0', -32600],
    ['a number', 2, -32600],
  ],
  id: [
    ['an object', {}, -32600],
    ['true', true, -32600],
  ],
  method: [
    ['another one', 'private/buy', -32601],
    ['a number', 1, -32600],
  ],
  params: [
    ['a list', ['ORDER-1'], -32602, 'params'],
    ['without the order', {}, -32602, 'order_id'],
    ['a number', params(39), -32602, 'order_id'],
    ['over-long', params('1'.repeat(65)), -32602, 'order_id'],
    ['a control character', params('1\u00002'), -32602, 'order_id'],
    ['a slash', params('a/b'), -32602, 'order_id'],
    ['one more', { ...params('ORDER-1'), account: 'other' }, -32602, 'account'],
  ],
};
