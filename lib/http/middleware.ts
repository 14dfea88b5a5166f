import middy, { type MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import type { Clock } from '../clock.ts';
import { asFailure } from '../errors.ts';
import { type Logger, logFailure, logInvocations } from '../log.ts';
import type { Stage } from '../stage/stage.ts';
import { refuseForeignAccount } from './caller.ts';
import { problemResponse } from './response.ts';

type HttpDeps = {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly stage: Stage;
};

export type HttpMiddleware = MiddlewareObj<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>;

/**
 * The Lambda handler of an HTTP function: `onRequest` within one stack of middleware. The stack refuses an account that
 * the caller's token does not list, logs one structured line per request, and turns what is thrown into
 * `application/problem+json`. A middleware of `inner` may set another response for an error first.
 */
export function httpHandler(
  deps: HttpDeps,
  onRequest: (event: APIGatewayProxyEventV2, context: Context) => Promise<APIGatewayProxyStructuredResultV2>,
  inner: readonly HttpMiddleware[] = [],
) {
  return middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
    .use([logInvocations(deps.logger), requests(deps), ...inner])
    .handler(onRequest);
}

function requests({ logger, clock, stage }: HttpDeps): HttpMiddleware {
  let startedAt = 0;
  return {
    before: ({ event }) => {
      startedAt = clock.now();
      logger.appendKeys({
        request_id: event.requestContext.requestId,
        route: event.routeKey,
        ...event.pathParameters,
      });
      refuseForeignAccount(event, stage);
    },
    after: ({ response }) => {
      logger.info('responded', { status: response?.statusCode, code: 'ok', duration_ms: clock.now() - startedAt });
    },
    onError: (request) => {
      const failure = asFailure(request.error);
      request.response ??= problemResponse(failure, request.event);
      const status = request.response?.statusCode;
      logFailure(logger, failure, { status, duration_ms: clock.now() - startedAt });
    },
  };
}
