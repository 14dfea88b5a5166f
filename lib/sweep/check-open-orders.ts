import { type AccountTable, isPaused, type Pause } from '../accounts/table.ts';
import type { Clock } from '../clock.ts';
import type { Account } from '../orders/check-order.ts';
import { accountNamed } from '../orders/known-accounts.ts';
import type { CheckPolicy } from '../snapshots/due.ts';
import { withLease } from './lease.ts';
import type { SweepReport } from './report.ts';
import type { Sweep } from './sweep.ts';

type CheckOpenOrdersDeps = {
  readonly sweep: Sweep;
  readonly accounts: ReadonlyMap<string, Account>;
  readonly policyOf: (account: string) => CheckPolicy;
  readonly capacityOf: (account: string) => number;
  readonly accountTable: AccountTable;
  readonly clock: Clock;
  /** Unique: an event may be delivered twice, with one request id, to two processes at once. */
  readonly nonce: () => string;
};

type CheckOpenOrdersRequest = {
  readonly account: string;
  readonly requestId: string;
  /** When this process must have ended, milliseconds since the Unix epoch. */
  readonly deadline: number;
};

/** The result of one tick of the schedule. */
export type TickReport =
  | ({ readonly outcome: 'swept' } & SweepReport)
  | { readonly outcome: 'paused'; readonly pause: Pause }
  /** Another sweep holds the account's lease and did not hand it over in time. */
  | { readonly outcome: 'busy' };

export type CheckOpenOrders = (request: CheckOpenOrdersRequest) => Promise<TickReport>;

/** Time for the last list and check to end and for the report. */
const closingMs = 25_000;

/** One tick of an account's schedule: takes the account's lease and sweeps until the next tick takes it over. */
export function createCheckOpenOrders(deps: CheckOpenOrdersDeps): CheckOpenOrders {
  const { sweep, accounts, policyOf, capacityOf, accountTable, clock, nonce } = deps;
  return async ({ account, requestId, deadline }) => {
    const { dialect } = accountNamed(accounts, account);
    const owner = `${requestId} ${nonce()}`;
    const { pause, lease: held } = await accountTable.readAccount(account);
    if (pause !== undefined && isPaused({ pause }, clock.now())) {
      // Ends the sweep that is under way.
      if (held !== undefined) await accountTable.requestHandover(account, owner);
      return { outcome: 'paused', pause };
    }

    const report = await withLease({ table: accountTable, clock }, { account, owner }, (holds, held) =>
      sweep({
        account,
        requestId,
        until: deadline - closingMs,
        policy: policyOf(account),
        retentionMs: dialect.retentionMs,
        capacity: capacityOf(account),
        ...held,
        holds,
      }),
    );
    return report === undefined ? { outcome: 'busy' } : { outcome: 'swept', ...report };
  };
}
