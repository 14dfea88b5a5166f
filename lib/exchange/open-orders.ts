import type { CallResult, Calls, ReplyReader } from './calls.ts';
import type { Dialect } from './dialects/index.ts';
import { rethrowAsAccountFailure } from './order-failures.ts';
import { createRowReader, type KnownRowId, type OrderRow, orderRow, type ScannedRow } from './rows.ts';

/** What the exchange lists as an account's open orders. Times are ours, epoch ms. */
export type OpenOrders = {
  /** The digest of each listed order's row, by order id. */
  readonly digests: ReadonlyMap<string, string>;
  /** The rows that are not known. Evidence of life, never of an end. */
  readonly changed: readonly OrderRow[];
  /**
   * Whether an order's absence from `digests` means that the exchange did not list it. `false` when the id of a row
   * could not be read, when a reply held an id twice (each different row is in `changed`, and the rank decides), or when the key changed between the calls.
   */
  readonly complete: boolean;
  /** Just before the first call was sent. */
  readonly requestedAt: number;
  /** Just after the last reply. */
  readonly receivedAt: number;
  /** The version of the key that was used. */
  readonly keyVersion: string;
};

export type ListOpenOrdersOptions = {
  /** Epoch ms: bounds all calls of the list together. */
  readonly deadline: number;
  /** Of rows that need not be returned again because they were recorded. */
  readonly knownId?: KnownRowId;
};

type ListReply = {
  readonly digests: ReadonlyMap<string, string>;
  readonly changed: readonly ScannedRow[];
  readonly complete: boolean;
};

/**
 * Lists all open orders of an account: one call for each list of the dialect, one after the other. Each takes a permit,
 * renews token and key, and is repeated as any other call. Throws `Failure` when one of them fails.
 */
export function createListOpenOrders(dialect: Dialect, call: Calls['call']) {
  return async ({ deadline, knownId }: ListOpenOrdersOptions): Promise<OpenOrders> => {
    const replies: CallResult<ListReply>[] = [];
    for (const method of dialect.lists.openOrders) {
      replies.push(await call(method, () => createListReader(knownId), deadline).catch(rethrowAsAccountFailure));
    }
    return joined(replies, dialect);
  };
}

/** Reads one reply of a list; its result is valid only once `read` has returned. */
export function createListReader(knownId?: KnownRowId): ReplyReader<ListReply> {
  const digests = new Map<string, string>();
  const changed: ScannedRow[] = [];
  let complete = true;
  const { stream, read } = createRowReader((row) => {
    const { orderId, digest } = row;
    if (orderId === undefined) {
      complete = false;
      return;
    }
    const before = digests.get(orderId);
    if (before !== undefined) complete = false;
    digests.set(orderId, digest);
    if (!row.known && digest !== before) changed.push(row);
  }, knownId);
  return {
    stream,
    read: (reply) => {
      read(reply);
      return { digests, changed, complete };
    },
  };
}

/** As one list: rows of the same order are in `changed`, whatever digest is kept. */
function merged([first, ...others]: readonly ListReply[]): ReadonlyMap<string, string> {
  if (others.length === 0) return first?.digests ?? new Map();
  return new Map([first, ...others].flatMap((list) => [...(list?.digests ?? [])]));
}

/** An order that two lists hold is no contradiction: it may have changed between the calls. */
function joined(replies: readonly CallResult<ListReply>[], dialect: Dialect): OpenOrders {
  const lists = replies.map(({ result }) => result);
  const keyVersions = new Set(replies.map(({ keyVersion }) => keyVersion));
  return {
    digests: merged(lists),
    changed: replies.flatMap(({ result, receivedAt, exchangeTime }) =>
      result.changed.flatMap((row) =>
        row.orderId === undefined ? [] : orderRow(row.orderId, row, { dialect, receivedAt, exchangeTime }),
      ),
    ),
    complete: lists.every((list) => list.complete) && keyVersions.size === 1,
    requestedAt: Math.min(...replies.map(({ requestedAt }) => requestedAt)),
    receivedAt: Math.max(...replies.map(({ receivedAt }) => receivedAt)),
    keyVersion: [...keyVersions].at(-1) ?? '',
  };
}
