import { Aws, CfnOutput, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { StageAccount } from '../lib/stage/stage.ts';
import type { Binding } from './service-function.ts';
import { exchangeKeyOutput, ownSecrets } from './stack-outputs.ts';
import type { ResolvedStage } from './stages.ts';

type ExchangeKeysProps = {
  readonly stage: ResolvedStage;
};

/**
 * One secret per account that brings no external one, empty until a person puts the exchange's key there. The L1
 * construct, because the L2 fills a secret with a random password, which looks like a key.
 */
export class ExchangeKeys extends Construct {
  readonly binding: Binding;

  constructor(scope: Construct, id: string, props: ExchangeKeysProps) {
    super(scope, id);
    const { runtime } = props.stage;
    const accounts = Object.entries(runtime.accounts);
    const brought = accounts.filter(([, { secretName }]) => secretName.startsWith('arn:'));
    for (const [account, { secretName }] of brought) {
      new CfnOutput(this, `${account}.output`, {
        description: `The secret with the exchange key of account "${account}". Fill it with: ops account add`,
        value: secretName,
      }).overrideLogicalId(exchangeKeyOutput(account));
    }
    const created = accounts.filter((account) => !brought.includes(account));
    for (const account of created) this.#createSecret(account, props.stage);
    Validations.of(this).acknowledge({
      id: 'AwsSolutions::AwsSolutions-SMG4',
      reason:
        'Neither exchange can issue keys by API: a person creates a new key and stores it in place of the old one.',
    });
    // One pattern for all of them: the ARNs of hundreds do not fit into the policies of a role.
    const own = `arn:${Aws.PARTITION}:secretsmanager:${Aws.REGION}:${Aws.ACCOUNT_ID}:secret:${ownSecrets(runtime.name)}`;
    const arns = brought.map(([, { secretName }]) => secretName);
    this.binding = { environment: {}, arns: created.length === 0 ? arns : [own, ...arns] };
  }

  #createSecret([account, { dialect, secretName }]: [string, StageAccount], { kmsKeyArn }: ResolvedStage): void {
    const secret = new CfnSecret(this, account, {
      name: secretName,
      description: `Key of the ${dialect} account "${account}": {"client_id":"...","client_secret":"..."}`,
      ...(kmsKeyArn === undefined ? {} : { kmsKeyId: kmsKeyArn }),
    });
    secret.overrideLogicalId(exchangeKeyOutput(account));
    // Kept, except when the deployment that creates it fails: then it is empty, and its name would be taken.
    secret.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
  }
}
