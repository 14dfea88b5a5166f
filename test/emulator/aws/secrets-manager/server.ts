import { randomUUID } from 'node:crypto';
import { type AwsFault, type AwsServer, type AwsServerOptions, startAwsServer } from '../aws-json/server.ts';
import { operate } from './operations.ts';
import { SecretStore } from './secrets.ts';

export type SecretsFault = AwsFault;

type SecretsManagerOptions = AwsServerOptions & { readonly region?: string; readonly accountId?: string };

export type SecretsManager = AwsServer & {
  /** Returns the ARN. Without a value the secret is there but empty. */
  create(name: string, value?: string): string;
  /** A new value, AWSCURRENT if it has no other labels; returns its version id. */
  put(secretId: string, value: string, labels?: readonly string[]): string;
};

/** Secrets Manager on loopback. */
export async function startSecretsManager(options: SecretsManagerOptions = {}): Promise<SecretsManager> {
  const { region = 'eu-central-1', accountId = '123456789012', now = Date.now } = options;
  const store = new SecretStore(region, accountId, now);
  const server = await startAwsServer(
    {
      target: 'secretsmanager',
      actionPrefix: 'secretsmanager',
      internalError: 'InternalServiceError',
      messageMember: 'Message',
      operate: (operation, input) => operate(store, operation, input),
    },
    options,
  );
  return {
    ...server,
    create: (name, value) => store.create(name, value === undefined ? undefined : { SecretString: value }).arn,
    put(secretId, value, labels) {
      const versionId = randomUUID();
      store.put(secretId, { SecretString: value }, versionId, labels);
      return versionId;
    },
  };
}
