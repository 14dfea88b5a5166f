import type { DialectDefinition, ExchangeError, ListMethods } from './definition.ts';
import { deribitErrors } from './deribit.ts';

const documents = { document: 'https://openapi-docs.orangex.com' };
const observed = { document: 'replies of api.orangex.com, recorded by users' };
const codeBase = { document: "OrangeX's code base of 2022", unconfirmed: true } as const;

/**
 * OrangeX publishes no list of its codes. Its API copies Deribit's, so Deribit's numbers are taken for its own until a
 * reply shows otherwise. A code that may mean several things is `exchange_error`, from which nothing is concluded.
 */
const errors = {
  ...Object.fromEntries(
    Object.entries(deribitErrors).map(([number, error]) => [number, { ...error, unconfirmed: true } as const]),
  ),
  1000: { name: 'no service', code: 'request_rejected', ...observed },
  10000: { name: 'authentication failure', code: 'unauthorized', ...observed },
  1005: { name: 'too frequent', code: 'throttled', ...codeBase },
  2010: { name: 'access denied', code: 'forbidden', ...codeBase },
  5002: { name: 'order does not exist', code: 'order_not_found', ...codeBase },
  5010: { name: 'not active', code: 'exchange_error', ...codeBase },
  8001: { name: 'no data', code: 'exchange_error', ...codeBase },
  9900: { name: 'service busy', code: 'busy', ...codeBase },
} as const satisfies Record<number, ExchangeError>;

const orderHistory = 'private/get_order_history_by_instrument';
const trades = 'private/get_user_trades_by_order';

/**
 * There is no call for all orders (error 1000): `currency` names a trading area, and the two areas together are taken
 * for all there is. Any other area returns success and `[]`. Each call is one of the 10 requests a second; a
 * key without the right to read gets 2010 or 10000. Copy-trade orders are in no list.
 * Source: openapi-docs.orangex.com. Unconfirmed: that the two areas are all, whether stop orders before their trigger
 * are listed, and how long histories reach back. Placing and cancelling is asynchronous, so lists are late by seconds.
 */
const lists = {
  openOrders: [
    { method: 'private/get_open_orders_by_currency', params: { currency: 'PERPETUAL' } },
    { method: 'private/get_open_orders_by_currency', params: { currency: 'SPOT' } },
  ],
  lagMs: 10_000,
  // Orders without a fill are included; 100 is the page of the documents' own example.
  orderHistory: [{ source: 'order_history', method: orderHistory, params: {}, count: 100 }],
  trades: [{ source: 'trades', method: trades, params: {} }],
} as const satisfies ListMethods;

/** The specification's exchange: Derinow in 2020, OrangeX today. */
export const orangex = {
  name: 'orangex',
  url: 'https://api.orangex.com/api/v1',
  version: 'v1',
  // Milliseconds, although the fields are called microseconds.
  unitsPerMs: 1,
  // Without the slash it returns 1000 "no service".
  methodPrefix: '/',
  auth: 'token',
  errors,
  states: {
    open: 'open',
    filled: 'filled',
    canceled: 'canceled',
    // Deribit's, whose API this one copies.
    cancelled: 'canceled',
    rejected: 'rejected',
    untriggered: 'untriggered',
    triggered: 'triggered',
  },
  limit: { perSecond: 10, burst: 10 },
  // Not known: the shorter time of the two exchanges is assumed.
  retentionMs: 30 * 60_000,
  fields: [
    'condition_type',
    'currency',
    'custom_order_id',
    'error_code',
    'first_deal_time',
    'kind',
    'leverage',
    'mmp',
    'position_side',
    'post_only',
    'reduce_only',
    'rpl',
    'show_name',
    'source',
    'stop_loss_price',
    'take_profit_price',
    'trigger_price',
    'trigger_price_type',
  ],
  // Rows of lists lack `currency`, which never changes: its absence does not make them another state.
  volatile: ['rpl', 'currency'],
  lists,
  sources: {
    url: documents,
    unitsPerMs: observed,
    auth: observed,
    states: documents,
    limit: { document: "OrangeX's support, July 2026", unconfirmed: true },
    retentionMs: { document: 'none', unconfirmed: true },
    fields: observed,
    volatile: observed,
  },
} as const satisfies DialectDefinition;
