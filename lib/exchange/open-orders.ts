import type { Answered, Calls, ReplyReader } from './calls.ts';
import type { Dialect } from './dialects/index.ts';
import { notOfAnOrder } from './not-of-an-order.ts';
import { createRowReader, type OrderRow, orderRow, type ScannedRow } from './rows.ts';

/** What the exchange lists as an account's open orders. Times are ours, epoch ms. */
export type OpenOrders = {
  /** The digest of each listed order's row, by order id. Give it to the next call as `known`, once the rows are recorded. */
  readonly digests: ReadonlyMap<string, string>;
  /** The rows whose digest is not the one in `known`. Evidence of life, never of an end. */
  readonly changed: readonly OrderRow[];
  /**
   * Whether an order's absence from `digests` means that the exchange did not list it. `false` when the id of a row
   * could not be read, when a reply held an id twice, or when the key changed between the calls.
   */
  readonly complete: boolean;
  /** How many rows have no readable id. */
  readonly rowsWithoutId: number;
  /** The ids that one reply held more than once: each different row is in `changed`, and the rank decides. */
  readonly repeatedIds: readonly string[];
  /** Just before the first call was sent. */
  readonly requestedAt: number;
  /** Just after the last reply. */
  readonly answeredAt: number;
  /** The version of the key that was used. */
  readonly keyVersion: string;
};

export type ListOpenOrdersOptions = {
  /** Epoch ms: bounds all calls of the list together. */
  readonly deadline: number;
  /** Order id to digest, of rows that need not be returned again because they were recorded. */
  readonly known?: ReadonlyMap<string, string>;
};

type ListReply = {
  readonly digests: ReadonlyMap<string, string>;
  readonly changed: readonly ScannedRow[];
  readonly rowsWithoutId: number;
  readonly repeatedIds: readonly string[];
};

/**
 * Lists all open orders of an account: one call for each list of the dialect, one after the other. Each takes a permit,
 * renews token and key, and is repeated as any other call. Throws `Failure` when one of them fails.
 */
export function createListOpenOrders(dialect: Dialect, call: Calls['call']) {
  return async ({ deadline, known = new Map() }: ListOpenOrdersOptions): Promise<OpenOrders> => {
    const replies: Answered<ListReply>[] = [];
    for (const method of dialect.lists.openOrders) {
      replies.push(await call(method, () => createListReader(known), deadline).catch(notOfAnOrder));
    }
    return joined(replies, dialect);
  };
}

/** Reads one reply of a list; what it answers means something only once `read` has returned. */
export function createListReader(known: ReadonlyMap<string, string>): ReplyReader<ListReply> {
  const digests = new Map<string, string>();
  const changed: ScannedRow[] = [];
  const repeatedIds = new Set<string>();
  let rowsWithoutId = 0;
  const { stream, read } = createRowReader((row) => {
    const { orderId, digest } = row;
    if (orderId === undefined) {
      rowsWithoutId++;
      return;
    }
    const before = digests.get(orderId);
    if (before !== undefined) repeatedIds.add(orderId);
    digests.set(orderId, digest);
    if (digest !== known.get(orderId) && digest !== before) changed.push(row);
  }, known);
  return {
    stream,
    read: (reply) => {
      read(reply);
      return { digests, changed, rowsWithoutId, repeatedIds: [...repeatedIds] };
    },
  };
}

/** An order that two lists hold is no contradiction: it may have changed between the calls. */
function joined(replies: readonly Answered<ListReply>[], dialect: Dialect): OpenOrders {
  const lists = replies.map(({ result }) => result);
  const rowsWithoutId = lists.reduce((sum, list) => sum + list.rowsWithoutId, 0);
  const repeatedIds = lists.flatMap((list) => list.repeatedIds);
  const keyVersions = new Set(replies.map(({ keyVersion }) => keyVersion));
  return {
    digests: new Map(lists.flatMap(({ digests }) => [...digests])),
    changed: replies.flatMap(({ result, answeredAt, envelope }) =>
      result.changed.flatMap((row) =>
        row.orderId === undefined ? [] : orderRow(row.orderId, row, { dialect, answeredAt, envelope }),
      ),
    ),
    complete: rowsWithoutId === 0 && repeatedIds.length === 0 && keyVersions.size === 1,
    rowsWithoutId,
    repeatedIds,
    requestedAt: Math.min(...replies.map(({ requestedAt }) => requestedAt)),
    answeredAt: Math.max(...replies.map(({ answeredAt }) => answeredAt)),
    keyVersion: [...keyVersions].at(-1) ?? '',
  };
}
