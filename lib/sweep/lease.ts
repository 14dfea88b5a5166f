import type { AccountTable, SweepSummary } from '../accounts/table.ts';
import type { Clock } from '../clock.ts';

/** A crashed owner blocks its account for at most this long, milliseconds. */
const lifeMs = 15_000;
const renewEveryMs = 3_000;
const handoverPollMs = 1_000;
/** An owner sees a requested handover within `renewEveryMs`, and then finishes its checks. */
const acquireTimeoutMs = 40_000;

type LeaseDeps = { readonly table: AccountTable; readonly clock: Clock };

type LeaseRequest<Result> = {
  readonly account: string;
  /** Such as the id of an invocation. */
  readonly owner: string;
  /** The part of the result that is stored with the account. */
  readonly summaryOf?: (result: Result) => SweepSummary;
};

/**
 * Does work while it holds the account's lease. It requests a handover from the current owner, so that there is no gap
 * between them. `holds` turns false when a handover is requested or the lease is lost: `work` should then end soon.
 * Returns `undefined` when the lease was not handed over in time. Throws `store_unavailable`.
 */
export async function withLease<Result>(
  { table, clock }: LeaseDeps,
  { account, owner, summaryOf }: LeaseRequest<Result>,
  work: (holds: () => boolean) => Promise<Result>,
): Promise<Result | undefined> {
  let until = 0;
  const take = async (): Promise<boolean> => {
    const now = clock.now();
    const taken = await table.takeLease(account, { owner, now, until: now + lifeMs });
    if (taken !== undefined) until = now + lifeMs;
    return taken !== undefined;
  };

  const acquireUntil = clock.now() + acquireTimeoutMs;
  while (!(await take())) {
    if (clock.now() >= acquireUntil) return undefined;
    await table.requestHandover(account, owner);
    await clock.sleep(handoverPollMs);
  }

  let working = true;
  let handoverRequested = false;
  let renewing: Promise<void> = Promise.resolve();
  const renew = async () => {
    try {
      const { handoverRequestedBy } = await table.readAccount(account);
      handoverRequested ||= handoverRequestedBy !== undefined && handoverRequestedBy !== owner;
      // After a requested handover it still renews, so that its last checks are its own.
      if (!(await take())) handoverRequested = true;
    } catch {
      // While the table is unavailable the lease runs out, which `holds` sees by the clock.
    }
  };
  const renewal = async () => {
    for (;;) {
      await clock.sleep(renewEveryMs);
      if (!working) return;
      renewing = renew();
      await renewing;
    }
  };
  void renewal();
  let summary: SweepSummary | undefined;
  try {
    // Clears earlier handover requests: a waiting process requests again, and a crashed one must not end this work.
    await table.requestHandover(account, owner);
    const result = await work(() => !handoverRequested && clock.now() < until);
    summary = summaryOf?.(result);
    return result;
  } finally {
    working = false;
    // A renewal that is under way would take the lease again after its release.
    await renewing;
    await table.releaseLease(account, owner, summary).catch(() => undefined);
  }
}
