import { createUpdate, type Item, type TableDeps } from '../dynamo.ts';
import { accountKey, accountSchema, readAccountItem } from './items.ts';
import type { AccountState } from './table.ts';

type AccountUpdate = {
  readonly set?: string | undefined;
  readonly remove?: string;
  readonly if?: string;
  readonly names?: Readonly<Record<string, string>>;
  readonly values: Item;
};

/** Updates the account's item and returns its new state; `undefined` when the condition does not hold. */
export function createAccountUpdate(
  deps: TableDeps,
): (account: string, update: AccountUpdate) => Promise<AccountState | undefined> {
  const update = createUpdate(deps);
  return async (account, { set, remove, if: condition, names, values }) => {
    const sets = set === undefined ? '' : `, ${set}`;
    const item = await update({
      Key: accountKey(account),
      UpdateExpression: `SET #schema = :schema${sets}${remove === undefined ? '' : ` REMOVE ${remove}`}`,
      ConditionExpression: condition,
      ExpressionAttributeNames: { '#schema': 'schema', ...names },
      ExpressionAttributeValues: { ...values, ':schema': accountSchema },
    });
    return item && readAccountItem(item);
  };
}
