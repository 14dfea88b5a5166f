import { createWriteStream } from 'node:fs';
import type { LocalStack } from '../emulator/aws/assembly.ts';
import { startAwsEndpoint } from '../emulator/aws/aws-endpoint.ts';
import type { Engine } from '../emulator/aws/engines.ts';
import { startEventBus } from '../emulator/aws/event-bus/server.ts';
import { type Lambda, startLambda } from '../emulator/aws/lambda.ts';
import { startQueues } from '../emulator/aws/queues/server.ts';
import { type Change, startTableProxy } from '../emulator/aws/table-proxy.ts';
import type { BusEvent } from './transitions.ts';

export const place = { region: 'us-east-1', accountId: '123456789012' };

/** The table with its streams, the event bus and the queues, and one address for all of them and the secrets. */
export async function startServices(
  started: AsyncDisposableStack,
  stack: LocalStack,
  engines: { readonly dynamoUrl: string; readonly secretsUrl: string },
  { onChange, onEvent }: { readonly onChange: (change: Change) => void; readonly onEvent: (event: BusEvent) => void },
) {
  const [table, bus, queues] = await together([
    stoppable(started, startTableProxy({ url: engines.dynamoUrl, streams: stack.streams, onChange })),
    stoppable(started, startEventBus({ buses: stack.busNames, onEvent })),
    stoppable(started, startQueues({ queues: stack.queueNames })),
  ]);
  const aws = await stoppable(
    started,
    startAwsEndpoint({
      DynamoDB_20120810: table.url,
      secretsmanager: engines.secretsUrl,
      AmazonSQS: queues.url,
      AWSEvents: bus.url,
    }),
  );
  return { table, bus, queues, aws };
}

/** The functions, which log to the file or, without one, to standard error. */
export function startFunctions(
  started: AsyncDisposableStack,
  { functions }: LocalStack,
  services: Readonly<Record<'table' | 'bus' | 'queues' | 'secrets', { readonly url: string }>>,
  { logFile, failed }: Pick<Parameters<typeof startLambda>[0], 'failed'> & { readonly logFile: string | undefined },
): Lambda {
  const log = logFile === undefined ? undefined : createWriteStream(logFile);
  if (log !== undefined) started.defer(() => new Promise((resolve) => log.end(resolve)));
  const lambda = startLambda({
    functions,
    region: place.region,
    endpoints: {
      AWS_ENDPOINT_URL_DYNAMODB: services.table.url,
      AWS_ENDPOINT_URL_EVENTBRIDGE: services.bus.url,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: services.secrets.url,
      AWS_ENDPOINT_URL_SQS: services.queues.url,
    },
    output: (chunk) => (log ?? process.stderr).write(chunk),
    failed,
  });
  started.defer(lambda.stop);
  return lambda;
}

/** Stops it with everything else that was started. */
export async function stoppable<T extends Engine>(started: AsyncDisposableStack, starting: Promise<T>): Promise<T> {
  const engine = await starting;
  started.defer(() => engine.stop());
  return engine;
}

/** Like `Promise.all`, but waits for the others when one fails: what they start still has to be stopped. */
export async function together<T extends readonly unknown[]>(
  work: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
