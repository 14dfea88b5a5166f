import { Logger } from '@aws-lambda-powertools/logger';
import middy from '@middy/core';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import * as z from 'zod/mini';
import type { CheckedOrder } from '../lib/check-order.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { stage } from '../lib/compiled-stage.ts';
import { accountParameter, deadlineOf, http, maxAgeParameter, orderIdParameter, readParameters } from '../lib/http.ts';
import { wireAsking } from '../lib/wiring.ts';

const logger = new Logger();
const { checkOrder, warmUp } = wireAsking({ stage, env: process.env, clock, logger, lane: 'door' });

const Parameters = z.strictObject({
  account: accountParameter,
  order_id: orderIdParameter,
  max_age: z.optional(maxAgeParameter),
});

async function getOrder(event: APIGatewayProxyEventV2, context: Context): Promise<CheckedOrder> {
  const { account, order_id: orderId, max_age: maxAgeMs } = readParameters(Parameters, event);
  return checkOrder({
    account,
    orderId,
    maxAgeMs,
    door: 'get-order',
    requestId: event.requestContext.requestId,
    deadline: deadlineOf(clock.now(), context.getRemainingTimeInMillis()),
  });
}

await warmUp();

export const handler = middy<APIGatewayProxyEventV2>().use(http({ logger, clock })).handler(getOrder);
