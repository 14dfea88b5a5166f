import { vi } from 'vitest';
import * as z from 'zod/mini';
import type { Stage } from '../../lib/stage.ts';
import { contextOf } from './events.ts';
import type { Answer } from './load-get-order.ts';
import { changeWatchEvent } from './watch-events.ts';

type TestEnvironment = { readonly stage: Stage; readonly env: Readonly<Record<string, string>> };

const Report = z.looseObject({ outcome: z.string() });
/** Handles one tick; the invocation may take so many milliseconds. */
export type CheckOpenOrders = (event: unknown, remainingMs?: number) => Promise<z.infer<typeof Report>>;

const ResponseOf = z.object({ statusCode: z.number(), headers: z.record(z.string(), z.string()), body: z.string() });
export type ChangeWatch = (...args: Parameters<typeof changeWatchEvent>) => Promise<Answer>;

/** The function that sweeps, as a new process would have it. */
export async function loadCheckOpenOrders(environment: TestEnvironment): Promise<CheckOpenOrders> {
  startAnew(environment);
  const { handler } = await import('../../functions/check-open-orders.ts');
  return async (event, remainingMs) => Report.parse(await handler(event, contextOf(remainingMs)));
}

/** The function that starts and stops watches, as a new process would have it. */
export async function loadChangeWatch(environment: TestEnvironment): Promise<ChangeWatch> {
  startAnew(environment);
  const { handler } = await import('../../functions/change-watch.ts');
  return async (...args) => ResponseOf.parse(await handler(changeWatchEvent(...args), contextOf()));
}

function startAnew({ stage, env }: TestEnvironment): void {
  vi.resetModules();
  // What the bundler writes into the function is here the global that the name then means.
  vi.stubGlobal('COMPILED_STAGE', stage);
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
}
