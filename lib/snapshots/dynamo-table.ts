import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
  type PutItemCommandInput,
  QueryCommand,
  type QueryCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { Item } from '../attributes.ts';
import { Failure } from '../errors.ts';
import {
  currentPrefix,
  headItem,
  headKey,
  indexName,
  listKey,
  missItem,
  partitionKey,
  readListed,
  readSnapshot,
  readWatch,
  snapshotItem,
  snapshotPrefix,
  sortKeyOf,
  watchItem,
  watchKey,
  wordItem,
} from './items.ts';
import type { Evidence, OrderKey } from './snapshot.ts';
import type { SnapshotTable } from './table.ts';
import type { CheckPolicy } from './watch.ts';

export type DynamoTableDeps = {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** How often an account's live orders are checked: the index is sorted by it. */
  readonly policyOf: (account: string) => CheckPolicy;
};

/** The snapshot table on DynamoDB. Its items and requests are listed in `items.ts`. */
export function createDynamoTable({ client, tableName, policyOf }: DynamoTableDeps): SnapshotTable {
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
        ExpressionAttributeValues: evidenceValues(snapshot.evidence),
      }),

    putHead: (snapshot) =>
      put({
        Item: headItem(snapshot),
        ConditionExpression: `attribute_not_exists(pk) OR #rank < :rank OR (#rank = :rank AND (${earlier}))`,
        ExpressionAttributeNames: { '#rank': 'rank' },
        ExpressionAttributeValues: { ...evidenceValues(snapshot.evidence), ':rank': { S: snapshot.rank } },
      }),

    putWatch: (key, watch, after) =>
      put({
        Item: watchItem(key, { watch, revision: after + 1 }, policyOf(key.account)),
        ...(after === 0
          ? { ConditionExpression: 'attribute_not_exists(pk)' }
          : {
              ConditionExpression: 'revision = :after',
              ExpressionAttributeValues: { ':after': { N: String(after) } },
            }),
      }),

    putMiss: async (miss) => {
      await put({ Item: missItem(miss) });
    },

    putWord: async (word) => {
      await put({ Item: wordItem(word) });
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

  async function query(input: Omit<QueryCommandInput, 'TableName'>): Promise<readonly Item[]> {
    try {
      const { Items } = await client.send(new QueryCommand({ TableName: tableName, ...input }));
      return Items ?? [];
    } catch (cause) {
      throw unavailable(cause);
    }
  }

  /** Answers `false` when the condition refused the write. */
  async function put(input: Omit<PutItemCommandInput, 'TableName'>): Promise<boolean> {
    try {
      await client.send(new PutItemCommand({ TableName: tableName, ...input }));
      return true;
    } catch (cause) {
      if (cause instanceof ConditionalCheckFailedException) return false;
      throw unavailable(cause);
    }
  }
}

/** The stored evidence comes after ours; `isEarlier` in words of DynamoDB. */
const earlier = 'first_observed_at > :seen OR (first_observed_at = :seen AND request_id > :request)';

function evidenceValues({ firstObservedAt, requestId }: Evidence): Item {
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

function unavailable(cause: unknown): Failure {
  return new Failure('store_unavailable', 'The table of snapshots did not answer.', { cause });
}
