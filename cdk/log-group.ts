import { RemovalPolicy } from 'aws-cdk-lib';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { customerKey } from './customer-key.ts';
import type { ResolvedStage } from './stages.ts';

/** A log group as this house makes them: kept as long as the stage says, and with its key. */
export function createLogGroup(scope: Construct, id: string, stage: ResolvedStage): LogGroup {
  const key = customerKey(scope, stage);
  return new LogGroup(scope, id, {
    retention: stage.logRetention,
    removalPolicy: stage.protect ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    ...(key === undefined ? {} : { encryptionKey: key }),
  });
}
