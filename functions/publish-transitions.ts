import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context, DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { systemClock as clock } from '../lib/clock.ts';
import { wirePublisher } from '../lib/wiring/transitions.ts';

const logger = new Logger();
const publish = wirePublisher({ env: process.env, clock, logger });

async function publishTransitions(event: DynamoDBStreamEvent, context: Context): Promise<DynamoDBBatchResponse> {
  return publish(event.Records, context.getRemainingTimeInMillis());
}

export const handler = middy<DynamoDBStreamEvent>()
  .use(injectLambdaContext(logger, { resetKeys: true }))
  .handler(publishTransitions);
