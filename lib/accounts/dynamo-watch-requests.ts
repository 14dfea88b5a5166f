import { number } from '../dynamo.ts';
import { createUpdate, type UpdateDeps } from './dynamo-update.ts';
import type { WatchRequests } from './table.ts';

/** What starting a watch needs of the accounts' items, on DynamoDB: apart, so that its function holds no read. */
export function createDynamoWatchRequests(deps: UpdateDeps): WatchRequests {
  const update = createUpdate(deps);
  return {
    recordWatchRequest: async (account, at) => {
      const kept = await update(account, { set: 'watch_requested_at = :at', values: { ':at': number(at) } });
      return kept?.summary;
    },
  };
}
