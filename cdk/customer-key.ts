import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { ResolvedStage } from './stages.ts';

/** The stage's own key, if it has one. Its policy is managed outside the stack. */
export function customerKey(scope: Construct, stage: Pick<ResolvedStage, 'kmsKeyArn'>): IKey | undefined {
  return stage.kmsKeyArn === undefined ? undefined : Key.fromKeyArn(scope, 'CustomerKey', stage.kmsKeyArn);
}
