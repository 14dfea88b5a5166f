import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { IncomingMessage, ServerResponse } from 'node:http';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { access, active, startDynamo } from '../emulator/aws/engines.ts';
import { type SecretsManager, startSecretsManager } from '../emulator/aws/secrets-manager/server.ts';
import type { RateLimitOptions } from '../emulator/exchange/rate-limiter.ts';
import { type Exchange, startExchange } from '../emulator/exchange/server.ts';
import { startTlsProxy } from './tls-proxy.ts';

/** Everything that a measured process talks to, on this machine. */
export type Servers = {
  readonly exchange: Exchange;
  readonly secrets: SecretsManager;
  /** Of DynamoDB, for this process. */
  readonly dynamoUrl: string;
  /** As measured processes reach them. */
  readonly exchangeUrl: string;
  readonly endpoints: Readonly<Record<string, string>>;
  /** Requests so far, by operation: `get_order_state`, `Query`, `PutItem`, … */
  readonly calls: () => Calls;
  /** Requests since a count of before. */
  readonly callsSince: (before: Calls) => Calls;
  readonly stop: () => Promise<void>;
};

export type Calls = Readonly<Record<string, number>>;

export const region = 'us-east-1';
/** What rivals use: they know nothing of the stack's own secret and table. */
export const rivalSecret = 'rival/exchange-key';
export const rivalTables = { orders: 'rival-orders', idempotency: 'rival-idempotency' } as const;

/** Calls of private methods that the exchange rejects with an error, in the counts of calls. */
export const refused = 'refused by the exchange';

const RequestMessage = z.object({ request: z.instanceof(IncomingMessage) });
const ResponseMessage = z.object({ ...RequestMessage.shape, response: z.instanceof(ServerResponse) });

type ServersOptions = { readonly tls: boolean; readonly rateLimit?: RateLimitOptions };

export async function startServers({ tls, rateLimit = 'unlimited' }: ServersOptions): Promise<Servers> {
  const started = new AsyncDisposableStack();
  const counts = new Map<string, number>();
  const count = (message: unknown) => {
    const operation = operationOf(RequestMessage.parse(message).request);
    counts.set(operation, (counts.get(operation) ?? 0) + 1);
  };
  const countRefused = (message: unknown) => {
    const { request, response } = ResponseMessage.parse(message);
    if (request.url?.includes('/private/') && response.statusCode >= 400) {
      counts.set(refused, (counts.get(refused) ?? 0) + 1);
    }
  };
  // Every HTTP server of this process publishes what it receives: nothing has to stand in between and cost time.
  subscribe('http.server.request.start', count);
  started.defer(() => void unsubscribe('http.server.request.start', count));
  subscribe('http.server.response.finish', countRefused);
  started.defer(() => void unsubscribe('http.server.response.finish', countRefused));

  const exchange = await startExchange({ dialect: 'deribit', forgetAfterMs: Number.POSITIVE_INFINITY, rateLimit });
  started.defer(() => exchange.stop());
  const dynamo = await startDynamo(undefined);
  started.defer(dynamo.stop);
  const secrets = await startSecretsManager({ region });
  started.defer(() => secrets.stop());
  const { clientId, clientSecret } = exchange.keys[0] ?? {};
  secrets.create(rivalSecret, JSON.stringify({ client_id: clientId, client_secret: clientSecret }));
  await createRivalTables(dynamo.url);

  const reached = async (url: string): Promise<string> => {
    if (!tls) return url;
    const proxy = await startTlsProxy(url);
    started.defer(proxy.stop);
    return proxy.url;
  };
  return {
    exchange,
    secrets,
    dynamoUrl: dynamo.url,
    exchangeUrl: await reached(exchange.url),
    endpoints: {
      AWS_ENDPOINT_URL_DYNAMODB: await reached(dynamo.url),
      AWS_ENDPOINT_URL_SECRETS_MANAGER: await reached(secrets.url),
    },
    calls: () => Object.fromEntries(counts),
    callsSince: (before) => difference(Object.fromEntries(counts), before),
    stop: () => started.disposeAsync(),
  };
}

/** AWS names it in a header, the exchange in the path. */
function operationOf({ headers, url = '' }: IncomingMessage): string {
  const target = headers['x-amz-target'];
  return typeof target === 'string' ? target.replace(/^.*\./, '') : url.replace(/\?.*/, '').replace(/^.*\//, '');
}

function difference(after: Calls, before: Calls): Calls {
  return Object.fromEntries(
    Object.entries(after)
      .map(([name, count]) => [name, count - (before[name] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
}

async function createRivalTables(endpoint: string): Promise<void> {
  const client = new DynamoDBClient({ ...access, endpoint, region });
  for (const [TableName, AttributeName] of [
    [rivalTables.orders, 'pk'],
    [rivalTables.idempotency, 'id'],
  ] as const) {
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName, AttributeType: 'S' }],
        KeySchema: [{ AttributeName, KeyType: 'HASH' }],
      }),
    );
    await active(client, TableName);
  }
  client.destroy();
}
