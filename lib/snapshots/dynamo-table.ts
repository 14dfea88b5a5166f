import { createPut, createQuery, createUpdate, type Item, number, type QueryInput } from '../dynamo.ts';
import { asFailure } from '../errors.ts';
import { createPutWatch, type WatchWriterDeps } from './dynamo-put-watch.ts';
import {
  currentPrefix,
  headItem,
  headKey,
  historyLookupItem,
  indexName,
  listKey,
  notFoundItem,
  partitionKey,
  snapshotItem,
  snapshotKey,
  snapshotPrefix,
  watchKey,
} from './items.ts';
import { orderIdOf, readIndexedOrder, readSnapshot, readWatch, sortKeyOf } from './read-items.ts';
import type { OrderKey, Provenance } from './snapshot.ts';
import type { IndexedOrder, SnapshotTable } from './table.ts';

type DynamoTableDeps = WatchWriterDeps & {
  /** How long an account keeps snapshots that are no longer the newest; forever when undefined. */
  readonly historyDaysOf?: (account: string) => number | undefined;
};

/** How many older snapshots get their expiry at once. */
const maxSuperseded = 50;

/** The snapshot table in DynamoDB. `items.ts` lists its items and requests. */
export function createDynamoTable(deps: DynamoTableDeps): SnapshotTable {
  const put = createPut(deps);
  const query = createQuery(deps);

  return {
    readCurrent: async (key) => {
      const { items } = await query({ ...withPrefix(key, currentPrefix), ConsistentRead: true });
      const head = items.find((item) => sortKeyOf(item) === headKey);
      const stored = items.find((item) => sortKeyOf(item) === watchKey);
      return { head: head && readSnapshot(head), stored: stored && readWatch(stored) };
    },

    newestSnapshot: async (key) => {
      const newest = { ...withPrefix(key, snapshotPrefix), ScanIndexForward: false, Limit: 1, ConsistentRead: true };
      const [item] = (await query(newest)).items;
      return item && readSnapshot(item);
    },

    putSnapshot: (snapshot) =>
      put({
        Item: snapshotItem(snapshot),
        ConditionExpression: `attribute_not_exists(pk) OR ${earlier}`,
        ExpressionAttributeValues: provenanceValues(snapshot.provenance),
      }),

    supersedeBefore: createSupersedeBefore(deps),

    putHead: (snapshot) =>
      put({
        Item: headItem(snapshot),
        ConditionExpression: `attribute_not_exists(pk) OR #rank < :rank OR #rank = :rank AND (${earlier})`,
        ExpressionAttributeNames: { '#rank': 'rank' },
        ExpressionAttributeValues: { ...provenanceValues(snapshot.provenance), ':rank': { S: snapshot.rank } },
      }),

    putWatch: createPutWatch(deps),

    putNotFound: async (notFound) => {
      await put({ Item: notFoundItem(notFound) });
    },

    putHistoryLookup: async (lookup) => {
      await put({ Item: historyLookupItem(lookup) });
    },

    list: async (account, list, until, limit, onUnreadable = () => {}) => {
      const listed: IndexedOrder[] = [];
      let start: Item | undefined;
      do {
        const page = await query({
          IndexName: indexName,
          KeyConditionExpression: '#list = :list AND list_at <= :until',
          ExpressionAttributeNames: { '#list': 'list' },
          ExpressionAttributeValues: { ':list': { S: listKey(account, list) }, ':until': number(until) },
          ExclusiveStartKey: start,
          Limit: Number.isFinite(limit) ? limit - listed.length : undefined,
        });
        for (const item of page.items) {
          try {
            listed.push(readIndexedOrder(item));
          } catch (thrown) {
            onUnreadable(orderIdOf(item, account), asFailure(thrown));
          }
        }
        start = page.lastKey;
      } while (start !== undefined && listed.length < limit);
      return listed;
    },
  };
}

/** Gives the snapshots before the newest one their expiry, where the account keeps history for a time only. */
function createSupersedeBefore(deps: DynamoTableDeps): SnapshotTable['supersedeBefore'] {
  const query = createQuery(deps);
  const update = createUpdate(deps);
  return async (newest) => {
    const days = deps.historyDaysOf?.(newest.account);
    if (days === undefined) return;
    const { pk, sk } = snapshotKey(newest);
    // Those without an expiry: usually one, or what a crash or another writer left.
    const { items: older } = await query({
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :newest',
      FilterExpression: 'attribute_not_exists(expires_at) AND #rank < :rank',
      ExpressionAttributeNames: { '#rank': 'rank' },
      ExpressionAttributeValues: {
        ':pk': pk,
        ':first': { S: snapshotPrefix },
        ':newest': sk,
        ':rank': { S: newest.rank },
      },
      ScanIndexForward: false,
      Limit: maxSuperseded,
      ConsistentRead: true,
    });
    const end = Math.ceil(newest.provenance.firstObservedAt / 1000) + days * 86_400;
    for (const item of older) {
      await update({
        Key: { pk, sk: { S: sortKeyOf(item) } },
        UpdateExpression: 'SET expires_at = :end',
        // It may be gone already.
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':end': number(end) },
      });
    }
  };
}

/**
 * The stored provenance is later than ours: `isEarlier` as a condition. AND binds before OR: no parentheses, for each pair
 * multiplies the time that the tests' DynamoDB takes to parse a condition.
 */
const earlier = 'first_observed_at > :seen OR first_observed_at = :seen AND request_id > :request';

function provenanceValues({ firstObservedAt, requestId }: Provenance): Item {
  return { ':seen': number(firstObservedAt), ':request': { S: requestId } };
}

function withPrefix(key: OrderKey, prefix: string): QueryInput {
  return {
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
    ExpressionAttributeValues: { ':pk': { S: partitionKey(key) }, ':prefix': { S: prefix } },
  };
}
