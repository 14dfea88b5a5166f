import type { APIGatewayProxyEventV2WithIAMAuthorizer } from 'aws-lambda';
import { getOrderEvent } from './events.ts';

export const caller = 'arn:aws:iam::123456789012:user/desk';

/** A request to start or stop the watch of an order, as the gateway hands it over once it has authenticated the caller. */
export function changeWatchEvent(
  method: 'PUT' | 'DELETE',
  pathParameters: Record<string, string>,
  rawQueryString = '',
  requestId = 'request-1',
): APIGatewayProxyEventV2WithIAMAuthorizer {
  const event = getOrderEvent(pathParameters, rawQueryString, requestId);
  const rawPath = `${event.rawPath}/watch`;
  const routeKey = `${method} /accounts/{account}/orders/{order_id}/watch`;
  const { requestContext } = event;
  return {
    ...event,
    rawPath,
    routeKey,
    requestContext: {
      ...requestContext,
      routeKey,
      http: { ...requestContext.http, method, path: rawPath },
      authorizer: {
        iam: {
          accessKey: 'AKIDEXAMPLE',
          accountId: '123456789012',
          callerId: 'caller',
          cognitoIdentity: null,
          principalOrgId: 'o-example',
          userArn: caller,
          userId: 'user',
        },
      },
    },
  };
}
