import { number, type TableDeps } from '../dynamo.ts';
import { createAccountUpdate } from './dynamo-update.ts';
import type { WatchRequests } from './table.ts';

/**
 * What starting a watch needs of the accounts' items in DynamoDB: a separate module, so that its function has no reads.
 */
export function createDynamoWatchRequests(deps: TableDeps): WatchRequests {
  const update = createAccountUpdate(deps);
  return {
    recordWatchRequest: async (account, at) => {
      const kept = await update(account, { set: 'watch_requested_at = :at', values: { ':at': number(at) } });
      return kept?.summary;
    },
  };
}
