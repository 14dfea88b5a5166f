import type { Environment } from '../aws/clients.ts';
import type { Clock } from '../clock.ts';
import { createReadLatestList } from '../orders/freshness.ts';
import { createListOrders, type ListOrders } from '../orders/list-orders.ts';
import type { Stage } from '../stage/stage.ts';
import { accountsIn } from './settings.ts';
import { wireAccountReader, wireReader } from './table-reader.ts';
import { settleWhileWarmingUp } from './warm-up.ts';

type Deps = { readonly stage: Stage; readonly env: Environment; readonly clock: Clock };

/** The lists of orders: they read the index only. */
export function wireListOrders(deps: Deps): { readonly listOrders: ListOrders; readonly warmUp: () => Promise<void> } {
  const { stage, clock } = deps;
  const reader = wireReader(deps);
  const readLatestList = createReadLatestList(wireAccountReader(deps), clock);
  return {
    listOrders: createListOrders({ accounts: accountsIn(stage), reader, readLatestList }),
    warmUp: () => settleWhileWarmingUp([reader.list('', 'live', { limit: 1 })], clock),
  };
}
