import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { checkedOrders, retryAfterHeader } from '../lib/api/presenters.ts';
import { checkOrders as route } from '../lib/api/routes.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { httpHandler } from '../lib/http/middleware.ts';
import { deadlineOf, readBody, readParameters } from '../lib/http/request.ts';
import { respond } from '../lib/http/response.ts';
import { Logger, logFailure } from '../lib/log.ts';
import { createCheckOrders } from '../lib/orders/check-orders.ts';
import { stage } from '../lib/stage/compiled-stage.ts';
import { createOrderChecks } from '../lib/wiring/order-checks.ts';

const logger = new Logger();
const checks = createOrderChecks({ stage, env: process.env, clock, logger, priority: 'interactive' });
const checkOrders = createCheckOrders({
  ...checks,
  clock,
  // Of all others the counts are enough.
  onInternalError: (orderId, failure) => logFailure(logger, failure, { order_id: orderId }),
});

async function onRequest(event: APIGatewayProxyEventV2, context: Context): Promise<APIGatewayProxyStructuredResultV2> {
  const { account } = readParameters(route, event);
  const { order_ids: orderIds, max_age: maxAgeSeconds } = readBody(route, event);
  const { outcomes, counts, retryAfterSeconds } = await checkOrders({
    account,
    orderIds,
    maxAgeMs: maxAgeSeconds === undefined ? undefined : maxAgeSeconds * 1000,
    requestId: event.requestContext.requestId,
    deadline: deadlineOf(clock.now(), context.getRemainingTimeInMillis()),
  });
  logger.appendKeys({ checked: counts.checked, failed: counts.failed, not_tried: counts.notTried });
  return respond(route, event, checkedOrders(account, outcomes), retryAfterHeader(retryAfterSeconds));
}

await checks.warmUp();

export const handler = httpHandler({ logger, clock, stage }, onRequest);
