import type { CallResult, Calls, ReplyReader } from './calls.ts';
import type { Dialect } from './dialects/index.ts';
import { rethrowAsAccountFailure } from './order-failures.ts';
import { createRowReader, type EarlierRows, type OrderRow, orderRow, type ScannedRow } from './rows.ts';

/** What the exchange lists as an account's open orders. Times are ours, epoch ms. */
export type OpenOrders = {
  /** Of all listed orders. */
  readonly ids: ReadonlySet<string>;
  /** The rows that are not known. Evidence of life, never of an end. */
  readonly changed: readonly OrderRow[];
  /**
   * Whether an order's absence from `ids` means that the exchange did not list it. `false` when the id of a row
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
  /** Begins to go through the rows that need not be returned again because they were recorded; once for each reply. */
  readonly followEarlier?: () => EarlierRows;
};

type ListReply = {
  readonly ids: ReadonlySet<string>;
  readonly changed: readonly ScannedRow[];
  readonly complete: boolean;
};

/**
 * Lists all open orders of an account: one call for each list of the dialect, one after the other. Each takes a permit,
 * renews token and key, and is repeated as any other call. Throws `Failure` when one of them fails.
 */
export function createListOpenOrders(dialect: Dialect, call: Calls['call']) {
  return async ({ deadline, followEarlier }: ListOpenOrdersOptions): Promise<OpenOrders> => {
    const replies: CallResult<ListReply>[] = [];
    for (const method of dialect.lists.openOrders) {
      replies.push(
        await call(method, () => createListReader(followEarlier?.()), deadline).catch(rethrowAsAccountFailure),
      );
    }
    return joined(replies, dialect);
  };
}

/** Reads one reply of a list; its result is valid only once `read` has returned. */
export function createListReader(earlier?: EarlierRows): ReplyReader<ListReply> {
  const ids = new Set<string>();
  /** By their texts. */
  const changed = new Map<string, ScannedRow>();
  let complete = true;
  const { stream, read } = createRowReader((row) => {
    const { orderId, text, known } = row;
    if (orderId === undefined || ids.has(orderId)) complete = false;
    if (orderId === undefined) return;
    ids.add(orderId);
    if (!known) changed.set(text, row);
  }, earlier);
  return {
    stream,
    read: (reply) => {
      read(reply);
      return { ids, changed: [...changed.values()], complete };
    },
  };
}

/** An order that two lists hold is no contradiction: it may have changed between the calls. */
function joined(replies: readonly CallResult<ListReply>[], dialect: Dialect): OpenOrders {
  const lists = replies.map(({ result }) => result);
  const keyVersions = new Set(replies.map(({ keyVersion }) => keyVersion));
  return {
    ids: lists.map(({ ids }) => ids).reduce((all, ids) => all.union(ids)),
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
