import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { vi } from 'vitest';
import * as z from 'zod/mini';
import type { Stage } from '../../lib/stage.ts';
import { contextOf } from './events.ts';

type TestEnvironment = { readonly stage: Stage; readonly env: Readonly<Record<string, string>> };

const Answer = z.object({ statusCode: z.number(), headers: z.record(z.string(), z.string()), body: z.string() });
export type Answer = z.infer<typeof Answer>;

/** Answers one event; the invocation may take so many milliseconds. */
export type Door = (event: APIGatewayProxyEventV2, remainingMs?: number) => Promise<Answer>;

/** The function that checks many orders, as a new process would have it. */
export async function loadCheckOrders(environment: TestEnvironment): Promise<Door> {
  startAnew(environment);
  const { handler } = await import('../../functions/check-orders.ts');
  return async (event, remainingMs) => Answer.parse(await handler(event, contextOf(remainingMs)));
}

/** The function that takes the exchange's own request, as a new process would have it. */
export async function loadGetOrderState(environment: TestEnvironment): Promise<Door> {
  startAnew(environment);
  const { handler } = await import('../../functions/get-order-state.ts');
  return async (event, remainingMs) => Answer.parse(await handler(event, contextOf(remainingMs)));
}

function startAnew({ stage, env }: TestEnvironment): void {
  vi.resetModules();
  // What the bundler writes into the function is here the global that the name then means.
  vi.stubGlobal('COMPILED_STAGE', stage);
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
}
