import { ConditionalCheckFailedException, type DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Item } from '../dynamo.ts';
import { Failure } from '../errors.ts';
import { accountKey, readAccountItem, schema } from './items.ts';
import type { AccountState } from './table.ts';

export type UpdateDeps = { readonly client: DynamoDBClient; readonly tableName: string };

export type Update = {
  readonly set?: string;
  readonly remove?: string;
  readonly if?: string;
  readonly names?: Readonly<Record<string, string>>;
  readonly values: Item;
};

/** Writes to the account's item; answers what is kept afterwards, `undefined` when the condition refused the write. */
export function createUpdate({
  client,
  tableName,
}: UpdateDeps): (account: string, update: Update) => Promise<AccountState | undefined> {
  return async (account, { set, remove, if: condition, names, values }) => {
    const sets = ['#schema = :schema', ...(set === undefined ? [] : [set])].join(', ');
    const command = new UpdateItemCommand({
      TableName: tableName,
      Key: accountKey(account),
      UpdateExpression: `SET ${sets}${remove === undefined ? '' : ` REMOVE ${remove}`}`,
      ...(condition !== undefined && { ConditionExpression: condition }),
      ExpressionAttributeNames: { '#schema': 'schema', ...names },
      ExpressionAttributeValues: { ...values, ':schema': schema },
      ReturnValues: 'ALL_NEW',
    });
    try {
      const { Attributes } = await client.send(command);
      return readAccountItem(Attributes);
    } catch (thrown) {
      if (thrown instanceof ConditionalCheckFailedException) return undefined;
      return unavailable(thrown);
    }
  };
}

export function unavailable(thrown: unknown): never {
  if (thrown instanceof Failure) throw thrown;
  throw new Failure('store_unavailable', 'The item of the account did not answer.', { cause: thrown });
}
