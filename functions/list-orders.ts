import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { orderList } from '../lib/api/presenters.ts';
import { listOrdersRequest } from '../lib/api/requests.ts';
import { listOrders as route } from '../lib/api/routes.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { httpHandler } from '../lib/http/middleware.ts';
import { readParameters } from '../lib/http/request.ts';
import { respond } from '../lib/http/response.ts';
import { Logger } from '../lib/log.ts';
import { stage } from '../lib/stage/compiled-stage.ts';
import { wireListOrders } from '../lib/wiring/list-orders.ts';

const logger = new Logger();
const { listOrders, warmUp } = wireListOrders({ stage, env: process.env, clock });

async function onRequest(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  const request = listOrdersRequest(readParameters(route, event));
  return respond(route, event, orderList(request, await listOrders(request), clock.now()));
}

await warmUp();

export const handler = httpHandler({ logger, clock, stage }, onRequest);
