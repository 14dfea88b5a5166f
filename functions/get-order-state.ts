import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { systemClock as clock } from '../lib/clock.ts';
import { createCallOrderState } from '../lib/http/json-rpc/call-order-state.ts';
import { jsonRpcErrorMiddleware, jsonRpcResponse } from '../lib/http/json-rpc/response.ts';
import { httpHandler } from '../lib/http/middleware.ts';
import { deadlineOf } from '../lib/http/request.ts';
import { Logger } from '../lib/log.ts';
import { stage } from '../lib/stage/compiled-stage.ts';
import { createOrderChecks } from '../lib/wiring/order-checks.ts';

const logger = new Logger();
const { accounts, checkOrder, warmUp } = createOrderChecks({
  stage,
  env: process.env,
  clock,
  logger,
  priority: 'interactive',
});
const callOrderState = createCallOrderState({
  accounts,
  checkOrder,
  clock,
  onCall: (orderId) => logger.appendKeys({ order_id: orderId }),
});

async function onCall(event: APIGatewayProxyEventV2, context: Context): Promise<APIGatewayProxyStructuredResultV2> {
  const deadline = deadlineOf(clock.now(), context.getRemainingTimeInMillis());
  return jsonRpcResponse(await callOrderState(event, deadline));
}

await warmUp();

export const handler = httpHandler({ logger, clock, stage }, onCall, [jsonRpcErrorMiddleware]);
