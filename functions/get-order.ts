import { Logger } from '@aws-lambda-powertools/logger';
import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { routes } from '../lib/api/routes.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { stage } from '../lib/compiled-stage.ts';
import { answer, deadlineOf, http, readParameters } from '../lib/http/middleware.ts';
import { createOrderChecks } from '../lib/wiring/index.ts';

const logger = new Logger();
const { checkOrder, warmUp } = createOrderChecks({ stage, env: process.env, clock, logger, priority: 'interactive' });

async function getOrder(event: APIGatewayProxyEventV2, context: Context): Promise<APIGatewayProxyStructuredResultV2> {
  const { account, order_id: orderId, max_age: maxAgeSeconds } = readParameters(routes.getOrder, event);
  const checked = await checkOrder({
    account,
    orderId,
    ...(maxAgeSeconds !== undefined && { maxAgeMs: maxAgeSeconds * 1000 }),
    observedBy: 'get-order',
    requestId: event.requestContext.requestId,
    deadline: deadlineOf(clock.now(), context.getRemainingTimeInMillis()),
  });
  return answer(routes.getOrder, event, checked, {
    etag: `W/"${checked.rank}"`,
    age: String(checked.age_seconds),
  });
}

await warmUp();

export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
  .use(http({ logger, clock, stage }))
  .handler(getOrder);
