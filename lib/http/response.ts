import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import * as z from 'zod/mini';
import { problemOf, retryAfterOf } from '../api/presenters.ts';
import { Problem } from '../api/responses.ts';
import type { Route } from '../api/routes.ts';
import type { Failure } from '../errors.ts';
import { writeJson } from '../exchange/json.ts';

/**
 * A route's response: JSON with exact digits, and only what the route's schema declares. 304 when the request's
 * If-None-Match names the response's ETag.
 */
export function respond<Response extends Route['response']>(
  route: { readonly response: Response },
  event: APIGatewayProxyEventV2,
  value: z.output<Response>,
  headers: Readonly<Record<string, string>> = {},
): APIGatewayProxyStructuredResultV2 {
  if (isMatch(event.headers['if-none-match'], headers['etag'])) {
    return { statusCode: 304, headers: { 'cache-control': 'no-store', ...headers } };
  }
  return httpResponse(200, 'application/json', responseBody(route, value), headers);
}

/** A route's response as JSON, with what its schema declares. */
export function responseBody<Response extends Route['response']>(
  { response }: { readonly response: Response },
  value: z.output<Response>,
): string {
  return writeJson(z.parse(response, value));
}

/** Weak comparison (RFC 9110): the same order state, whatever the bytes. */
function isMatch(ifNoneMatch: string | undefined, etag: string | undefined): boolean {
  if (ifNoneMatch === undefined || etag === undefined) return false;
  const strong = (tag: string) => tag.trim().replace(/^W\//, '');
  return ifNoneMatch.split(',').some((tag) => tag.trim() === '*' || strong(tag) === strong(etag));
}

/** RFC 9457, with Retry-After where waiting helps. */
export function problemResponse(failure: Failure, event: APIGatewayProxyEventV2): APIGatewayProxyStructuredResultV2 {
  const body = {
    ...problemOf(failure),
    instance: event.rawPath,
    request_id: event.requestContext.requestId,
  };
  const json = writeJson(z.parse(Problem, body));
  return httpResponse(failure.spec.status, 'application/problem+json', json, retryAfterOf(failure));
}

export function httpResponse(
  statusCode: number,
  type: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): APIGatewayProxyStructuredResultV2 {
  return { statusCode, headers: { 'content-type': type, 'cache-control': 'no-store', ...headers }, body };
}
