import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
  type PutItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { watchItem } from './items.ts';
import type { SnapshotTable } from './table.ts';
import { unavailable } from './unavailable.ts';
import type { CheckPolicy } from './watch.ts';

export type WriterDeps = { readonly client: DynamoDBClient; readonly tableName: string };

export type WatchWriterDeps = WriterDeps & {
  /** How often an account's live orders are checked: the index is sorted by it. */
  readonly policyOf: (account: string) => CheckPolicy;
};

export type Put = (input: Omit<PutItemCommandInput, 'TableName'>) => Promise<boolean>;

/** Puts items; answers `false` when the condition refused the write. */
export function createPut({ client, tableName }: WriterDeps): Put {
  return async (input) => {
    try {
      await client.send(new PutItemCommand({ TableName: tableName, ...input }));
      return true;
    } catch (cause) {
      if (cause instanceof ConditionalCheckFailedException) return false;
      throw unavailable(cause);
    }
  };
}

export function createPutWatch(deps: WatchWriterDeps): SnapshotTable['putWatch'] {
  const put = createPut(deps);
  return (key, watch, after) =>
    put({
      Item: watchItem(key, { watch, revision: after + 1 }, deps.policyOf(key.account)),
      ...(after === 0
        ? { ConditionExpression: 'attribute_not_exists(pk)' }
        : {
            ConditionExpression: 'revision = :after',
            ExpressionAttributeValues: { ':after': { N: String(after) } },
          }),
    });
}
