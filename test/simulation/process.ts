import type { Clock } from '../../lib/clock.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

/** What happens to a process at one of its awaits, counted from now: it ends, or stands still and goes on much later. */
type RequestOutcome = { readonly step: number } & (
  | { readonly kind: 'killed' }
  | { readonly kind: 'frozen'; readonly ms: number }
);

/** One process of a function: with its own clock, and a life that can end or pause wherever it waits. */
export type Process = {
  readonly clock: Clock;
  readonly isAlive: () => boolean;
  readonly injectFault: (outcomeOfRequest: RequestOutcome) => void;
  /** Called when the process ends before its work is done. */
  readonly onDeath: (listener: () => void) => void;
  /**
   * A request over the wire. What has left is served, whatever becomes of the sender; a sender that is gone never receives
   * the response, and a frozen one receives it when it thaws.
   */
  readonly request: <OrderReply>(
    thereMs: number,
    serve: () => Promise<OrderReply>,
    backMs: BackMs<OrderReply>,
  ) => Promise<OrderReply>;
};

/** How long a reply travels; of `undefined`, a failure does. */
type BackMs<OrderReply> = (reply: OrderReply | undefined) => number;

export function createProcess(deps: {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly skewMs: number;
}): Process {
  const { scheduler, random, skewMs } = deps;
  let isAlive = true;
  let frozenUntil = 0;
  let outcomeOfRequest: RequestOutcome | undefined;
  let steps = 0;
  let listeners: readonly (() => void)[] = [];

  /** One more await begins or ends. */
  const step = (): void => {
    if (outcomeOfRequest === undefined || steps++ < outcomeOfRequest.step) return;
    if (outcomeOfRequest.kind === 'frozen') frozenUntil = scheduler.now() + outcomeOfRequest.ms;
    else {
      isAlive = false;
      for (const listener of listeners) listener();
    }
    outcomeOfRequest = undefined;
  };

  const wake = (run: () => void): void => {
    // Everything that came while it stood still comes at once, in any order.
    const sleepOn = () => scheduler.at(frozenUntil + random.whole(0, 3), () => wake(run));
    if (isAlive && scheduler.now() < frozenUntil) sleepOn();
    else if (isAlive) {
      step();
      if (!isAlive) return;
      if (scheduler.now() < frozenUntil) sleepOn();
      else run();
    }
  };

  const request: Process['request'] = (thereMs, serve, backMs) =>
    new Promise((resolve, reject) => {
      if (!isAlive) return;
      step();
      if (!isAlive) return;
      scheduler.after(thereMs, () => {
        serve().then(
          (reply) => scheduler.after(backMs(reply), () => wake(() => resolve(reply))),
          (thrown: unknown) => scheduler.after(backMs(undefined), () => wake(() => reject(thrown))),
        );
      });
    });

  return {
    clock: {
      now: () => scheduler.now() + skewMs,
      sleep: (milliseconds) =>
        new Promise((resolve) => {
          // Timers are never early, and a little late.
          if (isAlive) scheduler.after(Math.ceil(milliseconds) + random.whole(0, 2), () => wake(resolve));
        }),
    },
    isAlive: () => isAlive,
    injectFault: (next) => {
      outcomeOfRequest = next;
      steps = 0;
    },
    onDeath: (listener) => {
      listeners = [...listeners, listener];
    },
    request,
  };
}
