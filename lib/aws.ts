import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { Failure } from './errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/*
 * The SDK clients, each made in one way. `env` is usually `process.env`: AWS_REGION is required, and the factories throw
 * when it is missing; `AWS_ENDPOINT_URL_DYNAMODB` and its like lead a client elsewhere.
 */

export function createDynamoClient(env: Environment): DynamoDBClient {
  return new DynamoDBClient({
    ...sharedConfig(env),
    ...endpoint(env['AWS_ENDPOINT_URL_DYNAMODB']),
    accountIdEndpointMode: 'disabled',
    endpointDiscoveryEnabled: false,
  });
}

export function createSecretsManagerClient(env: Environment): SecretsManagerClient {
  return new SecretsManagerClient({ ...sharedConfig(env), ...endpoint(env['AWS_ENDPOINT_URL_SECRETS_MANAGER']) });
}

export function createEventBridgeClient(env: Environment): EventBridgeClient {
  return new EventBridgeClient({ ...sharedConfig(env), ...endpoint(env['AWS_ENDPOINT_URL_EVENTBRIDGE']) });
}

export function createQueueClient(env: Environment): SQSClient {
  return new SQSClient({ ...sharedConfig(env), ...endpoint(env['AWS_ENDPOINT_URL_SQS']) });
}

/** All that the SDK would look for in shared config files is given here, so it reads none; credentials are the environment's. */
function sharedConfig(env: Environment) {
  return {
    region: required(env, 'AWS_REGION'),
    credentials: async () => ({
      accessKeyId: required(env, 'AWS_ACCESS_KEY_ID'),
      secretAccessKey: required(env, 'AWS_SECRET_ACCESS_KEY'),
      ...(env['AWS_SESSION_TOKEN'] !== undefined && { sessionToken: env['AWS_SESSION_TOKEN'] }),
    }),
    maxAttempts: 3,
    retryMode: 'standard',
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    ignoreConfiguredEndpointUrls: true,
    authSchemePreference: [],
    disableClockSkewCorrection: false,
    userAgentAppId: async () => undefined,
    requestHandler: {
      connectionTimeout: 1_000,
      requestTimeout: 3_000,
      throwOnRequestTimeout: true, // without it a timeout is only logged
      httpsAgent: { keepAlive: true, maxSockets: 50 },
    },
  } satisfies DynamoDBClientConfig;
}

function endpoint(url: string | undefined): { endpoint: string } | undefined {
  return url ? { endpoint: url } : undefined;
}

function required(env: Environment, name: string): string {
  const value = env[name];
  if (!value) throw new Failure('internal', `${name} is not set.`);
  return value;
}
