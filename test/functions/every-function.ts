import { inspect } from 'node:util';
import * as z from 'zod/mini';
import { routes } from '../../lib/api/routes.ts';
import { Logger } from '../../lib/log.ts';
import { createOrderChecks } from '../../lib/wiring/order-checks.ts';
import { apiEvent } from './api-events.ts';
import { getOrderEvent } from './events.ts';
import { type HttpFunction, loadCheckOpenOrders, loadHttpFunction, type TestEnvironment } from './load-function.ts';

export type Requested = {
  readonly account: string;
  readonly orderId: string;
  /** Seconds, where the function takes it. */
  readonly maxAge?: number;
  readonly remainingMs?: number;
};

/** `ok` or the failure's code, and all of what was returned or thrown. */
export type FunctionResult = { readonly code: string; readonly text: string };

export type Invoke = (requested: Requested) => Promise<FunctionResult>;

const Swept = z.object({ checked: z.number(), failed: z.record(z.string(), z.number()) });

/** No pauses: what is waited for is not looked at here. */
const clock = { now: Date.now, sleep: async () => {} };

/** Every way to an order, as a new process would have it; the use-case among them, for what it throws. */
export const everyFunction = {
  'get-order': async (environment: TestEnvironment): Promise<Invoke> => {
    const getOrder = await loadHttpFunction('get-order', environment);
    return async ({ account, orderId, maxAge, remainingMs }) => {
      const query = maxAge === undefined ? '' : `max_age=${maxAge}`;
      const response = await getOrder(getOrderEvent({ account, order_id: orderId }, query), remainingMs);
      return { code: JSON.parse(response.body).code ?? 'ok', text: textOf(response) };
    };
  },

  'check-orders': async (environment: TestEnvironment): Promise<Invoke> => {
    const checkOrders = await loadHttpFunction('check-orders', environment);
    return async ({ account, orderId, maxAge, remainingMs }) => {
      const body = JSON.stringify({ order_ids: [orderId], max_age: maxAge });
      const response = await checkOrders(apiEvent(routes.checkOrders, { path: { account }, body }), remainingMs);
      const [{ outcome, problem }] = JSON.parse(response.body).outcomes;
      return { code: outcome === 'checked' ? 'ok' : String(problem?.code), text: textOf(response) };
    };
  },

  'get-order-state': async (environment: TestEnvironment): Promise<Invoke> => {
    const getOrderState = await loadHttpFunction('get-order-state', environment);
    return async ({ account, orderId, remainingMs }) => {
      const version = environment.stage.accounts[account]?.dialect === 'orangex' ? 'v1' : 'v2';
      const event = apiEvent(routes.getOrderState, { path: { account, version }, query: `order_id=${orderId}` });
      const response = await getOrderState(event, remainingMs);
      return { code: JSON.parse(response.body).error?.data.code ?? 'ok', text: textOf(response) };
    };
  },

  'check-open-orders': async (environment: TestEnvironment): Promise<Invoke> => {
    const checkOpenOrders = await loadCheckOpenOrders(environment);
    // A sweep starts no check in its last 25 seconds. Its orders are those on watch.
    return ({ account, remainingMs = 27_000 }) =>
      checkOpenOrders({ accounts: [account] }, remainingMs).then((report) => {
        const { checked, failed } = Swept.parse(report);
        const codes = Object.keys(failed).join();
        return { code: codes || (checked > 0 ? 'ok' : 'nothing checked'), text: JSON.stringify(report) };
      }, resultOf);
  },

  'the use-case': async ({ stage, env }: TestEnvironment): Promise<Invoke> => {
    const { checkOrder } = createOrderChecks({ stage, env, clock, priority: 'interactive', logger: new Logger() });
    return async ({ account, orderId, maxAge, remainingMs = 29_000 }) => {
      const maxAgeMs = maxAge === undefined ? undefined : maxAge * 1000;
      const deadline = Date.now() + remainingMs - 1_500;
      const request = { account, orderId, maxAgeMs, observedBy: 'canary', requestId: 'request-2', deadline };
      return checkOrder(request).then(() => ({ code: 'ok', text: '' }), resultOf);
    };
  },
} as const;

function textOf({ headers, body }: Awaited<ReturnType<HttpFunction>>): string {
  return `${JSON.stringify(headers)}\n${body}`;
}

function resultOf(thrown: unknown): FunctionResult {
  return {
    code: thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'none',
    text: inspectDeep(thrown),
  };
}

/** All of an error, hidden properties and causes included. */
export function inspectDeep(thrown: unknown): string {
  const limits = { depth: Number.POSITIVE_INFINITY, maxArrayLength: null, maxStringLength: null };
  const texts = [inspect(thrown, { ...limits, showHidden: true }), String(thrown), JSON.stringify(thrown)];
  for (let error = thrown; error instanceof Error; error = error.cause) {
    texts.push(error.name, error.message, String(error.stack), JSON.stringify(error));
    texts.push(JSON.stringify(Object.getOwnPropertyDescriptors(error)));
  }
  return texts.join('\n');
}
