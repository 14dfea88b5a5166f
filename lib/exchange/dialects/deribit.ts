import type { DialectDefinition, ExchangeError, ListMethods } from './definition.ts';
import { jsonRpcErrors } from './json-rpc-errors.ts';

/** Deribit's pages contradict each other on the numbers; those here agree with samples of the wire. */
const document = 'https://docs.deribit.com/#rpc-error-codes';

export const deribitErrors = {
  ...jsonRpcErrors,
  [-32000]: { name: 'Missing params', code: 'request_rejected', document },
  10000: { name: 'authorization_required', code: 'unauthorized', document },
  10004: { name: 'order_not_found', code: 'order_not_found', document },
  10025: { name: 'invalid_order_id', code: 'invalid_order_id', document },
  10028: { name: 'too_many_requests', code: 'throttled', document },
  10029: { name: 'not_owner_of_order', code: 'not_owner', document },
  10030: { name: 'must_be_websocket_request', code: 'request_rejected', document },
  10040: { name: 'retry', code: 'busy', document },
  10041: { name: 'settlement_in_progress', code: 'maintenance', document },
  10047: { name: 'matching_engine_queue_full', code: 'busy', document },
  10066: { name: 'too_many_concurrent_requests', code: 'throttled', document },
  11029: { name: 'invalid_arguments', code: 'invalid_order_id', document },
  11050: { name: 'bad_request', code: 'invalid_order_id', document },
  11051: { name: 'system_maintenance', code: 'maintenance', document },
  11094: { name: 'internal_server_error', code: 'busy', document },
  11098: { name: 'account_locked', code: 'account_locked', document },
  12003: { name: 'login_over_limit', code: 'account_locked', document },
  13004: { name: 'invalid_credentials', code: 'key_refused', document },
  13009: { name: 'unauthorized', code: 'unauthorized', document },
  13021: { name: 'forbidden', code: 'forbidden', document },
  13028: { name: 'temporarily_unavailable', code: 'busy', document },
  13888: { name: 'timed_out', code: 'busy', document },
} as const satisfies Record<number, ExchangeError>;

const orderHistory = 'private/get_order_history_by_instrument';
const trades = 'private/get_user_trades_by_order';

/**
 * One call lists every currency and kind of the key's own (sub-)account, unpaged: it costs as much as
 * get_order_state, and needs `trade:read`. Direct-access (Starbase) orders and other sub-accounts are in no list.
 * Sources: docs.deribit.com, private-get_open_orders, private-get_order_history_by_instrument (the parameters that its
 * prose calls include_old_orders and include_unfilled_orders are `include_old` and `include_unfilled` on the wire),
 * private-get_user_trades_by_order. Unconfirmed: whether lists lag behind changes.
 */
const lists = {
  openOrders: [{ method: 'private/get_open_orders', params: {} }],
  lagMs: 5_000,
  // The two stores are disjoint: the last 30 minutes, and the rest after a delay of unknown length.
  orderHistory: [
    {
      source: 'order_history_recent',
      method: orderHistory,
      params: { include_unfilled: true, include_old: true, historical: false },
      count: 1_000,
    },
    {
      source: 'order_history_archive',
      method: orderHistory,
      params: { include_unfilled: true, include_old: true, historical: true },
      count: 1_000,
    },
  ],
  trades: [
    { source: 'trades_recent', method: trades, params: { historical: false } },
    { source: 'trades_archive', method: trades, params: { historical: true } },
  ],
} as const satisfies ListMethods;

const orderState = { document: 'https://docs.deribit.com/api-reference/trading/private-get_order_state' };

/** Deribit API v2. */
export const deribit = {
  name: 'deribit',
  url: 'https://www.deribit.com/api/v2',
  version: 'v2',
  unitsPerMs: 1000,
  methodPrefix: '',
  auth: 'signature',
  errors: deribitErrors,
  states: {
    open: 'open',
    untriggered: 'untriggered',
    filled: 'filled',
    cancelled: 'canceled',
    // Not documented, but ends an order, as it does at the other exchange.
    canceled: 'canceled',
    rejected: 'rejected',
    triggered: 'triggered',
  },
  // Of a sub-account, for calls that do not reach the matching engine: a pool of 50 000 of which a call costs 500, and
  // 10 000 a second are replenished.
  limit: { perSecond: 20, burst: 100 },
  retentionMs: 30 * 60_000,
  fields: [
    'api',
    'app_name',
    'auto_replaced',
    'block_trade',
    'cancel_reason',
    'contracts',
    'display_amount',
    'implv',
    'is_liquidation',
    'is_primary_otoco',
    'is_rebalance',
    'is_secondary_oto',
    'label',
    'max_show',
    'mmp',
    'mmp_cancelled',
    'mmp_group',
    'mobile',
    'oco_ref',
    'oto_order_ids',
    'post_only',
    'primary_order_id',
    'profit_loss',
    'quote',
    'quote_id',
    'quote_set_id',
    'reduce_only',
    'refresh_amount',
    'reject_post_only',
    'replaced',
    'risk_reducing',
    'trigger',
    'trigger_fill_condition',
    'trigger_offset',
    'trigger_order_id',
    'trigger_price',
    'trigger_reference_price',
    'triggered',
    'usd',
    'web',
  ],
  volatile: ['trigger_reference_price'],
  lists,
  sources: {
    url: { document: 'https://docs.deribit.com/articles/environments' },
    unitsPerMs: { document: 'https://docs.deribit.com/articles/json-rpc-overview' },
    auth: { document: 'https://docs.deribit.com/articles/authentication' },
    states: orderState,
    limit: { document: 'https://docs.deribit.com/articles/rate-limits' },
    retentionMs: orderState,
    fields: orderState,
    volatile: orderState,
  },
} as const satisfies DialectDefinition;
