import type { Code } from '../../errors.ts';

/** Where a fact comes from: a link, or the name of a document. `unconfirmed`: nobody has seen it on the wire. */
type Source = { readonly document: string; readonly unconfirmed?: true };

/** An error of the exchange by its own name, and what it means here. */
export type ExchangeError = Source & { readonly name: string; readonly code: Code };

/** The states that we know an order to be in. */
export type KnownState = 'open' | 'untriggered' | 'filled' | 'canceled' | 'rejected' | 'triggered';

/** A method as both exchanges name it, without the dialect's prefix, and what it is called with. */
export type MethodCall = {
  readonly method: string;
  readonly params: Readonly<Record<string, string | number | boolean>>;
};

/** A place that keeps what is no longer open; `source` is the name that audit entries store. */
export type HistoryMethod = MethodCall & { readonly source: string };

/** How an account's orders can be seen without a call for each: what differs between the exchanges, as data. */
export type ListMethods = {
  /** The calls that only together list every open order; each must succeed. */
  readonly openOrders: readonly MethodCall[];
  /** How long an order may be missing from a list after it was placed or changed, milliseconds. */
  readonly lagMs: number;
  /**
   * Rows of orders by instrument, the newest store first. `instrument_name`, `count` and `offset` are added. `count` is the
   * most that the exchange gives at once.
   */
  readonly orderHistory: readonly (HistoryMethod & { readonly count: number })[];
  /** Trades of one order: they prove fills, and no end. `order_id` is added. */
  readonly trades: readonly HistoryMethod[];
};

/** How one exchange speaks: what differs between the exchanges, as data, each fact with its source. */
export type DialectDefinition = {
  /** The name by which `index.ts` lists it. */
  readonly name: string;
  /** Base URL of the production exchange; a method's path is appended to it. */
  readonly url: string;
  /** The version in that URL's path. */
  readonly version: string;
  /** How many units of usIn, usOut and usDiff make a millisecond. */
  readonly unitsPerMs: 1 | 1000;
  /** The prefix of a method's name in the body. */
  readonly methodPrefix: '/' | '';
  /** `token`: public/auth with client_credentials, then a bearer header. `signature`: each request signed, no token. */
  readonly auth: 'token' | 'signature';
  /** What the numbers in `error.code` mean; a number that is not here is `exchange_error`. */
  readonly errors: Readonly<Record<number, ExchangeError>>;
  /** What the spellings of `order_state` mean; a spelling that is not here is kept as written. */
  readonly states: Readonly<Record<string, KnownState>>;
  /** The exchange's own limit per account, shared with everything else that uses the account. */
  readonly limit: { readonly perSecond: number; readonly burst: number };
  /** How long the exchange still returns a closed order, milliseconds. After that its end is invisible. */
  readonly retentionMs: number;
  /** Fields of an order that the documents or the wire have shown, beyond the specification's; others are drift. */
  readonly fields: readonly string[];
  /** Fields of an order that change on their own: kept in the record, but no change of state when only they change. */
  readonly volatile: readonly string[];
  /** How open orders are listed, and closed ones looked up; its sources are given there. */
  readonly lists: ListMethods;
  /** Where the facts above come from. */
  readonly sources: Readonly<
    Record<'url' | 'unitsPerMs' | 'auth' | 'states' | 'limit' | 'retentionMs' | 'fields' | 'volatile', Source>
  >;
};
