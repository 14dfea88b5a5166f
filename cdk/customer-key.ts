import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { ResolvedStage } from './stages.ts';

/** The key that encrypts what a construct keeps, if the stage brings one. Its policy is its owner's affair. */
export function customerKey(scope: Construct, stage: Pick<ResolvedStage, 'kmsKeyArn'>): IKey | undefined {
  return stage.kmsKeyArn === undefined ? undefined : Key.fromKeyArn(scope, 'CustomerKey', stage.kmsKeyArn);
}
