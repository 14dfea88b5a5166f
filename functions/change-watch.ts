import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { changedWatch } from '../lib/api/presenters.ts';
import { startWatch, stopWatch } from '../lib/api/routes.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { callerOf } from '../lib/http/caller.ts';
import { httpHandler } from '../lib/http/middleware.ts';
import { readParameters } from '../lib/http/request.ts';
import { respond } from '../lib/http/response.ts';
import { Logger } from '../lib/log.ts';
import { stage } from '../lib/stage/compiled-stage.ts';
import { wireChangeWatch } from '../lib/wiring/change-watch.ts';

const logger = new Logger();
const changeWatch = wireChangeWatch({ stage, env: process.env, clock });

async function onRequest(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  const route = event.requestContext.http.method === 'PUT' ? startWatch : stopWatch;
  const { account, order_id: orderId } = readParameters(route, event);
  const change = await changeWatch({
    account,
    orderId,
    by: callerOf(event),
    requestId: event.requestContext.requestId,
    watch: route.method === 'PUT',
  });
  return respond(route, event, changedWatch({ account, orderId }, change));
}

export const handler = httpHandler({ logger, clock, stage }, onRequest);
