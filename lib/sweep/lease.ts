import type { AccountTable, SweepSummary } from '../accounts/table.ts';
import type { Clock } from '../clock.ts';

/** A holder that died blocks its account for this long and no longer, milliseconds. */
const lifeMs = 15_000;
const renewEveryMs = 3_000;
const handoverPollMs = 1_000;
/** A holder sees within `renewEveryMs` that it is relieved, and then finishes its checks. */
const acquireTimeoutMs = 40_000;

export type LeaseDeps = { readonly table: AccountTable; readonly clock: Clock };

export type LeaseRequest<Result> = {
  readonly account: string;
  /** Who asks, such as the id of an invocation. */
  readonly owner: string;
  /** What the account keeps of the work, once it is done. */
  readonly summaryOf?: (result: Result) => SweepSummary;
};

/**
 * Does work while it alone has the account. Whoever has it now is asked to hand over, so that one follows the other
 * without a gap. `work` is told by `holds` when it has been relieved or has lost the account; it should then end soon.
 * Answers `undefined` when the account was not handed over in time. Throws `store_unavailable`.
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
    if (taken) until = now + lifeMs;
    return taken;
  };

  const patientUntil = clock.now() + acquireTimeoutMs;
  while (!(await take())) {
    if (clock.now() >= patientUntil) return undefined;
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
      // One that was relieved still renews, so that its last checks are nobody else's.
      if (!(await take())) handoverRequested = true;
    } catch {
      // A table that cannot be reached lets the lease run out; `holds` sees that by the clock.
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
    // Forgets who asked before: one that waits still asks again, and one that died must relieve nobody.
    await table.requestHandover(account, owner);
    const result = await work(() => !handoverRequested && clock.now() < until);
    summary = summaryOf?.(result);
    return result;
  } finally {
    working = false;
    // A renewal that is under way would take again what is being released.
    await renewing;
    await table.releaseLease(account, owner, summary).catch(() => undefined);
  }
}
