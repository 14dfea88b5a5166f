import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { checkedOrder } from '../lib/api/presenters.ts';
import { getOrder as route } from '../lib/api/routes.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { httpHandler } from '../lib/http/middleware.ts';
import { deadlineOf, readParameters } from '../lib/http/request.ts';
import { respond, responseBody } from '../lib/http/response.ts';
import { Logger } from '../lib/log.ts';
import { stage } from '../lib/stage/compiled-stage.ts';
import { createOrderChecks } from '../lib/wiring/order-checks.ts';

const logger = new Logger();
const { checkOrder, warmUp } = createOrderChecks({ stage, env: process.env, clock, logger, priority: 'interactive' });

async function onRequest(event: APIGatewayProxyEventV2, context: Context): Promise<APIGatewayProxyStructuredResultV2> {
  const { account, order_id: orderId, max_age: maxAgeSeconds } = readParameters(route, event);
  const checked = checkedOrder(
    await checkOrder({
      account,
      orderId,
      maxAgeMs: maxAgeSeconds === undefined ? undefined : maxAgeSeconds * 1000,
      observedBy: 'get-order',
      requestId: event.requestContext.requestId,
      deadline: deadlineOf(clock.now(), context.getRemainingTimeInMillis()),
    }),
  );
  return respond(route, event, checked, {
    etag: `W/"${checked.rank}"`,
    age: String(checked.age_seconds),
  });
}

await warmUp((checked) => responseBody(route, checkedOrder(checked)));

export const handler = httpHandler({ logger, clock, stage }, onRequest);
