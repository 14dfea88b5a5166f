import { asFailure, type Code, Failure } from '../errors.ts';
import type { Calls, ReplyReader } from './calls.ts';
import type { HistoryMethod } from './dialects/definition.ts';
import type { Dialect } from './dialects/index.ts';
import type { HistoryOutcome } from './history-outcomes.ts';
import { isJsonObject, type Json, scalarText } from './json.ts';
import type { Reply } from './json-rpc.ts';
import { phaseOf } from './order.ts';
import { rethrowAsAccountFailure } from './order-failures.ts';
import { createRowReader, type OrderRow, orderRow, type ScannedRow } from './rows.ts';

export type HistoryQuery = { readonly orderId: string; readonly instrumentName: string };

/** One search of one place. */
type SearchAttempt = {
  /** The place, as the dialect names it. */
  readonly source: string;
  readonly outcome: HistoryOutcome;
  /** How many rows or trades were read. */
  readonly rows: number;
  /** Why it failed. */
  readonly failure?: Failure;
};

/** The order's row in a history. Being in a history is not being closed: the row's state says what it is. */
type HistoryRow = OrderRow & {
  readonly source: string;
  /** Just before the call that the row came with, and just after; epoch ms. */
  readonly requestedAt: number;
  readonly receivedAt: number;
  readonly keyVersion: string;
};

export type HistorySearchResult = {
  /** None when it was not found. More than one when several places, or a page of one, hold it: the rank decides. */
  readonly rows: readonly HistoryRow[];
  /** In the order in which they were made. */
  readonly attempts: readonly SearchAttempt[];
};

/** What one place returned. */
type Found = Pick<SearchAttempt, 'outcome' | 'rows' | 'failure'> & { readonly found?: readonly HistoryRow[] };
type SearchContext = { readonly call: Calls['call']; readonly deadline: number; readonly dialect: Dialect };
type OrderHistory = Dialect['lists']['orderHistory'][number];

/** More pages than this are not read: each costs as much as one order's own call. */
const maxPages = 20;
/** Failures of the one call, which the next place may not share. */
const ofOneCall: ReadonlySet<Code> = new Set(['invalid_response', 'exchange_error', 'request_rejected']);

/**
 * Looks for an order in the places of the dialect, one after the other: the histories of its instrument until a row
 * names its end, then its trades. A recent history can still show as open what an archive shows as closed. Ends early
 * when a place fails for a reason that the next one would share. The exchange's failures are not thrown: they are part
 * of the attempts.
 */
export function createFindInHistory(dialect: Dialect, call: Calls['call']) {
  return async (query: HistoryQuery, { deadline }: { readonly deadline: number }): Promise<HistorySearchResult> => {
    const { lists } = dialect;
    const context = { call, deadline, dialect };
    const looks = [
      ...lists.orderHistory.map((place) => ({ source: place.source, look: () => findRow(context, place, query) })),
      ...lists.trades.map((place) => ({ source: place.source, look: () => findTrades(context, place, query) })),
    ];
    const rows: HistoryRow[] = [];
    const attempts: SearchAttempt[] = [];
    for (const { source, look } of looks) {
      const { found = [], ...outcome } = await look().catch(rethrowAsAccountFailure).catch(failed);
      attempts.push({ source, ...outcome });
      const stops = outcome.failure !== undefined && !ofOneCall.has(outcome.failure.code);
      rows.push(...found);
      if (stops || found.some(namesEnd)) break;
    }
    return { rows, attempts };
  };
}

function namesEnd({ read }: HistoryRow): boolean {
  const order = read();
  return !(order instanceof Failure) && phaseOf(order) === 'final';
}

function failed(thrown: unknown): Found {
  return { outcome: 'failed', rows: 0, failure: asFailure(thrown) };
}

/**
 * Reads page after page by offset up to an empty one: a short page may have been cut by an undocumented limit, and the
 * order of the rows is not guaranteed.
 */
async function findRow(
  { call, deadline, dialect }: SearchContext,
  place: OrderHistory,
  query: HistoryQuery,
): Promise<Found> {
  const { method, count, source } = place;
  let rows = 0;
  let before: string | undefined;
  for (let page = 0; page < maxPages; page++) {
    const params = { ...place.params, instrument_name: query.instrumentName, count, offset: rows };
    const { result, ...reply } = await call({ method, params }, () => createPageReader(query.orderId), deadline);
    const { requestedAt, receivedAt, keyVersion, exchangeTime } = reply;
    rows += result.count;
    if (result.found.length > 0) {
      const found = result.found.map((row) => orderRow(query.orderId, row, { dialect, receivedAt, exchangeTime }));
      return {
        outcome: 'found',
        rows,
        found: found.map((row) => ({ ...row, source, requestedAt, receivedAt, keyVersion })),
      };
    }
    if (result.count === 0) return { outcome: 'not_found', rows };
    // The same page again: the exchange ignores the offset, so the rows after it are out of reach.
    if (result.firstText === before) break;
    before = result.firstText;
  }
  return { outcome: 'not_exhausted', rows };
}

type ScannedPage = {
  readonly count: number;
  readonly firstText: string | undefined;
  readonly found: readonly ScannedRow[];
};

function createPageReader(orderId: string): ReplyReader<ScannedPage> {
  const found: ScannedRow[] = [];
  let firstText: string | undefined;
  const { stream, read } = createRowReader((row) => {
    firstText ??= row.text;
    if (row.orderId === orderId) found.push(row);
  });
  return { stream, read: (reply) => ({ count: read(reply), firstText, found }) };
}

async function findTrades(
  { call, deadline }: SearchContext,
  place: HistoryMethod,
  query: HistoryQuery,
): Promise<Found> {
  const params = { ...place.params, order_id: query.orderId };
  const { result } = await call({ method: place.method, params }, () => ({ read: readTrades }), deadline);
  const ofOrder = result.trades.filter(
    (trade) => isJsonObject(trade) && scalarText(trade['order_id']) === query.orderId,
  );
  if (ofOrder.length > 0) return { outcome: 'fills', rows: ofOrder.length };
  return { outcome: result.hasMore ? 'not_exhausted' : 'not_found', rows: 0 };
}

/** A bare array, or `{trades, has_more}`: both exchanges have returned both. */
function readTrades({ result }: Reply): { readonly trades: readonly Json[]; readonly hasMore: boolean } {
  const trades = isJsonObject(result) ? result['trades'] : result;
  if (!Array.isArray(trades)) {
    throw new Failure('invalid_response', "The exchange's reply is invalid: it has no list of trades.");
  }
  return { trades, hasMore: isJsonObject(result) && result['has_more'] === true };
}
