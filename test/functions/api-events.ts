import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { Route } from '../../lib/api/routes.ts';
import { getOrderEvent } from './events.ts';

export type Requested = {
  /** By the names in the route's path. */
  readonly path: Record<string, string>;
  readonly query?: string;
  readonly body?: string;
  /** The gateway hands over as base64 what does not say that it is text. */
  readonly base64?: boolean;
  readonly requestId?: string;
};

/** A request of one route, as the gateway hands it over in payload format 2.0. */
export function apiEvent(
  { method, path }: Pick<Route, 'method' | 'path'>,
  requested: Requested,
): APIGatewayProxyEventV2 {
  const { query = '', body, base64 = false, requestId = 'request-1' } = requested;
  const event = getOrderEvent(requested.path, query, requestId);
  const rawPath = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => requested.path[name] ?? '');
  const routeKey = `${method} ${path}`;
  const { requestContext } = event;
  return {
    ...event,
    routeKey,
    rawPath,
    requestContext: { ...requestContext, routeKey, http: { ...requestContext.http, method, path: rawPath } },
    ...(body !== undefined && { body: base64 ? Buffer.from(body).toString('base64') : body }),
    isBase64Encoded: base64,
  };
}
