import middy from '@middy/core';
import type { Context, DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { systemClock as clock } from '../lib/clock.ts';
import { Logger, logInvocations } from '../lib/log.ts';
import { wirePublisher } from '../lib/wiring/transitions.ts';

const logger = new Logger();
const publish = wirePublisher({ env: process.env, clock, logger });

async function publishTransitions(event: DynamoDBStreamEvent, context: Context): Promise<DynamoDBBatchResponse> {
  return publish(event.Records, context.getRemainingTimeInMillis());
}

export const handler = middy<DynamoDBStreamEvent>().use(logInvocations(logger)).handler(publishTransitions);
