import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { type Operation, routes } from '../../../lib/api/routes.ts';
import { type Gateway, startGateway } from '../../emulator/aws/gateway.ts';
import { contextOf } from '../../functions/events.ts';
import { startAnew, type TestEnvironment } from '../../functions/fresh-start.ts';

type Handler = (event: APIGatewayProxyEventV2, context: Context) => Promise<unknown>;
type FunctionName = (typeof routes)[Operation]['function'];

const functions: Readonly<Record<FunctionName, () => Promise<{ readonly handler: Handler }>>> = {
  'change-watch': () => import('../../../functions/change-watch.ts'),
  'check-orders': () => import('../../../functions/check-orders.ts'),
  'get-order': () => import('../../../functions/get-order.ts'),
  'get-order-state': () => import('../../../functions/get-order-state.ts'),
  'list-orders': () => import('../../../functions/list-orders.ts'),
  'list-snapshots': () => import('../../../functions/list-snapshots.ts'),
};

export type LocalApiSetting = TestEnvironment & {
  /** What every request is called; by default each has a name of its own. */
  readonly requestId?: string;
};

/** Every route of the route table over HTTP, its handler as a new process would have it. */
export async function startLocalApi({ stage, env, requestId }: LocalApiSetting): Promise<Gateway> {
  startAnew({ stage, env });
  const handlers = new Map<string, Handler>();
  for (const [name, load] of Object.entries(functions)) handlers.set(name, (await load()).handler);

  const invoke = async (name: string, payload: string) => {
    const event: APIGatewayProxyEventV2 = JSON.parse(payload);
    if (requestId !== undefined) event.requestContext.requestId = requestId;
    const answered = await handlers.get(name)?.(event, contextOf());
    return { kind: 'answered', payload: JSON.stringify(answered) } as const;
  };
  const ofTable = Object.values(routes).map(({ method, path, function: functionName }) => ({
    key: `${method} ${path}`,
    functionName,
    timeoutMs: 30_000,
    iam: true,
  }));
  return startGateway({ port: 0, accountId: '123456789012', api: Promise.resolve({ routes: ofTable, invoke }) });
}
