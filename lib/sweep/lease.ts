import { type AccountState, type AccountTable, isPaused, type SweepProgress } from '../accounts/table.ts';
import type { Clock } from '../clock.ts';
import { asFailure } from '../errors.ts';

/** A crashed owner blocks its account for at most this long, milliseconds. */
const lifeMs = 30_000;
/** Each renewal is a write for each account, all day long. */
const renewEveryMs = 10_000;
/** A waiting process reads, which costs a fifth of a write. */
const handoverPollMs = 1_000;
/** An owner sees a requested handover within `renewEveryMs`, and then finishes its lists and checks. */
const acquireTimeoutMs = 45_000;

type LeaseDeps = { readonly table: AccountTable; readonly clock: Clock };

type LeaseRequest = {
  readonly account: string;
  /** Such as the id of an invocation. */
  readonly owner: string;
};

/** What work under a lease receives. */
export type LeaseContext = {
  /** The account as it was when the lease was taken. */
  readonly before: AccountState;
  /** From now on, what this returns is stored with the account by each renewal, and by the release. */
  readonly keep: (progress: () => SweepProgress) => void;
};

/**
 * Does work while it holds the account's lease. It requests a handover from the current owner, so that there is no gap
 * between them. `holds` turns false when a handover is requested, the account is paused, or the lease is lost: `work`
 * should then end soon. Returns `undefined` when the lease was not handed over in time. While the table is unavailable it
 * tries again for as long; then it throws `store_unavailable`.
 */
export async function withLease<Result>(
  deps: LeaseDeps,
  request: LeaseRequest,
  work: (holds: () => boolean, held: LeaseContext) => Promise<Result>,
): Promise<Result | undefined> {
  const { table, clock } = deps;
  const { account, owner } = request;
  const acquireUntil = clock.now() + acquireTimeoutMs;
  const persistently = createPersistence(clock, acquireUntil);
  const taken = await acquire(deps, request, acquireUntil, persistently);
  if (taken === undefined) return undefined;

  const renewals = startRenewals(deps, request, taken.until);
  try {
    // Clears earlier handover requests: a waiting process requests again, and a crashed one must not end this work.
    await persistently(() => table.requestHandover(account, owner));
    return await work(renewals.holds, { before: taken.before, keep: renewals.keep });
  } finally {
    const progress = await renewals.stop();
    await table.releaseLease(account, owner, progress()).catch(() => undefined);
  }
}

type Persistence = ReturnType<typeof createPersistence>;

/** One request that fails must not cost the account the whole tick. */
function createPersistence(clock: Clock, acquireUntil: number) {
  return async <Result>(request: () => Promise<Result>): Promise<Result> => {
    for (;;) {
      try {
        return await request();
      } catch (thrown) {
        if (asFailure(thrown).code !== 'store_unavailable' || clock.now() >= acquireUntil) throw thrown;
        await clock.sleep(handoverPollMs);
      }
    }
  };
}

type Taken = { readonly before: AccountState; readonly until: number };

/** Requests the lease, again when another process requested it since, and takes it once it is free. */
async function acquire(
  { table, clock }: LeaseDeps,
  { account, owner }: LeaseRequest,
  acquireUntil: number,
  persistently: Persistence,
): Promise<Taken | undefined> {
  const take = (): Promise<Taken | undefined> =>
    persistently(async () => {
      const until = clock.now() + lifeMs;
      const before = await table.takeLease(account, { owner, now: clock.now(), until });
      return before && { before, until };
    });

  for (let taken = await take(); ; ) {
    if (taken !== undefined || clock.now() >= acquireUntil) return taken;
    const { lease: held, handoverRequestedBy } = await persistently(() => table.readAccount(account));
    if (held === undefined || held.until <= clock.now()) taken = await take();
    else {
      if (handoverRequestedBy !== owner) await persistently(() => table.requestHandover(account, owner));
      await clock.sleep(handoverPollMs);
    }
  }
}

/** Renews a lease that expires at `takenUntil`, until it is stopped. */
function startRenewals({ table, clock }: LeaseDeps, { account, owner }: LeaseRequest, takenUntil: number) {
  let until = takenUntil;
  let working = true;
  let isOver = false;
  let progress: () => SweepProgress = () => ({});
  let renewing: Promise<void> = Promise.resolve();

  const renew = async () => {
    try {
      const next = { owner, until: clock.now() + lifeMs };
      // After a requested handover it still renews, so that its last checks are its own.
      const state = await table.renewLease(account, next, progress());
      if (state === undefined) {
        isOver = true;
        return;
      }
      until = next.until;
      const { handoverRequestedBy } = state;
      isOver ||= (handoverRequestedBy !== undefined && handoverRequestedBy !== owner) || isPaused(state, clock.now());
    } catch {
      // While the table is unavailable the lease runs out, which `holds` sees by the clock.
    }
  };
  const renewRegularly = async () => {
    for (;;) {
      await clock.sleep(renewEveryMs);
      if (!working) return;
      renewing = renew();
      await renewing;
    }
  };
  void renewRegularly();

  return {
    holds: () => !isOver && clock.now() < until,
    keep: (latest: () => SweepProgress): void => {
      progress = latest;
    },
    /** Returns what `keep` took last. A renewal that is under way would take the lease again after its release. */
    stop: async () => {
      working = false;
      await renewing;
      return progress;
    },
  };
}
