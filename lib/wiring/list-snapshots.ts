import type { Environment } from '../aws/clients.ts';
import type { Clock } from '../clock.ts';
import { createListSnapshots, type ListSnapshots } from '../orders/list-snapshots.ts';
import type { Stage } from '../stage/stage.ts';
import { accountsIn } from './settings.ts';
import { wireReader } from './table-reader.ts';
import { nonexistentOrder, settleWhileWarmingUp } from './warm-up.ts';

type Deps = { readonly stage: Stage; readonly env: Environment; readonly clock: Clock };

/** The history of orders: it reads the table only. */
export function wireListSnapshots(deps: Deps): {
  readonly listSnapshots: ListSnapshots;
  readonly warmUp: () => Promise<void>;
} {
  const reader = wireReader(deps);
  return {
    listSnapshots: createListSnapshots({ accounts: accountsIn(deps.stage), reader }),
    warmUp: () => settleWhileWarmingUp([reader.auditEntries(nonexistentOrder, 0, 1)], deps.clock),
  };
}
