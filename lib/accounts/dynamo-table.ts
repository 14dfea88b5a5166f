import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { type Item, number } from '../attributes.ts';
import { Failure } from '../errors.ts';
import { accountKey, leaseValue, pauseValue, readAccountItem, schema } from './items.ts';
import type { AccountState, AccountTable } from './table.ts';

export type DynamoAccountTableDeps = { readonly client: DynamoDBClient; readonly tableName: string };

/** The accounts' items on DynamoDB. The item and its requests are listed in `items.ts`. */
export function createDynamoAccountTable({ client, tableName }: DynamoAccountTableDeps): AccountTable {
  return {
    readAccount: async (account) => {
      const key = { TableName: tableName, Key: accountKey(account) };
      const { Item } = await client.send(new GetItemCommand({ ...key, ConsistentRead: true })).catch(unavailable);
      return readAccountItem(Item);
    },

    advanceTat: async (account, { from, to, byMs }) => {
      const after = await update(account, {
        set: 'tat = tat + :by',
        if: 'tat >= :from AND tat <= :to',
        values: { ':by': number(byMs), ':from': number(from), ':to': number(to) },
      });
      return after?.tat;
    },

    raiseTat: async (account, { below, to }) => {
      const after = await update(account, {
        set: 'tat = :to',
        if: 'attribute_not_exists(tat) OR tat < :below',
        values: { ':to': number(to), ':below': number(below) },
      });
      return after !== undefined;
    },

    takeLease: async (account, lease) => {
      const after = await update(account, {
        set: 'lease = :lease',
        if: 'attribute_not_exists(lease) OR lease.held_by = :owner OR lease.ends_at <= :now',
        values: { ':lease': leaseValue(lease), ':owner': { S: lease.owner }, ':now': number(lease.now) },
      });
      return after !== undefined;
    },

    askForLease: async (account, owner) => {
      await update(account, { set: 'wanted_by = :owner', values: { ':owner': { S: owner } } });
    },

    releaseLease: async (account, owner) => {
      await update(account, { remove: 'lease', if: 'lease.held_by = :owner', values: { ':owner': { S: owner } } });
    },

    setPause: async (account, pause) => {
      const after = await update(account, {
        set: 'pause = :pause',
        if: 'attribute_not_exists(pause) OR pause.said_at < :at',
        values: { ':pause': pauseValue(pause), ':at': number(pause.at) },
      });
      return after !== undefined;
    },
  };

  type Update = { readonly set?: string; readonly remove?: string; readonly if?: string; readonly values: Item };

  /** What is kept afterwards; `undefined` when the condition refused the write. */
  async function update(
    account: string,
    { set, remove, if: condition, values }: Update,
  ): Promise<AccountState | undefined> {
    const sets = ['#schema = :schema', ...(set === undefined ? [] : [set])].join(', ');
    const command = new UpdateItemCommand({
      TableName: tableName,
      Key: accountKey(account),
      UpdateExpression: `SET ${sets}${remove === undefined ? '' : ` REMOVE ${remove}`}`,
      ...(condition !== undefined && { ConditionExpression: condition }),
      ExpressionAttributeNames: { '#schema': 'schema' },
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
  }
}

function unavailable(thrown: unknown): never {
  if (thrown instanceof Failure) throw thrown;
  throw new Failure('store_unavailable', 'The item of the account did not answer.', { cause: thrown });
}
