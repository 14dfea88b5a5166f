import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { vi } from 'vitest';
import * as z from 'zod/mini';
import type { Stage } from '../../lib/stage/stage.ts';
import { contextOf } from './events.ts';
import { changeWatchEvent } from './watch-events.ts';

export type TestEnvironment = { readonly stage: Stage; readonly env: Readonly<Record<string, string>> };
/** Some functions are bundled without a stage. */
type Bundled = Pick<TestEnvironment, 'env'> & Partial<TestEnvironment>;

const HttpResponse = z.object({
  statusCode: z.number(),
  headers: z.record(z.string(), z.string()),
  body: z._default(z.string(), ''),
});
type HttpResponse = z.infer<typeof HttpResponse>;

/** Handles one event; the invocation may take so many milliseconds. */
export type HttpFunction = (event: APIGatewayProxyEventV2, remainingMs?: number) => Promise<HttpResponse>;

type HttpModule = {
  readonly handler: (event: APIGatewayProxyEventV2, context: Context) => Promise<unknown>;
};

const httpFunctions = {
  'change-watch': () => import('../../functions/change-watch.ts'),
  'check-orders': () => import('../../functions/check-orders.ts'),
  'get-order': () => import('../../functions/get-order.ts'),
  'get-order-state': () => import('../../functions/get-order-state.ts'),
  'list-accounts': () => import('../../functions/list-accounts.ts'),
  'list-orders': () => import('../../functions/list-orders.ts'),
  'list-snapshots': () => import('../../functions/list-snapshots.ts'),
} as const;
type HttpFunctionName = keyof typeof httpFunctions;

/** A function of the HTTP API as a new process would have it: its modules, and all that they keep, are its own. */
export async function loadHttpFunction(name: HttpFunctionName, environment: TestEnvironment): Promise<HttpFunction> {
  const { handler }: HttpModule = await loadFunction(httpFunctions[name], environment);
  return async (event, remainingMs) => HttpResponse.parse(await handler(event, contextOf(remainingMs)));
}

/** All functions of the HTTP API, in one new process. */
export async function loadHttpFunctions(
  environment: TestEnvironment,
): Promise<(name: string, event: APIGatewayProxyEventV2) => Promise<unknown>> {
  startAnew(environment);
  const handlers = new Map<string, HttpModule['handler']>();
  for (const [name, load] of Object.entries(httpFunctions)) handlers.set(name, (await load()).handler);
  return async (name, event) => handlers.get(name)?.(event, contextOf());
}

export type ChangeWatch = (...args: Parameters<typeof changeWatchEvent>) => Promise<HttpResponse>;

export async function loadChangeWatch(environment: TestEnvironment): Promise<ChangeWatch> {
  const changeWatch = await loadHttpFunction('change-watch', environment);
  return (...args) => changeWatch(changeWatchEvent(...args));
}

const OneTick = z.tuple([z.looseObject({ account: z.string(), outcome: z.string() })]);
/** Handles one tick of one account; the invocation may take so many milliseconds. */
export type CheckOpenOrders = (event: unknown, remainingMs?: number) => Promise<z.infer<typeof OneTick>[0]>;

export async function loadCheckOpenOrders(environment: TestEnvironment): Promise<CheckOpenOrders> {
  const { handler } = await loadFunction(() => import('../../functions/check-open-orders.ts'), environment);
  return async (event, remainingMs) => OneTick.parse(await handler(event, contextOf(remainingMs)))[0];
}

/** Imports the module of a function as a new process would have it. */
export async function loadFunction<Module>(load: () => Promise<Module>, environment: Bundled): Promise<Module> {
  startAnew(environment);
  return load();
}

function startAnew({ stage, env }: Bundled): void {
  vi.resetModules();
  // The bundler compiles the stage into the function; without a bundler, it is a global of that name.
  if (stage !== undefined) vi.stubGlobal('COMPILED_STAGE', stage);
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
}
