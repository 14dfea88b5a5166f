import * as fc from 'fast-check';
import type { AccountTable } from '../../../lib/accounts/table.ts';
import type { Clock } from '../../../lib/clock.ts';
import { asFailure, type Code, Failure } from '../../../lib/errors.ts';
import { createRateLimiter, type Priority, type RateLimits } from '../../../lib/exchange/rate-limiter.ts';
import { startTime, type TestEnvironment } from './environment.ts';

/**
 * What happens to a process at one of its awaits, counted from 0: all of it stands still, for a time or until the moment when
 * everyone wakes; or a request goes wrong.
 */
type CommandError = { readonly step: number } & (
  | { readonly kind: 'freeze'; readonly ms: number }
  | { readonly kind: 'freezeWithOthers' }
  | { readonly kind: 'replyLost' }
  | { readonly kind: 'sentTwice' }
);

/** One process: what it does, how well. All times are milliseconds. */
export type WorkerPlan = {
  readonly priority: Priority;
  /** Its clock is ahead by this much. */
  readonly skewMs: number;
  readonly startsAfterMs: number;
  /** How many of its tasks spend at once, and how often each of them does. */
  readonly tasks: number;
  readonly acquires: number;
  readonly backoffMs: number;
  readonly callMs: number;
  readonly acquireTimeoutMs: number;
  /** Of a request to the table, one way. */
  readonly wayMs: number;
  /** It wakes up this much late. */
  readonly oversleepMs: number;
  readonly faults: readonly CommandError[];
  /** Which of its calls, counted from 0, the exchange throttles. */
  readonly throttled?: { readonly call: number; readonly waitMs: number };
};

const everyoneWakesMs = 30_000;

const step = fc.integer({ min: 0, max: 60 });
const commandError: fc.Arbitrary<CommandError> = fc.oneof(
  fc.record({ step, kind: fc.constant('freeze' as const), ms: fc.integer({ min: 1, max: 30_000 }) }),
  fc.record({ step, kind: fc.constantFrom('replyLost' as const, 'sentTwice' as const, 'freezeWithOthers' as const) }),
);

/** Processes that are late, wrong and unlucky. */
export const plan: fc.Arbitrary<WorkerPlan> = fc.record(
  {
    priority: fc.constantFrom('interactive' as const, 'background' as const, 'background' as const),
    skewMs: fc.integer({ min: -400, max: 400 }),
    startsAfterMs: fc.integer({ min: 0, max: 5_000 }),
    tasks: fc.integer({ min: 1, max: 8 }),
    acquires: fc.integer({ min: 1, max: 6 }),
    backoffMs: fc.integer({ min: 0, max: 500 }),
    callMs: fc.integer({ min: 1, max: 500 }),
    acquireTimeoutMs: fc.integer({ min: 500, max: 30_000 }),
    wayMs: fc.integer({ min: 0, max: 60 }),
    oversleepMs: fc.integer({ min: 0, max: 20 }),
    faults: fc.array(commandError, { maxLength: 4 }),
    throttled: fc.record({ call: fc.integer({ min: 0, max: 12 }), waitMs: fc.integer({ min: 0, max: 20_000 }) }),
  },
  {
    requiredKeys: [
      'priority',
      'skewMs',
      'startsAfterMs',
      'tasks',
      'acquires',
      'backoffMs',
      'callMs',
      'acquireTimeoutMs',
      'wayMs',
      'oversleepMs',
      'faults',
    ],
  },
);

/** What a process did, by the environment's clock. */
export type WorkerRecord = {
  readonly plan: WorkerPlan;
  /** When each call started, and how long it waited for its permit. */
  readonly calls: { readonly at: number; readonly waitedMs: number }[];
  readonly failures: Code[];
  /** Throttling replies: when the exchange sent one, and when the table had responded; not if the response was lost. */
  readonly coolDowns: { readonly at: number; readonly waitMs: number; knownAt: number }[];
  requests: number;
};

export type Account = { readonly table: AccountTable; readonly name: string; readonly limits: RateLimits };

/** Starts one process; it ends with its work, or at `endsAt`. */
export async function runWorker(
  plan: WorkerPlan,
  { table, name, limits }: Account,
  environment: TestEnvironment,
  endsAt: number,
): Promise<WorkerRecord> {
  const deeds: WorkerRecord = { plan, calls: [], failures: [], coolDowns: [], requests: 0 };
  let steps = 0;
  let frozenUntil = 0;

  const pause = async (ms: number): Promise<CommandError | undefined> => {
    await environment.sleep(ms);
    const fault = plan.faults.find(({ step }) => step === steps);
    steps++;
    if (fault?.kind === 'freeze') frozenUntil = environment.now() + fault.ms;
    if (fault?.kind === 'freezeWithOthers') frozenUntil = startTime + everyoneWakesMs;
    while (environment.now() < frozenUntil) await environment.sleep(frozenUntil - environment.now());
    return fault;
  };
  const clock: Clock = {
    now: () => environment.now() + plan.skewMs,
    sleep: async (ms) => {
      await pause(ms + plan.oversleepMs);
    },
  };

  const far =
    <Args extends readonly unknown[], Result>(request: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      deeds.requests++;
      const fault = await pause(plan.wayMs);
      let result = await environment.request(() => request(...args));
      if (fault?.kind === 'sentTwice') {
        await pause(plan.wayMs);
        result = await environment.request(() => request(...args));
      }
      await pause(plan.wayMs);
      if (fault?.kind === 'replyLost') throw new Failure('store_unavailable', 'The reply was lost.');
      return result;
    };
  const farTable: AccountTable = {
    ...table,
    readAccount: far(table.readAccount),
    advanceTat: far(table.advanceTat),
    raiseTat: far(table.raiseTat),
  };
  const permits = createRateLimiter({ table: farTable, account: name, priority: plan.priority, limits, clock });

  const acquire = async (): Promise<void> => {
    const requestedAt = environment.now();
    await permits.acquire(clock.now() + plan.acquireTimeoutMs);
    const at = environment.now();
    deeds.calls.push({ at, waitedMs: at - requestedAt });
    const isThrottled = plan.throttled?.call === deeds.calls.length - 1;
    await pause(plan.callMs);
    if (plan.throttled === undefined || !isThrottled) return;
    const coolDown = { at: environment.now(), waitMs: plan.throttled.waitMs, knownAt: Number.POSITIVE_INFINITY };
    deeds.coolDowns.push(coolDown);
    await permits.throttled(coolDown.waitMs);
    coolDown.knownAt = environment.now();
  };

  const task = async (): Promise<void> => {
    await pause(plan.startsAfterMs);
    for (let i = 0; i < plan.acquires && environment.now() < endsAt; i++) {
      try {
        await acquire();
      } catch (thrown) {
        deeds.failures.push(asFailure(thrown).code);
      }
      await pause(plan.backoffMs);
    }
  };
  await Promise.all(Array.from({ length: plan.tasks }, task));
  return deeds;
}
