import { createPut, number, type TableDeps } from '../dynamo.ts';
import type { CheckPolicy } from './due.ts';
import { watchItem } from './items.ts';
import type { SnapshotTable } from './table.ts';

export type WatchWriterDeps = TableDeps & {
  /** How often an account's live orders are checked: the index is sorted by it. */
  readonly policyOf: (account: string) => CheckPolicy;
};

export function createPutWatch(deps: WatchWriterDeps): SnapshotTable['putWatch'] {
  const put = createPut(deps);
  return (key, watch, after) => {
    const Item = watchItem(key, { watch, revision: after + 1 }, deps.policyOf(key.account));
    if (after === 0) return put({ Item, ConditionExpression: 'attribute_not_exists(pk)' });
    const ExpressionAttributeValues = { ':after': number(after) };
    return put({ Item, ConditionExpression: 'revision = :after', ExpressionAttributeValues });
  };
}
