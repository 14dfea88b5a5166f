import * as fc from 'fast-check';
import type { AccountTable } from '../../../lib/accounts/table.ts';
import { Failure } from '../../../lib/errors.ts';
import { withLease } from '../../../lib/sweep/lease.ts';
import type { TestEnvironment } from '../accounts/environment.ts';

/** What happens to a holder at one of its awaits, counted from 0. */
export type FaultCase = { readonly step: number } & (
  | { readonly kind: 'killed' }
  | { readonly kind: 'frozen'; readonly ms: number }
  | { readonly kind: 'replyLost' }
  | { readonly kind: 'neverSent' }
);

/** One that wants the account: when, for how long at most, and how it fares. All times are milliseconds. */
export type Holder = {
  readonly startsAfterMs: number;
  readonly workMs: number;
  /** How long its last checks take after a handover request. */
  readonly tailMs: number;
  readonly throws: boolean;
  /** Of a request to the table, one way. */
  readonly wayMs: number;
  readonly faultCases: readonly FaultCase[];
};

const step = fc.integer({ min: 0, max: 60 });
export const faultCases: fc.Arbitrary<readonly FaultCase[]> = fc.array(
  fc.oneof(
    fc.record({ step, kind: fc.constantFrom('killed' as const, 'replyLost' as const, 'neverSent' as const) }),
    fc.record({ step, kind: fc.constant('frozen' as const), ms: fc.integer({ min: 100, max: 40_000 }) }),
  ),
  { maxLength: 3 },
);

export function holderWith(faultCases: fc.Arbitrary<readonly FaultCase[]>): fc.Arbitrary<Holder> {
  return fc.record({
    startsAfterMs: fc.integer({ min: 0, max: 60_000 }),
    workMs: fc.integer({ min: 0, max: 90_000 }),
    tailMs: fc.integer({ min: 0, max: 10_000 }),
    throws: fc.boolean(),
    wayMs: fc.integer({ min: 0, max: 500 }),
    faultCases,
  });
}

/** The outcome of a holder. */
export type HolderOutcome = {
  outcome: 'working' | 'busy' | 'worked' | 'failed';
  /** When it worked, by the environment's clock. */
  from?: number;
  to?: number;
  /** Whether it believes now that it holds the lease; a frozen one will believe it when it thaws. */
  believes: () => boolean;
};

/** Starts one on the account. `watch` is called whenever something has happened. */
export function startHolder(
  holder: Holder,
  owner: string,
  memory: AccountTable,
  environment: TestEnvironment,
  watch: () => void,
): HolderOutcome {
  const outcomeOfRequest: HolderOutcome = { outcome: 'working', believes: () => false };
  let steps = 0;
  let frozenUntil = 0;
  let isDead = false;

  const pause = async (ms: number): Promise<FaultCase | undefined> => {
    const fault = holder.faultCases.find(({ step }) => step === steps);
    steps++;
    if (fault?.kind === 'killed') {
      isDead = true;
      outcomeOfRequest.believes = () => false;
    }
    if (fault?.kind === 'frozen') frozenUntil = Math.max(frozenUntil, environment.now() + fault.ms);
    await environment.sleep(ms);
    while (environment.now() < frozenUntil) await environment.sleep(frozenUntil - environment.now());
    // The dead wait forever.
    if (isDead) await new Promise(() => {});
    watch();
    return fault;
  };

  const far =
    <Args extends readonly unknown[], Result>(request: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      const there = await pause(holder.wayMs);
      if (there?.kind === 'neverSent') throw new Failure('store_unavailable', 'The request was lost.');
      const result = await request(...args);
      watch();
      const back = await pause(holder.wayMs);
      if (there?.kind === 'replyLost' || back?.kind === 'replyLost') {
        throw new Failure('store_unavailable', 'The reply was lost.');
      }
      return result;
    };
  const table: AccountTable = {
    ...memory,
    readAccount: far(memory.readAccount),
    takeLease: far(memory.takeLease),
    renewLease: far(memory.renewLease),
    requestHandover: far(memory.requestHandover),
    releaseLease: far(memory.releaseLease),
  };
  const clock = {
    now: environment.now,
    sleep: async (ms: number) => {
      await pause(ms);
    },
  };

  const work = async (holds: () => boolean): Promise<'worked'> => {
    outcomeOfRequest.believes = holds;
    outcomeOfRequest.from = environment.now();
    watch();
    const end = environment.now() + holder.workMs;
    try {
      while (holds() && environment.now() < end) await pause(250);
      await pause(holder.tailMs);
      if (holder.throws) throw new Failure('internal', 'The work failed.');
      return 'worked';
    } finally {
      outcomeOfRequest.to = environment.now();
      outcomeOfRequest.believes = () => false;
    }
  };

  pause(holder.startsAfterMs)
    .then(() => withLease({ table, clock }, { account: 'main', owner }, work))
    .then(
      (result) => {
        outcomeOfRequest.outcome = result ?? 'busy';
      },
      () => {
        outcomeOfRequest.outcome = 'failed';
      },
    );
  return outcomeOfRequest;
}
