import { asFailure, type Failure } from '../errors.ts';
import type { CheckOpenOrders, TickReport } from './check-open-orders.ts';

type CheckGroupDeps = {
  readonly checkOpenOrders: CheckOpenOrders;
  /** Called as soon as an account's tick has ended: no other account is waited for. */
  readonly onTick: (account: string, report: TickReport) => void;
  readonly onFailure: (account: string, failure: Failure) => void;
};

type CheckGroupRequest = {
  readonly accounts: readonly string[];
  readonly requestId: string;
  /** When this process must have ended, milliseconds since the Unix epoch. */
  readonly deadline: number;
};

/** What a tick came to for one account. */
export type AccountTick = { readonly account: string } & TickReport;

export type CheckGroup = (request: CheckGroupRequest) => Promise<readonly AccountTick[]>;

/**
 * One tick of a group of accounts: their sweeps run side by side, and share nothing but the process. A failure ends its
 * own account's tick; once all have ended, the first account's failure is thrown, so that Lambda counts it.
 */
export function createCheckGroup({ checkOpenOrders, onTick, onFailure }: CheckGroupDeps): CheckGroup {
  return async ({ accounts, ...request }) => {
    const ended = await Promise.all(
      accounts.map(async (account) => {
        try {
          const report = await checkOpenOrders({ account, ...request });
          onTick(account, report);
          return { tick: { account, ...report } };
        } catch (thrown) {
          const failure = asFailure(thrown);
          onFailure(account, failure);
          return { failure };
        }
      }),
    );
    for (const { failure } of ended) if (failure !== undefined) throw failure;
    return ended.flatMap(({ tick }) => tick ?? []);
  };
}
