import { Duration, Validations } from 'aws-cdk-lib';
import { PolicyStatement, type PolicyStatementProps, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, CfnFunction, Function as LambdaFunction, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { functionCode } from './bundle.ts';
import {
  commonPermissions,
  explainedWildcards,
  type FunctionName,
  type FunctionSettings,
  functionSettings,
  keyPermissions,
  permissionConditions,
  type ResourceName,
  resourceNames,
} from './functions.ts';
import { createLogGroup } from './log-group.ts';
import { ownSecrets } from './stack-outputs.ts';
import type { ResolvedStage } from './stages.ts';

/** How a function reaches a resource: the environment that says where it is, and the ARNs that its role has to name. */
export type Binding = {
  readonly environment: Readonly<Record<string, string>>;
  readonly arns: readonly string[];
};

export type ServiceFunctionProps = {
  readonly name: FunctionName;
  readonly stage: ResolvedStage;
  readonly bindings: Readonly<Record<ResourceName, Binding>>;
};

/** In every line of the logs, and in the dimensions of every metric, to which Powertools adds it. */
export const serviceName = 'order-state-snapshots';

/** One function of the table: a bundle, a role and a log group. */
export class ServiceFunction extends Construct {
  readonly lambda: LambdaFunction;

  constructor(scope: Construct, id: string, { name, stage, bindings }: ServiceFunctionProps) {
    super(scope, id);
    const settings: FunctionSettings = functionSettings[name];
    const logGroup = createLogGroup(this, 'Logs', stage);
    const { concurrencyPerSchedule: perSchedule, onFailure } = settings;
    const deadLetters = onFailure === undefined ? undefined : bindings[onFailure].arns[0];
    this.lambda = new LambdaFunction(this, 'Function', {
      description: settings.description,
      code: functionCode(name, stage.runtime),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: settings.memoryMb,
      timeout: Duration.seconds(settings.timeoutSeconds),
      role: this.#createRole(settings, stage, bindings, logGroup),
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      environment: environmentOf(settings, bindings),
      // A late check is worth nothing: the schedule starts the next one within a minute.
      retryAttempts: 0,
      maxEventAge: Duration.minutes(1),
      // Not CDK's own destination: it adds permissions that are not in the table of functions.
      ...(deadLetters !== undefined && { onFailure: { bind: () => ({ destination: deadLetters }) } }),
      ...(stage.reserveConcurrency &&
        perSchedule !== undefined && { reservedConcurrentExecutions: perSchedule * stage.schedules.length }),
    });
    if (stage.xray) this.#trace();
    this.#acknowledge(stage.xray, deadLetters === undefined);
    if (permissionsOf(settings).some(([resource]) => resource === 'exchangeKeys')) this.#acknowledgeSecrets(stage);
  }

  /** Our own role: AWSLambdaBasicExecutionRole may write to every log group of the AWS account. */
  #createRole(
    settings: FunctionSettings,
    { kmsKeyArn, xray }: ResolvedStage,
    bindings: ServiceFunctionProps['bindings'],
    logGroup: ILogGroup,
  ): Role {
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    // One statement for each ARN: CDK merges them, and past the size limit of a policy spreads them over several.
    const allow = (
      actions: readonly string[],
      arns: readonly string[],
      conditions: PolicyStatementProps['conditions'] = {},
    ) => {
      for (const arn of arns)
        role.addToPolicy(new PolicyStatement({ actions: [...actions], resources: [arn], conditions }));
    };
    for (const [resource, actions] of permissionsOf(settings))
      allow(actions, bindings[resource].arns, permissionConditions[resource]);
    allow(commonPermissions.logGroup, [logGroup.logGroupArn]);
    if (kmsKeyArn !== undefined) allow(keyPermissions(settings), [kmsKeyArn]);
    if (xray) allow(commonPermissions.traces, ['*']);
    return role;
  }

  /** Not CDK's own setting: it adds permissions that are in the table of functions already. */
  #trace(): void {
    const resource = this.lambda.node.defaultChild;
    if (!(resource instanceof CfnFunction)) throw new Error('The L1 resource of the function has an unexpected type.');
    resource.tracingConfig = { mode: 'Active' };
  }

  #acknowledge(traced: boolean, callerWaits: boolean): void {
    const rules = Validations.of(this);
    rules.acknowledge({
      id: 'Serverless::Serverless-LambdaDLQ',
      reason: 'Functions that are invoked asynchronously have an on-failure destination, which holds more than a DLQ.',
    });
    if (callerWaits) {
      rules.acknowledge({
        id: 'Serverless::Serverless-LambdaAsyncFailureDestination',
        reason:
          'Its caller waits for the response and sees a failure: an API client, a deployment, or a schedule alarm.',
      });
    }
    if (traced) {
      const reason = explainedWildcards['xray:PutTraceSegments'].reason;
      rules.acknowledge({ id: 'AwsSolutions::AwsSolutions-IAM5[Resource::*]', reason });
    } else {
      rules.acknowledge({
        id: 'Serverless::Serverless-LambdaTracing',
        reason: 'Tracing is a setting of the stage (xray): it costs money, and the logs hold the same durations.',
      });
    }
  }

  /** As cdk-nag writes the pattern of the stage's own secrets. */
  #acknowledgeSecrets({ runtime: { name } }: ResolvedStage): void {
    const secrets = `arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:${ownSecrets(name)}`;
    Validations.of(this).acknowledge({
      id: `AwsSolutions::AwsSolutions-IAM5[Resource::${secrets}]`,
      reason: explainedWildcards['secretsmanager:GetSecretValue'].reason,
    });
  }
}

function permissionsOf({ permissions }: FunctionSettings): readonly [ResourceName, readonly string[]][] {
  return resourceNames.flatMap((name): [ResourceName, readonly string[]][] => {
    const actions = permissions[name];
    return actions === undefined ? [] : [[name, actions]];
  });
}

function environmentOf(settings: FunctionSettings, bindings: ServiceFunctionProps['bindings']): Record<string, string> {
  return Object.assign(
    { POWERTOOLS_SERVICE_NAME: serviceName },
    settings.nodeOptions === undefined ? {} : { NODE_OPTIONS: settings.nodeOptions },
    ...permissionsOf(settings).map(([resource]) => bindings[resource].environment),
  );
}
