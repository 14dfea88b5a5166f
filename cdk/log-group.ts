import { RemovalPolicy } from 'aws-cdk-lib';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { customerKey } from './customer-key.ts';
import type { ResolvedStage } from './stages.ts';

/** A log group of the stack: lines stay as long as the stage says, and the group stays when the stack is deleted. */
export function createLogGroup(scope: Construct, id: string, stage: ResolvedStage, logGroupName?: string): LogGroup {
  const key = customerKey(scope, stage);
  return new LogGroup(scope, id, {
    retention: stage.logRetention,
    removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ...(logGroupName !== undefined && { logGroupName }),
    ...(key !== undefined && { encryptionKey: key }),
  });
}
