import { Failure } from '../errors.ts';
import type { CallResult, ReplyReader } from './calls.ts';
import type { Dialect } from './dialects/index.ts';
import { isJsonObject, JsonError, parseJson, scalarText } from './json.ts';
import { type Order, orderIdPattern, readOrder, refuseImplausibleTimes } from './order.ts';
import { createRowScan, rowOrderId } from './row-scan.ts';

/** A row that could be read, or why it could not: then its order needs its own call. */
type RowReading = Order | Failure;

/** One row of a list or a history. */
export type OrderRow = {
  readonly orderId: string;
  /** The row's text, verbatim. */
  readonly text: string;
  /** The exchange's clock when it sent the row, epoch ms, if it said. */
  readonly exchangeTime: number | undefined;
  /** Parses the row now, and each time: a caller that needs no order pays for none. */
  readonly read: () => RowReading;
};

/** A row as it came, its id if that can be read, and whether it was known. */
export type ScannedRow = {
  readonly orderId: string | undefined;
  readonly text: string;
  readonly known: boolean;
};

/** The rows of earlier lists, as one reply goes through them: most lists hold the same rows in the same order. */
export type EarlierRows = {
  /** The row that followed in an earlier list, a JSON object; a guess that `isKnown` has to confirm. */
  readonly next: () => { readonly orderId: string; readonly text: string } | undefined;
  /** Whether the row that came now was read before and need not be read again. */
  readonly isKnown: (orderId: string, text: string) => boolean;
};

const noRows: EarlierRows = { next: () => undefined, isKnown: () => false };

/** The maximum size of a list, bytes: 10 000 orders are about 6 MB. */
const maxListBytes = 16 * 1024 * 1024;

/**
 * Reads a reply whose `result` is an array of orders and gives `onRow` each row as it arrives; the reader itself keeps
 * none. A row that is known is not parsed. `read` returns the number of rows, and throws `invalid_response` unless the
 * reply is JSON to its end: until then no row means anything.
 */
export function createRowReader(
  onRow: (row: ScannedRow) => void,
  earlier: EarlierRows = noRows,
): Required<ReplyReader<number>> {
  let count = 0;
  let malformed = false;
  const takeRow = (text: string): void => {
    count++;
    const expected = earlier.next();
    const orderId = text === expected?.text ? expected.orderId : readableId(text);
    const known = orderId !== undefined && earlier.isKnown(orderId, text);
    malformed ||= !known && !isJson(text);
    onRow({ orderId, text, known });
  };
  const take = createRowScan(takeRow, () => earlier.next()?.text);
  return {
    stream: { maxBytes: maxListBytes, take },
    read: ({ result }) => {
      if (!Array.isArray(result)) throw unusable('its result is not a list');
      // A reply with two results: the rows of both have been seen as one list.
      if (scalarText(result[0]) !== (count === 0 ? undefined : String(count))) {
        throw unusable('it has more than one result');
      }
      if (malformed) throw unusable('a row of its list is not JSON');
      return count;
    },
  };
}

function readableId(row: string): string | undefined {
  const id = rowOrderId(row);
  return id !== undefined && orderIdPattern.test(id) ? id : undefined;
}

/** A row, and the reply that it came with. */
export function orderRow(
  orderId: string,
  { text }: ScannedRow,
  {
    dialect,
    receivedAt,
    exchangeTime,
  }: Pick<CallResult<unknown>, 'receivedAt' | 'exchangeTime'> & { readonly dialect: Dialect },
): OrderRow {
  return { orderId, text, exchangeTime, read: () => readRow(text, orderId, { dialect, receivedAt }) };
}

function readRow(
  text: string,
  orderId: string,
  { dialect, receivedAt }: { readonly dialect: Dialect; readonly receivedAt: number },
): RowReading {
  try {
    const row = parseJson(text);
    if (!isJsonObject(row)) throw unusable('a row of its list is not an order');
    const order = readOrder(row, dialect);
    if (order.order_id !== orderId) throw unusable('a row of its list has two order ids');
    refuseImplausibleTimes(order, receivedAt);
    return order;
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
    // The parser's error is left out: it can hold a name that the exchange chose.
    if (thrown instanceof JsonError) return unusable('a row of its list is nested too deeply or repeats a key');
    throw thrown;
  }
}

/** The engine's own parser: fast, and nothing of what it makes is used. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function unusable(why: string): Failure {
  return new Failure('invalid_response', `The exchange's reply is invalid: ${why}.`);
}
