import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Failure } from './errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export type AwsClients = { readonly dynamodb: DynamoDBClient; readonly secretsManager: SecretsManagerClient };

/**
 * The SDK clients of whatever asks the exchange. `AWS_ENDPOINT_URL_DYNAMODB` and `AWS_ENDPOINT_URL_SECRETS_MANAGER` lead
 * them elsewhere. `env` is usually `process.env`; AWS_REGION is required. Throws when it is missing.
 */
export function createAwsClients(env: Environment): AwsClients {
  const shared = sharedConfig(env);
  return {
    dynamodb: new DynamoDBClient({
      ...shared,
      ...endpoint(env['AWS_ENDPOINT_URL_DYNAMODB']),
      accountIdEndpointMode: 'disabled',
      endpointDiscoveryEnabled: false,
    }),
    secretsManager: new SecretsManagerClient({ ...shared, ...endpoint(env['AWS_ENDPOINT_URL_SECRETS_MANAGER']) }),
  };
}

/** The SDK client of the event bus; `AWS_ENDPOINT_URL_EVENTBRIDGE` leads it elsewhere. Throws as the others do. */
export function createEventBridgeClient(env: Environment): EventBridgeClient {
  return new EventBridgeClient({ ...sharedConfig(env), ...endpoint(env['AWS_ENDPOINT_URL_EVENTBRIDGE']) });
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
