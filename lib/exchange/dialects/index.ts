import type { Code } from '../../errors.ts';
import { deribitLists, type ListMethods, orangexLists } from './lists.ts';

/** How one exchange speaks: what differs between the two, as data. */
export type Dialect = {
  readonly name: 'orangex' | 'deribit';
  /** Base URL of the production exchange; a method's path is appended to it. */
  readonly url: string;
  /** The version in that URL's path. */
  readonly version: string;
  /** How many units of usIn, usOut and usDiff make a millisecond: OrangeX's count milliseconds, whatever their names say. */
  readonly unitsPerMs: 1 | 1000;
  /** What stands before a method's name in the body: OrangeX answers 1000 "no service" without its slash. */
  readonly methodPrefix: '/' | '';
  /** `token`: public/auth with client_credentials, then a bearer header. `signature`: each request signed, no token. */
  readonly auth: 'token' | 'signature';
  /** What the numbers in `error.code` mean; a number that is not here is `exchange_error`. */
  readonly errors: Readonly<Record<number, Code>>;
  /** The exchange's own limit per account, shared with everything else that uses the account. */
  readonly limit: { readonly perSecond: number; readonly burst: number };
  /** How long a closed order can still be asked for, milliseconds. After that its end is invisible. */
  readonly retentionMs: number;
  /** Fields of an order that the documents or the wire have shown, beyond the specification's; others are drift. */
  readonly fields: readonly string[];
  /** Fields of an order that move by themselves: kept in the record, but no change of state when only they move. */
  readonly volatile: readonly string[];
  /** How open orders are listed, and closed ones looked up. */
  readonly lists: ListMethods;
};

const minute = 60_000;

/** JSON-RPC's own codes, and those where both exchanges' wire samples agree. */
const commonErrors = {
  [-32700]: 'request_rejected',
  [-32600]: 'request_rejected',
  [-32601]: 'request_rejected',
  [-32602]: 'invalid_order_id',
  [-32000]: 'request_rejected',
  10000: 'unauthorized',
  10004: 'order_not_found',
  10025: 'invalid_order_id',
  10028: 'throttled',
  10029: 'not_owner',
  10030: 'request_rejected',
  10040: 'busy',
  10041: 'maintenance',
  10047: 'busy',
  10066: 'throttled',
  11029: 'invalid_order_id',
  11050: 'invalid_order_id',
  11051: 'maintenance',
  11094: 'busy',
  11098: 'account_locked',
  12003: 'account_locked',
  13004: 'key_refused',
  13009: 'unauthorized',
  13021: 'forbidden',
  13028: 'busy',
  13888: 'busy',
} as const satisfies Record<number, Code>;

/** The specification's exchange: Derinow in 2020, OrangeX today. */
export const orangex: Dialect = {
  name: 'orangex',
  url: 'https://api.orangex.com/api/v1',
  version: 'v1',
  unitsPerMs: 1,
  methodPrefix: '/',
  auth: 'token',
  errors: { ...commonErrors, 1000: 'request_rejected' },
  limit: { perSecond: 10, burst: 10 },
  retentionMs: 30 * minute, // unknown: counted as the shorter exchange's
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
  volatile: ['rpl'],
  lists: orangexLists,
};

/** Deribit API v2. */
export const deribit: Dialect = {
  name: 'deribit',
  url: 'https://www.deribit.com/api/v2',
  version: 'v2',
  unitsPerMs: 1000,
  methodPrefix: '',
  auth: 'signature',
  errors: commonErrors,
  limit: { perSecond: 20, burst: 100 },
  retentionMs: 30 * minute,
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
  lists: deribitLists,
};

export const dialects: Readonly<Record<Dialect['name'], Dialect>> = { orangex, deribit };

/** How long an account's exchange tells how an order closed, milliseconds. */
export function retentionMsOf(account: {
  readonly dialect: Dialect['name'];
  readonly keepsClosedOrdersSeconds?: number | undefined;
}): number {
  const { dialect, keepsClosedOrdersSeconds } = account;
  return keepsClosedOrdersSeconds === undefined ? dialects[dialect].retentionMs : keepsClosedOrdersSeconds * 1_000;
}
