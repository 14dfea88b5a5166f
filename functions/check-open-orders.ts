import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics } from '@aws-lambda-powertools/metrics';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import * as z from 'zod/mini';
import { systemClock as clock } from '../lib/clock.ts';
import { stage } from '../lib/compiled-stage.ts';
import type { TickReport } from '../lib/sweep/check-open-orders.ts';
import { reportTicks } from '../lib/sweep/middleware.ts';
import { createScheduledChecks } from '../lib/wiring/scheduled-checks.ts';

const logger = new Logger();
const metrics = new Metrics({ namespace: 'OrderStateSnapshots', defaultDimensions: { stage: stage.name } });
const { checkOpenOrders, warmUp } = createScheduledChecks({ stage, env: process.env, clock, logger });

const Event = z.object({ account: z.string() });

async function onTick(event: unknown, context: Context): Promise<TickReport> {
  return checkOpenOrders({
    account: Event.parse(event).account,
    requestId: context.awsRequestId,
    deadline: clock.now() + context.getRemainingTimeInMillis(),
  });
}

await warmUp();

export const handler = middy()
  .use(injectLambdaContext(logger, { resetKeys: true }))
  .use(reportTicks({ logger, metrics, monitoring: stage.monitoring }))
  .handler(onTick);
