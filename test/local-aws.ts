import { type EventBus, startEventBus } from './emulator/aws/event-bus/server.ts';
import { type Queues, startQueues } from './emulator/aws/queues/server.ts';
import { type SecretsManager, startSecretsManager } from './emulator/aws/secrets-manager/server.ts';
import { type Engine, startDynalite } from './engines.ts';

/** The AWS services of a test, each at its own address on the loopback interface. */
export type LocalAws = {
  readonly engine: Engine;
  readonly secrets: SecretsManager;
  readonly queues: Queues;
  readonly bus: EventBus;
  readonly stop: () => Promise<void>;
};

/** The names of what exists from the start; absent: a table of the default name, no queue, no bus. */
export type LocalAwsOptions = {
  readonly tableName?: string;
  readonly queues?: readonly string[];
  readonly buses?: readonly string[];
};

export async function startLocalAws({ tableName, queues = [], buses = [] }: LocalAwsOptions = {}): Promise<LocalAws> {
  const [engine, secrets, queueServer, bus] = await Promise.all([
    startDynalite(tableName),
    startSecretsManager(),
    startQueues({ queues }),
    startEventBus({ buses }),
  ]);
  return {
    engine,
    secrets,
    queues: queueServer,
    bus,
    stop: async () => {
      await Promise.all([engine.stop(), secrets.stop(), queueServer.stop(), bus.stop()]);
    },
  };
}
