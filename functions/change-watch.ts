import { Logger } from '@aws-lambda-powertools/logger';
import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { routes } from '../lib/api/routes.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { stage } from '../lib/compiled-stage.ts';
import { answer, callerOf, http, readParameters } from '../lib/http/middleware.ts';
import { wireChangeWatch } from '../lib/wiring/index.ts';

const logger = new Logger();
const changeWatch = wireChangeWatch({ stage, env: process.env, clock });

async function onRequest(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  const route = event.requestContext.http.method === 'PUT' ? routes.startWatch : routes.stopWatch;
  const { account, order_id: orderId } = readParameters(route, event);
  const changed = await changeWatch({
    account,
    orderId,
    by: callerOf(event),
    requestId: event.requestContext.requestId,
    watch: route.method === 'PUT',
  });
  return answer(route, event, changed);
}

export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
  .use(http({ logger, clock, stage }))
  .handler(onRequest);
