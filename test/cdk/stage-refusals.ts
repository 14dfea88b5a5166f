import type { AccountConfig, StageConfig } from '../../cdk/stage-config.ts';
import { resolveStage, StageError } from '../../cdk/stages.ts';
import { loopbackStage } from './synthesize.ts';

/** The sentences that refuse `loopbackStage` with these changes. */
export function problems(changes: Partial<StageConfig>, name = 'test'): string[] {
  try {
    resolveStage(name, { ...loopbackStage, ...changes });
    return [];
  } catch (error) {
    if (error instanceof StageError) return error.message.split('\n');
    throw error;
  }
}

export const withUrl = (url: string) => problems({ accounts: { main: { dialect: 'orangex', url } } });

export const withAccount = (settings: Partial<AccountConfig>) =>
  problems({ accounts: { main: { dialect: 'orangex', ...settings } } });

/** An ARN as a setting of a stage in the ARN's own region. */
export const withArn = (setting: string, arn: string) =>
  problems({ region: arn.split(':')[3] || 'eu-west-1', [setting]: arn });

/** Settings as Node hands them on, which looks at no types. */
export function fromPlainJavaScript(settings: object): Partial<StageConfig> {
  return JSON.parse(JSON.stringify(settings));
}

/** What each ARN has to be. */
export const arns = {
  alarmTopicArn: 'a standard SNS topic, such as arn:aws:sns:eu-west-1:111122223333:desk-pager',
  kmsKeyArn:
    'a KMS key, not of an alias, such as arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4444-8888-123456789abc',
  eventBusArn: 'an event bus, such as arn:aws:events:eu-west-1:111122223333:event-bus/desk',
  permissionsBoundaryArn: 'an IAM policy, such as arn:aws:iam::111122223333:policy/boundary',
};
