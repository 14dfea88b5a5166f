import * as fc from 'fast-check';
import type { AccountTable } from '../../../lib/accounts/table.ts';
import { Failure } from '../../../lib/errors.ts';
import { withLease } from '../../../lib/sweep/lease.ts';
import type { World } from '../accounts/environment.ts';

/** What befalls a holder at one of its awaits, counted from 0. */
export type Mishap = { readonly step: number } & (
  | { readonly kind: 'killed' }
  | { readonly kind: 'frozen'; readonly ms: number }
  | { readonly kind: 'replyLost' }
  | { readonly kind: 'neverSent' }
);

/** One that wants the account: when, for how long at most, and how it fares. All times are milliseconds. */
export type Holder = {
  readonly startsAfterMs: number;
  readonly workMs: number;
  /** How long its last checks take once it is relieved. */
  readonly tailMs: number;
  readonly throws: boolean;
  /** Of a request to the table, one way. */
  readonly wayMs: number;
  readonly mishaps: readonly Mishap[];
};

const step = fc.integer({ min: 0, max: 60 });
export const mishaps: fc.Arbitrary<readonly Mishap[]> = fc.array(
  fc.oneof(
    fc.record({ step, kind: fc.constantFrom('killed' as const, 'replyLost' as const, 'neverSent' as const) }),
    fc.record({ step, kind: fc.constant('frozen' as const), ms: fc.integer({ min: 100, max: 40_000 }) }),
  ),
  { maxLength: 3 },
);

export function holderWith(befalls: fc.Arbitrary<readonly Mishap[]>): fc.Arbitrary<Holder> {
  return fc.record({
    startsAfterMs: fc.integer({ min: 0, max: 60_000 }),
    workMs: fc.integer({ min: 0, max: 90_000 }),
    tailMs: fc.integer({ min: 0, max: 10_000 }),
    throws: fc.boolean(),
    wayMs: fc.integer({ min: 0, max: 500 }),
    mishaps: befalls,
  });
}

/** What a holder came to. */
export type Fate = {
  outcome: 'working' | 'busy' | 'worked' | 'failed';
  /** When it worked, by the world's time. */
  from?: number;
  to?: number;
  /** Whether it believes to have the account, now; a frozen one will believe it when it thaws. */
  believes: () => boolean;
};

/** Lets one loose on the account. `watch` is called whenever something has happened. */
export function hold(holder: Holder, owner: string, memory: AccountTable, world: World, watch: () => void): Fate {
  const fate: Fate = { outcome: 'working', believes: () => false };
  let steps = 0;
  let frozenUntil = 0;
  let isDead = false;

  const pause = async (ms: number): Promise<Mishap | undefined> => {
    const befalls = holder.mishaps.find(({ step }) => step === steps);
    steps++;
    if (befalls?.kind === 'killed') {
      isDead = true;
      fate.believes = () => false;
    }
    if (befalls?.kind === 'frozen') frozenUntil = Math.max(frozenUntil, world.now() + befalls.ms);
    await world.sleep(ms);
    while (world.now() < frozenUntil) await world.sleep(frozenUntil - world.now());
    // The dead wait for ever.
    if (isDead) await new Promise(() => {});
    watch();
    return befalls;
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
    askForLease: far(memory.askForLease),
    releaseLease: far(memory.releaseLease),
  };
  const clock = {
    now: world.now,
    sleep: async (ms: number) => {
      await pause(ms);
    },
  };

  const work = async (holds: () => boolean): Promise<'worked'> => {
    fate.believes = holds;
    fate.from = world.now();
    watch();
    const end = world.now() + holder.workMs;
    try {
      while (holds() && world.now() < end) await pause(250);
      await pause(holder.tailMs);
      if (holder.throws) throw new Failure('internal', 'The work failed.');
      return 'worked';
    } finally {
      fate.to = world.now();
      fate.believes = () => false;
    }
  };

  pause(holder.startsAfterMs)
    .then(() => withLease({ table, clock }, { account: 'main', owner }, work))
    .then(
      (result) => {
        fate.outcome = result ?? 'busy';
      },
      () => {
        fate.outcome = 'failed';
      },
    );
  return fate;
}
