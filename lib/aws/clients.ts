import * as dynamodb from '@aws-sdk/client-dynamodb';
import * as eventBridge from '@aws-sdk/client-eventbridge';
import * as secretsManager from '@aws-sdk/client-secrets-manager';
import * as sqs from '@aws-sdk/client-sqs';
import { AwsJson1_0Protocol, AwsJson1_1Protocol } from '@aws-sdk/core/protocols';
import { HttpRequest } from '@smithy/core/protocols';
import type {
  EndpointBearer,
  HandlerExecutionContext,
  HttpResponse,
  MetadataBearer,
  OperationSchema,
  SerdeFunctions,
} from '@smithy/types';
import { Failure } from '../errors.ts';
import { createServiceClient } from './client.ts';
import type { SendRequest } from './request-handler.ts';
import { createSign } from './signature.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/*
 * The AWS clients, each made in one way. `env` is usually `process.env`: AWS_REGION is required, and the factories throw
 * when it is missing; `AWS_ENDPOINT_URL_DYNAMODB` and the like point a client elsewhere.
 */

export function createDynamoClient(env: Environment, send?: SendRequest) {
  return createServiceClient<dynamodb.ServiceInputTypes, dynamodb.ServiceOutputTypes>({
    ...settingsOf(env, 'dynamodb', env['AWS_ENDPOINT_URL_DYNAMODB']),
    send,
    protocol: new DynamoProtocol({
      defaultNamespace: 'com.amazonaws.dynamodb',
      serviceTarget: 'DynamoDB_20120810',
      errorTypeRegistries: dynamodb.errorTypeRegistries,
    }),
  });
}

/**
 * DynamoDB's protocol, with the SDK's own errors. Inputs and outputs of the calls that we make are JSON as they are:
 * strings, numbers and booleans, no times and no binary attributes, whose conversion would make the SDK walk its
 * schemas.
 */
class DynamoProtocol extends AwsJson1_0Protocol {
  override async serializeRequest<Input extends object>(
    { name }: OperationSchema,
    input: Input,
    context: EndpointBearer,
  ): Promise<HttpRequest> {
    return new HttpRequest({
      ...(await context.endpoint()),
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `${this.serviceTarget}.${name}` },
      body: JSON.stringify(input),
    });
  }

  override async deserializeResponse<Output extends MetadataBearer>(
    operation: OperationSchema,
    context: HandlerExecutionContext & SerdeFunctions,
    response: HttpResponse,
  ): Promise<Output> {
    if (this.isErrorResponse(response.statusCode)) return super.deserializeResponse(operation, context, response);
    return { ...JSON.parse(String(response.body)), $metadata: this.deserializeMetadata(response) };
  }
}

export function createSecretsManagerClient(env: Environment) {
  return createServiceClient<secretsManager.ServiceInputTypes, secretsManager.ServiceOutputTypes>({
    ...settingsOf(env, 'secretsmanager', env['AWS_ENDPOINT_URL_SECRETS_MANAGER']),
    protocol: new AwsJson1_1Protocol({
      defaultNamespace: 'com.amazonaws.secretsmanager',
      serviceTarget: 'secretsmanager',
      errorTypeRegistries: secretsManager.errorTypeRegistries,
    }),
  });
}

export function createEventBridgeClient(env: Environment) {
  return createServiceClient<eventBridge.ServiceInputTypes, eventBridge.ServiceOutputTypes>({
    ...settingsOf(env, 'events', env['AWS_ENDPOINT_URL_EVENTBRIDGE']),
    protocol: new AwsJson1_1Protocol({
      defaultNamespace: 'com.amazonaws.eventbridge',
      serviceTarget: 'AWSEvents',
      errorTypeRegistries: eventBridge.errorTypeRegistries,
    }),
  });
}

export function createQueueClient(env: Environment) {
  return createServiceClient<sqs.ServiceInputTypes, sqs.ServiceOutputTypes>({
    ...settingsOf(env, 'sqs', env['AWS_ENDPOINT_URL_SQS']),
    protocol: new AwsJson1_0Protocol({
      defaultNamespace: 'com.amazonaws.sqs',
      serviceTarget: 'AmazonSQS',
      errorTypeRegistries: sqs.errorTypeRegistries,
      awsQueryCompatible: true,
    }),
  });
}

/** The service's one endpoint in the region, and the environment's credentials, as Lambda gives them. */
function settingsOf(env: Environment, service: string, endpoint: string | undefined) {
  const region = required(env, 'AWS_REGION');
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return {
    endpoint: endpoint || `https://${service}.${region}.${suffix}`,
    sign: createSign(service, region, () => ({
      accessKeyId: required(env, 'AWS_ACCESS_KEY_ID'),
      secretAccessKey: required(env, 'AWS_SECRET_ACCESS_KEY'),
      sessionToken: env['AWS_SESSION_TOKEN'],
    })),
  };
}

function required(env: Environment, name: string): string {
  const value = env[name];
  if (!value) throw new Failure('internal', `${name} is not set.`);
  return value;
}
