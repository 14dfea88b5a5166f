import { CfnOutput, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { Binding } from './service-function.ts';
import type { ResolvedStage } from './stages.ts';

export type ExchangeKeysProps = {
  readonly stage: ResolvedStage;
};

/**
 * One secret per account that brings none of its own, empty until a person puts the exchange's key there, and never
 * deleted by the stack. The L1
 * construct, because the L2 fills a secret with a random password, which looks like a key and is none.
 */
export class ExchangeKeys extends Construct {
  readonly binding: Binding;

  constructor(scope: Construct, id: string, props: ExchangeKeysProps) {
    super(scope, id);
    const { kmsKeyArn, runtime } = props.stage;
    const arns = Object.entries(runtime.accounts).map(([account, { dialect, secretName }]) => {
      if (secretName.startsWith('arn:')) return secretName;
      // Upper case cannot come from an account's name, so no two accounts share an id.
      const logicalId = `ExchangeKey${account.replaceAll('-', 'Dash')}`;
      const secret = new CfnSecret(this, account, {
        name: secretName,
        description: `Key of the ${dialect} account "${account}": {"client_id":"...","client_secret":"..."}`,
        ...(kmsKeyArn === undefined ? {} : { kmsKeyId: kmsKeyArn }),
      });
      secret.overrideLogicalId(logicalId);
      // Retained always, save when the deployment that made it fails: then it is empty, and in the next one's way.
      secret.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);

      // A point cannot come from an account's name either.
      new CfnOutput(this, `${account}.put-key`, {
        description: `Put the key of account "${account}" in place; key.json is {"client_id":"...","client_secret":"..."}`,
        value: `aws secretsmanager put-secret-value --secret-id ${secretName} --secret-string file://key.json`,
      }).overrideLogicalId(`Put${logicalId}`);
      return secret.ref;
    });
    Validations.of(this).acknowledge({
      id: 'AwsSolutions::AwsSolutions-SMG4',
      reason:
        'Neither exchange can issue a key by API: a person makes the new key and puts it in place of the old one.',
    });
    this.binding = { environment: {}, arns };
  }
}
