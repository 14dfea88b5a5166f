import { type AccountTable, isPaused, type Pause } from '../accounts/table.ts';
import type { Clock } from '../clock.ts';
import type { Account } from '../orders/check-order.ts';
import { accountNamed } from '../orders/known-accounts.ts';
import type { CheckPolicy } from '../snapshots/watch.ts';
import { withLease } from './lease.ts';
import type { Sweep, SweepReport } from './sweep.ts';

export type CheckOpenOrdersDeps = {
  readonly sweep: Sweep;
  readonly accounts: ReadonlyMap<string, Account>;
  readonly policyOf: (account: string) => CheckPolicy;
  readonly capacityOf: (account: string) => number;
  readonly accountTable: AccountTable;
  readonly clock: Clock;
  /** Never the same twice: an event may be delivered twice, under one request id, to two processes at once. */
  readonly nonce: () => string;
};

export type CheckOpenOrdersRequest = {
  readonly account: string;
  readonly requestId: string;
  /** When this process must have ended, milliseconds since the Unix epoch. */
  readonly deadline: number;
};

/** What a tick of the schedule came to. */
export type TickReport =
  | ({ readonly outcome: 'swept' } & SweepReport)
  | { readonly outcome: 'paused'; readonly pause: Pause }
  /** Another sweep has the account and did not hand it over. */
  | { readonly outcome: 'busy' };

export type CheckOpenOrders = (request: CheckOpenOrdersRequest) => Promise<TickReport>;

/** A check that starts last still ends, and the report is still written. */
const closingMs = 15_000;

/** One tick of an account's schedule: takes the account over and sweeps it until the next tick does the same. */
export function createCheckOpenOrders(deps: CheckOpenOrdersDeps): CheckOpenOrders {
  const { sweep, accounts, policyOf, capacityOf, accountTable, clock, nonce } = deps;
  return async ({ account, requestId, deadline }) => {
    const { dialect } = accountNamed(accounts, account);
    const owner = `${requestId} ${nonce()}`;
    const { pause, lease: held } = await accountTable.readAccount(account);
    if (pause !== undefined && isPaused({ pause }, clock.now())) {
      // The sweep that is under way ends as if it were to be followed.
      if (held !== undefined) await accountTable.requestHandover(account, owner);
      return { outcome: 'paused', pause };
    }

    // What releases the lease carries the finding along: whoever starts a watch learns of it without a look at the index.
    const summaryOf = ({ over_capacity: overCapacity }: SweepReport) => ({ overCapacity });
    const report = await withLease({ table: accountTable, clock }, { account, owner, summaryOf }, (holds) =>
      sweep({
        account,
        requestId,
        until: deadline - closingMs,
        minCheckMs: policyOf(account).minMs,
        retentionMs: dialect.retentionMs,
        capacity: capacityOf(account),
        holds,
      }),
    );
    return report === undefined ? { outcome: 'busy' } : { outcome: 'swept', ...report };
  };
}
