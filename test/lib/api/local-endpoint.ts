import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { routes } from '../../../lib/api/routes.ts';
import { type Gateway, startGateway } from '../../emulator/aws/gateway.ts';
import { loadHttpFunctions, type TestEnvironment } from '../../functions/load-function.ts';

type LocalApiSetting = TestEnvironment & {
  /** The id of every request; by default each has its own. */
  readonly requestId?: string;
};

/** Every route of the route table over HTTP, its handler as a new process would have it. */
export async function startLocalApi({ stage, env, requestId }: LocalApiSetting): Promise<Gateway> {
  const call = await loadHttpFunctions({ stage, env });
  const invoke = async (name: string, payload: string) => {
    const event: APIGatewayProxyEventV2 = JSON.parse(payload);
    if (requestId !== undefined) event.requestContext.requestId = requestId;
    return { kind: 'returned', payload: JSON.stringify(await call(name, event)) } as const;
  };
  const ofTable = Object.values(routes).map(({ method, path, function: functionName }) => ({
    key: `${method} ${path}`,
    functionName,
    timeoutMs: 30_000,
    iam: true,
  }));
  return startGateway({ port: 0, accountId: '123456789012', api: Promise.resolve({ routes: ofTable, invoke }) });
}
