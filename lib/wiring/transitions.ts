import type { Logger } from '@aws-lambda-powertools/logger';
import { createEventBridgeClient, type Environment } from '../aws.ts';
import type { Clock } from '../clock.ts';
import { Failure } from '../errors.ts';
import { createBus } from '../transitions/bus.ts';
import { createPublisher, type Publisher } from '../transitions/publish.ts';

/** The publisher of transitions. Throws when the environment lacks `EVENT_BUS_NAME`. */
export function wirePublisher(deps: {
  readonly env: Environment;
  readonly clock: Clock;
  readonly logger: Logger;
}): Publisher {
  const { env, clock, logger } = deps;
  const busName = env['EVENT_BUS_NAME'];
  if (!busName) throw new Failure('internal', 'EVENT_BUS_NAME is not set.');
  return createPublisher({ bus: createBus({ client: createEventBridgeClient(env), clock }), busName, clock, logger });
}
