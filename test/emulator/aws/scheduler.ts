import type { Outcome } from './environment.ts';
import type { LocalSchedule } from './triggers.ts';

type SchedulerSetting = {
  readonly schedules: readonly LocalSchedule[];
  /** Instead of each schedule's own time. */
  readonly everyMs: number;
  readonly invoke: (functionName: string, payload: string) => Promise<Outcome>;
};

/**
 * Fires all schedules at once and then every so often, and waits for none: a sweep goes on until the next one takes over,
 * so two of them overlap. A tick that finds no free environment is dropped, for the next one is near; AWS would keep it
 * for the seconds that this takes.
 */
export function startScheduler({ schedules, everyMs, invoke }: SchedulerSetting): { readonly stop: () => void } {
  const tick = () => {
    for (const { functionName, input } of schedules) void invoke(functionName, input);
  };
  tick();
  const timer = setInterval(tick, everyMs);
  return { stop: () => clearInterval(timer) };
}
