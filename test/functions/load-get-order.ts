import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { vi } from 'vitest';
import * as z from 'zod/mini';
import type { Stage } from '../../lib/stage.ts';
import { contextOf } from './events.ts';

const Answer = z.object({
  statusCode: z.number(),
  headers: z.record(z.string(), z.string()),
  body: z._default(z.string(), ''),
});
export type Answer = z.infer<typeof Answer>;

/** Answers one event; the invocation may take so many milliseconds. */
export type GetOrder = (event: APIGatewayProxyEventV2, remainingMs?: number) => Promise<Answer>;

/** The function as a new process would have it: its modules, and all that they keep, are its own. */
export async function loadGetOrder(environment: {
  readonly stage: Stage;
  readonly env: Readonly<Record<string, string>>;
}): Promise<GetOrder> {
  vi.resetModules();
  // What the bundler writes into the function is here the global that the name then means.
  vi.stubGlobal('COMPILED_STAGE', environment.stage);
  for (const [name, value] of Object.entries(environment.env)) vi.stubEnv(name, value);
  const { handler } = await import('../../functions/get-order.ts');
  return async (event, remainingMs) => Answer.parse(await handler(event, contextOf(remainingMs)));
}
