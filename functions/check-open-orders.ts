import { Metrics } from '@aws-lambda-powertools/metrics';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { systemClock as clock } from '../lib/clock.ts';
import { Logger, logInvocations } from '../lib/log.ts';
import { stage } from '../lib/stage/compiled-stage.ts';
import { type AccountTick, createCheckGroup } from '../lib/sweep/check-group.ts';
import { failTicks, reportTicks } from '../lib/sweep/middleware.ts';
import { TickEvent } from '../lib/sweep/tick-event.ts';
import { createScheduledChecks } from '../lib/wiring/scheduled-checks.ts';

const logger = new Logger();
const metrics = new Metrics({ namespace: 'OrderStateSnapshots', defaultDimensions: { stage: stage.name } });
const { onPreviousKey, ...reports } = reportTicks({ logger, metrics, monitoring: stage.monitoring });
const { warmUp, ...checks } = createScheduledChecks({ stage, env: process.env, clock, logger, onPreviousKey });
const checkGroup = createCheckGroup({ ...checks, ...reports });

async function onTick(event: unknown, context: Context): Promise<readonly AccountTick[]> {
  return checkGroup({
    ...TickEvent.parse(event),
    requestId: context.awsRequestId,
    deadline: clock.now() + context.getRemainingTimeInMillis(),
  });
}

await warmUp();

export const handler = middy().use(logInvocations(logger)).use(failTicks(logger)).handler(onTick);
