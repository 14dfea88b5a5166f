import type { Code } from '../../lib/errors.ts';
import { asFailure } from '../../lib/errors.ts';
import type { Priority } from '../../lib/exchange/rate-limiter.ts';
import type { CheckResult } from '../../lib/orders/check-result.ts';
import { createLambda, type Lambda, type TestEnvironment } from './lambdas.ts';

/** The result of a GET: the order, a failure's code, or nothing because the process ended. */
type GetResult = { readonly order: CheckResult } | { readonly code: Code } | 'nothing';

/** The deployed functions: as many processes as there are calls at once, each for one call at a time. */
export type Functions = {
  readonly getOrder: (orderId: string, maxAgeMs: number | undefined) => Promise<GetResult>;
  readonly checkOpenOrders: () => Promise<void>;
};

/** How long a person's call may take, milliseconds. */
const apiCallMs = 9_000;
/** The timeout of the function that sweeps. */
const sweepMs = 150_000;
/** Lambda replaces a process now and then. */
const retireRate = 0.03;
/** The last await of an invocation at which it may be killed or frozen. */
const lastStep: Readonly<Record<Priority, number>> = { interactive: 16, background: 600 };

/** `requestFaultRate`: how often an invocation is killed or frozen at one of its awaits. */
export function createFunctions(environment: TestEnvironment, requestFaultRate: number): Functions {
  const { account, random, scheduler, onFailure, onSweep } = environment;
  const idle: Readonly<Record<Priority, Lambda[]>> = { interactive: [], background: [] };
  let started = 0;
  let requests = 0;

  /** Returns `killed` when the process ends before the work does. */
  async function invoke<Result>(
    priority: Priority,
    work: (lambda: Lambda) => Promise<Result>,
  ): Promise<Result | 'killed'> {
    const lambda = idle[priority].pop() ?? createLambda(`${priority}-${++started}`, priority, environment);
    const { process } = lambda;
    if (random.chance(requestFaultRate)) {
      const step = random.whole(0, lastStep[priority]);
      const ms = random.pick([random.whole(500, 5_000), random.whole(5_000, 60_000), random.whole(60_000, 600_000)]);
      process.injectFault(random.chance(0.5) ? { step, kind: 'killed' } : { step, kind: 'frozen', ms });
    }
    const death = new Promise<'killed'>((resolve) => process.onDeath(() => resolve('killed')));
    const startedAt = scheduler.now();
    try {
      return await Promise.race([work(lambda), death]);
    } finally {
      if (priority === 'background') onSweep(scheduler.now() - startedAt);
      if (process.isAlive() && !random.chance(retireRate)) idle[priority].push(lambda);
    }
  }

  return {
    getOrder: async (orderId, maxAgeMs) => {
      const requestId = `get-${++requests}`;
      const result = await invoke('interactive', async ({ process, checkOrder }): Promise<GetResult> => {
        const deadline = process.clock.now() + apiCallMs;
        try {
          return {
            order: await checkOrder({ account, orderId, maxAgeMs, observedBy: 'get-order', requestId, deadline }),
          };
        } catch (thrown) {
          return { code: asFailure(thrown).code };
        }
      });
      return result === 'killed' ? 'nothing' : result;
    },
    checkOpenOrders: async () => {
      const requestId = `sweep-${++requests}`;
      await invoke('background', async ({ process, checkOpenOrders }) => {
        const deadline = process.clock.now() + sweepMs;
        try {
          await checkOpenOrders({ account, requestId, deadline });
        } catch (thrown) {
          onFailure(asFailure(thrown).code);
        }
      });
    },
  };
}
