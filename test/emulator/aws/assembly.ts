import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { createEvaluator, type Evaluator, type Place, Template, TemplateError } from './template.ts';
import {
  EventSourceMapping,
  type LocalMapping,
  type LocalSchedule,
  type LocalStream,
  mappingsOf,
  Schedule,
  StreamedTable,
  schedulesOf,
  streamOf,
} from './triggers.ts';

/** A table as `CreateTable` takes it. */
export type LocalTable = z.infer<typeof Table>;

/** A function as Lambda would run it. */
export type LocalFunction = {
  readonly name: string;
  readonly arn: string;
  /** The folder of the asset that the template names. */
  readonly code: string;
  readonly handler: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  readonly concurrency: number | undefined;
  readonly logGroup: string;
};

/** A route of the HTTP API, and the function behind it. */
export type LocalRoute = {
  readonly key: string;
  readonly functionName: string;
  readonly timeoutMs: number;
  readonly iam: boolean;
};

/** Everything of a synthesized stack that runs here. */
export type LocalStack = {
  readonly tables: readonly LocalTable[];
  readonly functions: readonly LocalFunction[];
  readonly routes: readonly LocalRoute[];
  readonly secretNames: readonly string[];
  readonly schedules: readonly LocalSchedule[];
  readonly streams: readonly LocalStream[];
  readonly mappings: readonly LocalMapping[];
  readonly busNames: readonly string[];
  readonly queueNames: readonly string[];
};

const KeySchema = z.array(z.object({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }));
const Index = z.object({
  IndexName: z.string(),
  KeySchema,
  Projection: z.object({
    ProjectionType: z.enum(['ALL', 'INCLUDE', 'KEYS_ONLY']),
    NonKeyAttributes: z.optional(z.array(z.string())),
  }),
});
const Table = z.object({
  AttributeDefinitions: z.array(z.object({ AttributeName: z.string(), AttributeType: z.enum(['B', 'N', 'S']) })),
  KeySchema,
  BillingMode: z.literal('PAY_PER_REQUEST'),
  TableName: z.string(),
  GlobalSecondaryIndexes: z.optional(z.array(Index)),
  LocalSecondaryIndexes: z.optional(z.array(Index)),
});

const Code = z.object({ S3Key: z.string() });
const FunctionProperties = z.object({
  Code,
  Handler: z.string(),
  Runtime: z.literal('nodejs24.x'),
  Timeout: z._default(z.number(), 3),
  MemorySize: z._default(z.number(), 128),
  ReservedConcurrentExecutions: z.optional(z.number()),
  Environment: z._default(z.object({ Variables: z.record(z.string(), z.coerce.string()) }), { Variables: {} }),
  LoggingConfig: z.optional(z.object({ LogGroup: z.optional(z.string()) })),
});

const Integration = z.object({
  IntegrationType: z.literal('AWS_PROXY'),
  IntegrationUri: z.string(),
  PayloadFormatVersion: z.literal('2.0'),
  TimeoutInMillis: z._default(z.number(), 30_000),
});
const Route = z.object({
  RouteKey: z.string(),
  Target: z.string(),
  AuthorizationType: z._default(z.enum(['NONE', 'AWS_IAM']), 'NONE'),
});

/**
 * Types that hold nothing to run here: permissions, logs, alarms, the limits of asynchronous invocations,
 * and what the gateway is made of besides routes.
 */
const passive = new RegExp(
  [
    '^AWS::(CDK|CloudWatch|IAM|KMS|Logs|SNS)::',
    '^Custom::Accounts$',
    '^AWS::ApiGatewayV2::(Api|Integration|Stage)$',
    '^AWS::Events::EventBusPolicy$',
    '^AWS::Lambda::(EventInvokeConfig|Permission)$',
    '^AWS::SQS::QueuePolicy$',
    '^AWS::Scheduler::ScheduleGroup$',
  ].join('|'),
);
const running = [
  'AWS::DynamoDB::GlobalTable',
  'AWS::Lambda::Function',
  'AWS::ApiGatewayV2::Route',
  'AWS::SecretsManager::Secret',
  'AWS::Scheduler::Schedule',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Events::EventBus',
  'AWS::SQS::Queue',
];

const Manifest = z.object({
  artifacts: z.record(
    z.string(),
    z.object({ type: z.string(), properties: z.optional(z.object({ templateFile: z.optional(z.string()) })) }),
  ),
});
const AssetManifest = z.object({
  files: z.record(
    z.string(),
    z.object({
      source: z.object({ path: z.optional(z.string()) }),
      destinations: z.record(z.string(), z.object({ objectKey: z.string() })),
    }),
  ),
});

/** Reads the one stack of a cloud assembly (what `cdk synth` writes). */
export function readAssembly(directory: string, at: Pick<Place, 'region' | 'accountId'>): LocalStack {
  const { artifacts } = Manifest.parse(readJson(join(directory, 'manifest.json')));
  const stacks = Object.entries(artifacts).filter(([, artifact]) => artifact.type === 'aws:cloudformation:stack');
  const [stack] = stacks;
  if (stack === undefined || stacks.length > 1)
    throw new TemplateError(`One stack can run here, not ${stacks.length}.`);
  const [stackName, { properties }] = stack;
  const template = Template.parse(readJson(join(directory, properties?.templateFile ?? `${stackName}.template.json`)));
  const { files } = AssetManifest.parse(readJson(join(directory, `${stackName}.assets.json`)));
  const assets = new Map(
    Object.values(files).flatMap(({ source, destinations }) =>
      Object.values(destinations).map(({ objectKey }) => [objectKey, join(directory, source.path ?? '')] as const),
    ),
  );
  return readStack(template, { stackName, ...at }, assets);
}

/** Reads a template: `assets` leads from the keys of its bundles to their folders. */
export function readStack(template: Template, place: Place, assets: ReadonlyMap<string, string>): LocalStack {
  const evaluator = createEvaluator(template, place);
  const resources = Object.entries(template.Resources);
  const strange = resources.find(([, { Type }]) => !running.includes(Type) && !passive.test(Type));
  if (strange !== undefined) throw new TemplateError(`${strange[0]} is an ${strange[1].Type}, which cannot run here.`);

  /** The resources of one type, their properties worked out and checked. */
  function all<T>(type: string, schema: z.ZodMiniType<T>): readonly (readonly [string, T])[] {
    return resources
      .filter(([, { Type }]) => Type === type)
      .map(([logicalId, { Properties }]) => [logicalId, read(evaluator, logicalId, Properties, schema)] as const);
  }

  const functions = all('AWS::Lambda::Function', FunctionProperties).map(([logicalId, properties]): LocalFunction => {
    const name = evaluator.nameOf(logicalId);
    const code = assets.get(properties.Code.S3Key);
    if (code === undefined) throw new TemplateError(`${logicalId}.Code names an asset that was not synthesized.`);
    return {
      name,
      arn: evaluator.attributeOf(logicalId, 'Arn', logicalId),
      code,
      handler: properties.Handler,
      environment: properties.Environment.Variables,
      timeoutMs: properties.Timeout * 1000,
      memoryMb: properties.MemorySize,
      concurrency: properties.ReservedConcurrentExecutions,
      logGroup: properties.LoggingConfig?.LogGroup ?? `/aws/lambda/${name}`,
    };
  });

  const integrations = new Map(all('AWS::ApiGatewayV2::Integration', Integration));
  const routes = all('AWS::ApiGatewayV2::Route', Route).map(([logicalId, route]): LocalRoute => {
    const integration = integrations.get(route.Target.replace(/^integrations\//, ''));
    const handler = functions.find(({ arn }) => arn === integration?.IntegrationUri);
    if (integration === undefined || handler === undefined) {
      throw new TemplateError(`${logicalId} (${route.RouteKey}) leads to no function of this template.`);
    }
    return {
      key: route.RouteKey,
      functionName: handler.name,
      timeoutMs: integration.TimeoutInMillis,
      iam: route.AuthorizationType === 'AWS_IAM',
    };
  });

  const tables = new Map(
    resources
      .filter(([, { Type }]) => Type === 'AWS::DynamoDB::GlobalTable')
      .map(([logicalId, { Properties }]) => {
        const named = { ...Properties, TableName: evaluator.nameOf(logicalId) };
        return [logicalId, read(evaluator, logicalId, named, Table)] as const;
      }),
  );
  const streams = all('AWS::DynamoDB::GlobalTable', StreamedTable).flatMap(([logicalId, { StreamSpecification }]) => {
    const table = tables.get(logicalId);
    if (table === undefined || StreamSpecification === undefined) return [];
    return [streamOf(evaluator.attributeOf(logicalId, 'StreamArn', logicalId), table.TableName, table.KeySchema)];
  });
  const namesOf = (type: string) => all(type, z.unknown()).map(([logicalId]) => evaluator.nameOf(logicalId));

  return {
    tables: [...tables.values()],
    functions,
    routes,
    secretNames: namesOf('AWS::SecretsManager::Secret'),
    schedules: schedulesOf(all('AWS::Scheduler::Schedule', Schedule), functions),
    streams,
    mappings: mappingsOf(all('AWS::Lambda::EventSourceMapping', EventSourceMapping), streams, functions),
    busNames: namesOf('AWS::Events::EventBus'),
    queueNames: namesOf('AWS::SQS::Queue'),
  };
}

function read<T>(evaluator: Evaluator, logicalId: string, properties: unknown, schema: z.ZodMiniType<T>): T {
  const parsed = schema.safeParse(evaluator.evaluate(wanted(properties, schema), logicalId));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new TemplateError(`${[logicalId, ...(issue?.path ?? [])].join('.')} cannot run here: ${issue?.message}.`);
}

/** Only what the schema names is worked out: the rest may hold what has a meaning on AWS alone. */
function wanted(properties: unknown, schema: unknown): unknown {
  if (!(schema instanceof z.ZodMiniObject)) return schema instanceof z.ZodMiniUnknown ? {} : properties;
  const given = z.record(z.string(), z.unknown()).safeParse(properties);
  if (!given.success) return properties;
  return Object.fromEntries(
    Object.entries(schema.shape)
      .filter(([name]) => name in given.data)
      .map(([name, inner]) => [name, wanted(given.data[name], inner)]),
  );
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
