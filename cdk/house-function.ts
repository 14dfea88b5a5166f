import { fileURLToPath } from 'node:url';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, type IDestination, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogLevel, NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { type FunctionName, permissions, type ResourceName } from './permissions.ts';
import type { ResolvedStage } from './stages.ts';

/** What it takes to reach a resource: where it is, and what a role has to name. One is never given without the other. */
export type Reach = {
  readonly environment: Readonly<Record<string, string>>;
  readonly arns: readonly string[];
};

export type HouseFunctionProps<Name extends FunctionName> = {
  /** Its file in functions/, which exports `handler`, and its row in the table of permissions. */
  readonly name: Name;
  readonly stage: ResolvedStage;
  readonly description: string;
  readonly timeout: Duration;
  /** Everything that its row of the table of permissions names. To `deadLetters` go invocations that Lambda gave up on. */
  readonly reaches: Readonly<Record<ResourceName<Name>, Reach>>;
  /** Default: shares what the AWS account has. */
  readonly reservedConcurrency?: number;
};

/** In every line of the logs, and in the dimensions of every metric: Powertools adds it. */
export const serviceName = 'order-state-snapshots';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Modules that a bundle gets something else for. */
const aliases = [
  // An ESM import of these touches every lazy export, and so loads undici: 35 ms. Asking the process for them does not.
  ...['http', 'node:http'].map((name) => `${name}=./cdk/aliases/http.cjs`),
  ...['https', 'node:https'].map((name) => `${name}=./cdk/aliases/https.cjs`),
  // Lambda puts credentials into the environment: a third of the bundle would be ways to find them elsewhere.
  '@aws-sdk/credential-provider-node=./cdk/aliases/credential-provider-node.ts',
];

/** A Lambda function as this house makes them: one bundle, one role from the table of permissions, one log group. */
export class HouseFunction<Name extends FunctionName> extends Construct {
  readonly lambda: NodejsFunction;

  constructor(scope: Construct, id: string, props: HouseFunctionProps<Name>) {
    super(scope, id);
    const { name, stage } = props;
    const logGroup = new LogGroup(this, 'Logs', {
      retention: stage.logRetention,
      removalPolicy: stage.protect ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    // A role of our own: AWSLambdaBasicExecutionRole may write to every log group of the AWS account.
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    const reaches: Readonly<Record<string, Reach>> = {
      ...props.reaches,
      logGroup: { environment: {}, arns: [logGroup.logGroupArn] },
    };
    const environment: Record<string, string> = {
      POWERTOOLS_SERVICE_NAME: serviceName,
      POWERTOOLS_LOG_LEVEL: 'INFO',
    };
    for (const [resource, actions] of Object.entries(permissions[name])) {
      const reach = reaches[resource];
      if (reach === undefined) throw new Error(`${name} has no ${resource}, which cdk/permissions.ts says it uses.`);
      // One statement each: CDK merges them again, and past the limit of one policy's size spreads them over several.
      for (const arn of reach.arns) role.addToPolicy(new PolicyStatement({ actions: [...actions], resources: [arn] }));
      Object.assign(environment, reach.environment);
    }

    const [deadLetters] = reaches['deadLetters']?.arns ?? [];
    // Not CDK's own destination: it adds to the role what the table of permissions does not say.
    const onFailure: IDestination | undefined =
      deadLetters === undefined ? undefined : { bind: () => ({ destination: deadLetters }) };

    this.lambda = new NodejsFunction(this, 'Function', {
      description: props.description,
      entry: `${root}functions/${name}.ts`,
      projectRoot: root,
      depsLockFilePath: `${root}package-lock.json`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 512,
      timeout: props.timeout,
      role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      environment,
      // A stale check is worth nothing: who invokes asynchronously comes again by themselves.
      retryAttempts: 0,
      maxEventAge: Duration.minutes(1),
      ...(onFailure === undefined ? {} : { onFailure }),
      ...(props.reservedConcurrency === undefined ? {} : { reservedConcurrentExecutions: props.reservedConcurrency }),
      bundling: {
        format: OutputFormat.ESM,
        minify: true,
        logLevel: LogLevel.WARNING,
        // The SDK of the lock file, not the runtime's: it is what the tests ran, and it loads faster.
        bundleAwsSDK: true,
        mainFields: ['module', 'main'],
        define: { COMPILED_STAGE: JSON.stringify(stage.runtime) },
        esbuildArgs: { '--alias': aliases },
      },
    });
  }
}
