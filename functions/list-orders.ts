import { Logger } from '@aws-lambda-powertools/logger';
import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { routes } from '../lib/api/routes.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { stage } from '../lib/compiled-stage.ts';
import { answer, http, readParameters } from '../lib/http/middleware.ts';
import { wireListOrders } from '../lib/wiring/index.ts';

const logger = new Logger();
const { listOrders, warmUp } = wireListOrders({ stage, env: process.env, clock });

async function onRequest(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  return answer(routes.listOrders, event, await listOrders(readParameters(routes.listOrders, event)));
}

await warmUp();

export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
  .use(http({ logger, clock, stage }))
  .handler(onRequest);
