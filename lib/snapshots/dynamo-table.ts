import {
  type AttributeValue,
  ConditionalCheckFailedException,
  QueryCommand,
  type QueryCommandInput,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { Item } from '../dynamo.ts';
import { createPut, createPutWatch, type WatchWriterDeps } from './dynamo-writes.ts';
import {
  currentPrefix,
  headItem,
  headKey,
  indexName,
  listKey,
  notFoundItem,
  partitionKey,
  snapshotItem,
  snapshotKey,
  snapshotPrefix,
  watchKey,
} from './items.ts';
import { readListed, readSnapshot, readWatch, sortKeyOf } from './read-items.ts';
import type { OrderKey, Provenance } from './snapshot.ts';
import type { SnapshotTable } from './table.ts';
import { unavailable } from './unavailable.ts';

export type DynamoTableDeps = WatchWriterDeps & {
  /** How long an account keeps states that are no longer the newest; for ever when undefined. */
  readonly historyDaysOf?: (account: string) => number | undefined;
};

/** How far back ends are looked for. */
const maxSuperseded = 50;

/** The snapshot table on DynamoDB. Its items and requests are listed in `items.ts`. */
export function createDynamoTable(deps: DynamoTableDeps): SnapshotTable {
  const { client, tableName } = deps;
  const put = createPut(deps);

  return {
    readCurrent: async (key) => {
      const items = await query({ ...withPrefix(key, currentPrefix), ConsistentRead: true });
      const head = items.find((item) => sortKeyOf(item) === headKey);
      const stored = items.find((item) => sortKeyOf(item) === watchKey);
      return {
        ...(head !== undefined && { head: readSnapshot(head) }),
        ...(stored !== undefined && { stored: readWatch(stored) }),
      };
    },

    newestSnapshot: async (key) => {
      const newest = { ...withPrefix(key, snapshotPrefix), ScanIndexForward: false, Limit: 1, ConsistentRead: true };
      const [item] = await query(newest);
      return item === undefined ? undefined : readSnapshot(item);
    },

    putSnapshot: (snapshot) =>
      put({
        Item: snapshotItem(snapshot),
        ConditionExpression: `attribute_not_exists(pk) OR ${earlier}`,
        ExpressionAttributeValues: provenanceValues(snapshot.provenance),
      }),

    supersedeBefore: async (newest) => {
      const days = deps.historyDaysOf?.(newest.account);
      if (days === undefined) return;
      const { pk, sk } = snapshotKey(newest);
      // Those without an end: usually one, or what a crash or another writer left.
      const older = await query({
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
      for (const item of older) await expire(pk, sortKeyOf(item), end);
    },

    putHead: (snapshot) =>
      put({
        Item: headItem(snapshot),
        ConditionExpression: `attribute_not_exists(pk) OR #rank < :rank OR (#rank = :rank AND (${earlier}))`,
        ExpressionAttributeNames: { '#rank': 'rank' },
        ExpressionAttributeValues: { ...provenanceValues(snapshot.provenance), ':rank': { S: snapshot.rank } },
      }),

    putWatch: createPutWatch(deps),

    putNotFound: async (notFound) => {
      await put({ Item: notFoundItem(notFound) });
    },

    list: async (account, list, until, limit) => {
      const items = await query({
        IndexName: indexName,
        KeyConditionExpression: '#list = :list AND list_at <= :until',
        ExpressionAttributeNames: { '#list': 'list' },
        ExpressionAttributeValues: { ':list': { S: listKey(account, list) }, ':until': { N: String(until) } },
        Limit: limit,
      });
      return items.map(readListed);
    },
  };

  async function expire(pk: AttributeValue, sk: string, end: number): Promise<void> {
    const update = {
      Key: { pk, sk: { S: sk } },
      UpdateExpression: 'SET expires_at = :end',
      ConditionExpression: 'attribute_exists(pk)',
      ExpressionAttributeValues: { ':end': { N: String(end) } },
    };
    try {
      await client.send(new UpdateItemCommand({ TableName: tableName, ...update }));
    } catch (cause) {
      // It is gone already.
      if (!(cause instanceof ConditionalCheckFailedException)) throw unavailable(cause);
    }
  }

  async function query(input: Omit<QueryCommandInput, 'TableName'>): Promise<readonly Item[]> {
    try {
      const { Items } = await client.send(new QueryCommand({ TableName: tableName, ...input }));
      return Items ?? [];
    } catch (cause) {
      throw unavailable(cause);
    }
  }
}

/** The stored evidence comes after ours; `isEarlier` in words of DynamoDB. */
const earlier = 'first_observed_at > :seen OR (first_observed_at = :seen AND request_id > :request)';

function provenanceValues({ firstObservedAt, requestId }: Provenance): Item {
  return { ':seen': { N: String(firstObservedAt) }, ':request': { S: requestId } };
}

function withPrefix(
  key: OrderKey,
  prefix: string,
): Pick<QueryCommandInput, 'KeyConditionExpression' | 'ExpressionAttributeValues'> {
  return {
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
    ExpressionAttributeValues: { ':pk': { S: partitionKey(key) }, ':prefix': { S: prefix } },
  };
}
