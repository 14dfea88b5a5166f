import { Duration, Validations } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  CfnFunction,
  type IDestination,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { bundleOf } from './bundle.ts';
import { createLogGroup } from './log-group.ts';
import { explainedWildcards, type FunctionName, permissions, type ResourceName } from './permissions.ts';
import type { ResolvedStage } from './stages.ts';

/** What it takes to reach a resource: where it is, and what a role has to name. One is never given without the other. */
export type Binding = {
  readonly environment: Readonly<Record<string, string>>;
  readonly arns: readonly string[];
};

export type ServiceFunctionProps<Name extends FunctionName> = {
  /** Its file in functions/, which exports `handler`, and its row in the table of permissions. */
  readonly name: Name;
  readonly stage: ResolvedStage;
  readonly description: string;
  readonly timeout: Duration;
  /** Everything that its row of the table of permissions names. To `deadLetters` go invocations that Lambda gave up on. */
  readonly bindings: Readonly<Record<ResourceName<Name>, Binding>>;
  /** Default: shares what the AWS account has. */
  readonly reservedConcurrency?: number;
};

/** In every line of the logs, and in the dimensions of every metric: Powertools adds it. */
export const serviceName = 'order-state-snapshots';

/** A Lambda function as this house makes them: one bundle, one role from the table of permissions, one log group. */
export class ServiceFunction<Name extends FunctionName> extends Construct {
  readonly lambda: LambdaFunction;

  constructor(scope: Construct, id: string, props: ServiceFunctionProps<Name>) {
    super(scope, id);
    const { name, stage } = props;
    const logGroup = createLogGroup(this, 'Logs', stage);
    // A role of our own: AWSLambdaBasicExecutionRole may write to every log group of the AWS account.
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    const bindings: Readonly<Record<string, Binding>> = {
      ...props.bindings,
      logGroup: { environment: {}, arns: [logGroup.logGroupArn] },
      customerKey: { environment: {}, arns: stage.kmsKeyArn === undefined ? [] : [stage.kmsKeyArn] },
      traces: { environment: {}, arns: stage.xray ? ['*'] : [] },
    };
    const environment: Record<string, string> = {
      POWERTOOLS_SERVICE_NAME: serviceName,
      POWERTOOLS_LOG_LEVEL: 'INFO',
    };
    for (const [resource, actions] of Object.entries(permissions[name])) {
      const binding = bindings[resource];
      if (binding === undefined) throw new Error(`${name} has no ${resource}, which cdk/permissions.ts says it uses.`);
      // One statement each: CDK merges them again, and past the limit of one policy's size spreads them over several.
      for (const arn of binding.arns)
        role.addToPolicy(new PolicyStatement({ actions: [...actions], resources: [arn] }));
      Object.assign(environment, binding.environment);
    }

    const [deadLetters] = bindings['deadLetters']?.arns ?? [];
    // Not CDK's own destination: it adds to the role what the table of permissions does not say.
    const onFailure: IDestination | undefined =
      deadLetters === undefined ? undefined : { bind: () => ({ destination: deadLetters }) };

    this.lambda = new LambdaFunction(this, 'Function', {
      description: props.description,
      code: bundleOf(name, stage.runtime),
      handler: 'index.handler',
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
    });
    if (stage.xray) this.#trace();
    this.#acknowledge(stage.xray, deadLetters === undefined);
  }

  /** Not CDK's own setting: it adds to the role what the table of permissions says already. */
  #trace(): void {
    const resource = this.lambda.node.defaultChild;
    if (!(resource instanceof CfnFunction)) throw new Error('The function is not what CDK made of it so far.');
    resource.tracingConfig = { mode: 'Active' };
  }

  #acknowledge(traced: boolean, callerWaits: boolean): void {
    const rules = Validations.of(this);
    rules.acknowledge({
      id: 'Serverless::Serverless-LambdaDLQ',
      reason:
        'Who is invoked asynchronously has an on-failure destination, which says more; the others are waited for.',
    });
    if (callerWaits) {
      rules.acknowledge({
        id: 'Serverless::Serverless-LambdaAsyncFailureDestination',
        reason:
          'Somebody waits for what it answers, and learns of a failure: a caller, a deployment, the alarm of a schedule.',
      });
    }
    if (traced) {
      const reason = explainedWildcards['xray:PutTraceSegments'];
      rules.acknowledge({ id: 'AwsSolutions::AwsSolutions-IAM5[Resource::*]', reason });
    } else {
      rules.acknowledge({
        id: 'Serverless::Serverless-LambdaTracing',
        reason: 'Traces are for the stage to want, with xray in the stage table: they cost, and the logs say as much.',
      });
    }
  }
}
