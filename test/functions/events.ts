import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';

/** A request for an order, as the gateway hands it over in payload format 2.0. */
export function getOrderEvent(
  pathParameters: Record<string, string>,
  rawQueryString = '',
  requestId = 'request-1',
): APIGatewayProxyEventV2 {
  const rawPath = `/accounts/${pathParameters['account']}/orders/${pathParameters['order_id']}`;
  const routeKey = 'GET /accounts/{account}/orders/{order_id}';
  return {
    version: '2.0',
    routeKey,
    rawPath,
    rawQueryString,
    headers: { host: 'example.org' },
    pathParameters,
    requestContext: {
      accountId: '123456789012',
      apiId: 'api',
      domainName: 'example.org',
      domainPrefix: 'example',
      http: { method: 'GET', path: rawPath, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'test' },
      requestId,
      routeKey,
      stage: '$default',
      time: '01/Jan/2026:00:00:00 +0000',
      timeEpoch: Date.UTC(2026, 0, 1),
    },
    isBase64Encoded: false,
  };
}

/** Lambda's context, of an invocation that may take so many milliseconds more. */
export function contextOf(remainingMs = 29_000): Context {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: 'get-order',
    functionVersion: '1',
    invokedFunctionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:get-order',
    memoryLimitInMB: '512',
    awsRequestId: 'invocation-1',
    logGroupName: 'log-group',
    logStreamName: 'log-stream',
    getRemainingTimeInMillis: () => remainingMs,
    done: () => {},
    fail: () => {},
    succeed: () => {},
  };
}
