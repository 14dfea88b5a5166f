import { createEventBridgeClient, createQueueClient, type Environment } from '../aws/clients.ts';
import type { Clock } from '../clock.ts';
import { Failure } from '../errors.ts';
import type { Logger } from '../log.ts';
import { createBus } from '../transitions/bus.ts';
import { createPublisher, type Publisher } from '../transitions/publish.ts';
import { createSendDeadLetter } from '../transitions/send-dead-letter.ts';

/** The publisher of transitions. Throws when the environment lacks `EVENT_BUS_NAME` or `DEAD_LETTER_QUEUE_URL`. */
export function wirePublisher(deps: {
  readonly env: Environment;
  readonly clock: Clock;
  readonly logger: Logger;
}): Publisher {
  const { env, clock, logger } = deps;
  const busName = required(env, 'EVENT_BUS_NAME');
  const queueUrl = required(env, 'DEAD_LETTER_QUEUE_URL');
  return createPublisher({
    bus: createBus({ client: createEventBridgeClient(env), clock }),
    busName,
    sendDeadLetter: createSendDeadLetter({ client: createQueueClient(env), queueUrl, clock }),
    clock,
    logger,
  });
}

function required(env: Environment, name: string): string {
  const value = env[name];
  if (!value) throw new Failure('internal', `${name} is not set.`);
  return value;
}
