import { IdempotencyConfig } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { makeHandlerIdempotent } from '@aws-lambda-powertools/idempotency/middleware';
import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import { getSecret } from '@aws-lambda-powertools/parameters/secrets';
import { Tracer } from '@aws-lambda-powertools/tracer';
import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import middy from '@middy/core';
import { z } from 'zod';

/** What the documentation of Powertools for AWS Lambda recommends: SDK, middy, all of its utilities, zod. */
const {
  EXCHANGE_URL: url,
  IDEMPOTENCY_TABLE: tableName,
  ORDERS_TABLE: TableName,
  SECRET_NAME: secretName,
} = process.env;
const logger = new Logger();
const metrics = new Metrics();
const tracer = new Tracer();
const documents = DynamoDBDocumentClient.from(tracer.captureAWSv3Client(new DynamoDBClient()));
const persistenceStore = new DynamoDBPersistenceLayer({ tableName });
const config = new IdempotencyConfig({ eventKeyJmesPath: 'requestContext.requestId' });

const Key = z.object({ client_id: z.string(), client_secret: z.string() });
const Parameters = z.object({ account: z.string(), order_id: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/) });
const Token = z.object({ access_token: z.string() });
const Order = z.looseObject({
  order_id: z.string(),
  order_state: z.string(),
  instrument_name: z.string(),
  direction: z.enum(['buy', 'sell']),
  order_type: z.string(),
  time_in_force: z.string(),
  price: z.union([z.number(), z.string()]),
  amount: z.number(),
  filled_amount: z.number(),
  average_price: z.number(),
  creation_timestamp: z.number(),
  last_update_timestamp: z.number(),
});
const replyOf = (result) => z.object({ jsonrpc: z.literal('2.0'), result });
let token;

async function call(method, params, schema, headers = {}) {
  const response = await fetch(`${url}/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  return replyOf(schema).parse(await response.json()).result;
}

async function signIn() {
  const key = Key.parse(await getSecret(secretName, { maxAge: 300, transform: 'json' }));
  const { access_token } = await call(
    'public/auth',
    { grant_type: 'client_credentials', scope: 'session:bench', ...key },
    Token,
  );
  return access_token;
}

async function onRequest({ pathParameters }) {
  const { account, order_id } = Parameters.parse(pathParameters);
  token ??= await signIn();
  const order = await call('private/get_order_state', { order_id }, Order, { authorization: `bearer ${token}` });
  await documents.send(
    new PutCommand({
      TableName,
      Item: { pk: `${account}#${order_id}`, updated: order.last_update_timestamp, order },
      ConditionExpression: 'attribute_not_exists(pk) OR updated <= :updated',
      ExpressionAttributeValues: { ':updated': order.last_update_timestamp },
    }),
  );
  metrics.addMetric('orderChecked', MetricUnit.Count, 1);
  logger.info('order checked', { account, order_id, state: order.order_state });
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ account, order }) };
}

export const handler = middy(onRequest)
  .use(captureLambdaHandler(tracer))
  .use(injectLambdaContext(logger))
  .use(logMetrics(metrics))
  .use(makeHandlerIdempotent({ persistenceStore, config }));
