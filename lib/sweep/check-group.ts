import { asFailure, type Failure } from '../errors.ts';
import type { CheckOpenOrders, TickReport } from './check-open-orders.ts';
import type { FindUnsweptAccounts } from './unswept-accounts.ts';

type CheckGroupDeps = {
  readonly checkOpenOrders: CheckOpenOrders;
  readonly findUnswept: FindUnsweptAccounts;
  /** Called as soon as an account's tick has ended: no other account is waited for. */
  readonly onTick: (account: string, report: TickReport) => void;
  /** `account` is `undefined` when the next group could not be looked at. */
  readonly onFailure: (failure: Failure, account?: string) => void;
  /** Called with those accounts of the next group that nobody sweeps, or with none. */
  readonly onUnswept: (accounts: readonly string[]) => void;
};

type TickRequest = {
  readonly requestId: string;
  /** When this process must have ended, milliseconds since the Unix epoch. */
  readonly deadline: number;
};

type CheckGroupRequest = TickRequest & {
  readonly accounts: readonly string[];
  /** The accounts of another group: this one checks whether they are swept. Default: none. */
  readonly next?: readonly string[] | undefined;
};

/** The result of a tick for one account. */
export type AccountTick = { readonly account: string } & TickReport;

type Ended = { readonly tick?: AccountTick; readonly failure?: Failure };

export type CheckGroup = (request: CheckGroupRequest) => Promise<readonly AccountTick[]>;

/**
 * One tick of a group of accounts: their sweeps run concurrently, and share nothing but the process. A failure ends its
 * own account's tick; once all have ended, the first account's failure is thrown, so that Lambda counts it. A schedule
 * that stopped cannot report itself, so each group also looks at the next one, in a ring, and does not wait for its own
 * sweeps.
 */
export function createCheckGroup(deps: CheckGroupDeps): CheckGroup {
  const { checkOpenOrders, findUnswept, onTick, onFailure, onUnswept } = deps;
  const failed = (thrown: unknown, account?: string): Ended => {
    const failure = asFailure(thrown);
    onFailure(failure, account);
    return { failure };
  };
  const check = async (account: string, request: TickRequest): Promise<Ended> => {
    try {
      const report = await checkOpenOrders({ account, ...request });
      onTick(account, report);
      return { tick: { account, ...report } };
    } catch (thrown) {
      return failed(thrown, account);
    }
  };
  const lookAt = async (next: readonly string[] | undefined): Promise<Ended> => {
    try {
      if (next !== undefined) onUnswept(await findUnswept(next));
      return {};
    } catch (thrown) {
      return failed(thrown);
    }
  };
  return async ({ accounts, next, ...request }) => {
    const [looked, ...ended] = await Promise.all([lookAt(next), ...accounts.map((account) => check(account, request))]);
    for (const { failure } of [...ended, looked]) if (failure !== undefined) throw failure;
    return ended.flatMap(({ tick }) => tick ?? []);
  };
}
