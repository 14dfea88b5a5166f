import { CustomResource, Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { Stage } from '../lib/stage/stage.ts';

type AccountGuardProps = {
  readonly accounts: Stage['accounts'];
  readonly guardAccounts: IFunction;
};

/** A deployment that removes or renames an account is rolled back while one of its orders is watched. */
export class AccountGuard extends Construct {
  constructor(scope: Construct, id: string, props: AccountGuardProps) {
    super(scope, id);
    new CustomResource(this, 'Accounts', {
      resourceType: 'Custom::Accounts',
      serviceToken: props.guardAccounts.functionArn,
      serviceTimeout: Duration.minutes(1),
      properties: { Accounts: Object.keys(props.accounts) },
    });
  }
}
