import { Logger } from '@aws-lambda-powertools/logger';
import middy from '@middy/core';
import type { APIGatewayProxyEventV2WithIAMAuthorizer } from 'aws-lambda';
import * as z from 'zod/mini';
import type { ChangedWatch } from '../lib/change-watch.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { stage } from '../lib/compiled-stage.ts';
import { accountParameter, callerOf, http, orderIdParameter, readParameters } from '../lib/http.ts';
import { wireChangeWatch } from '../lib/wiring.ts';

const logger = new Logger();
const changeWatch = wireChangeWatch({ stage, env: process.env, clock });

const Parameters = z.strictObject({ account: accountParameter, order_id: orderIdParameter });

async function onRequest(event: APIGatewayProxyEventV2WithIAMAuthorizer): Promise<ChangedWatch> {
  const { account, order_id: orderId } = readParameters(Parameters, event);
  return changeWatch({
    account,
    orderId,
    by: callerOf(event),
    requestId: event.requestContext.requestId,
    watch: event.requestContext.http.method === 'PUT',
  });
}

export const handler = middy<APIGatewayProxyEventV2WithIAMAuthorizer>().use(http({ logger, clock })).handler(onRequest);
