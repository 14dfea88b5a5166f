import { Aws } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnSchedule, CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import type { Stage } from '../lib/stage.ts';
import type { DeadLetters } from './dead-letters.ts';

export type ScheduledChecksProps = {
  readonly stage: Stage;
  readonly checkOpenOrders: IFunction;
  readonly deadLetters: DeadLetters;
};

/**
 * The clock of the checks: once a minute, for each account, EventBridge Scheduler wakes the function that sweeps the
 * account's open orders. A minute is as fine as Scheduler gets.
 */
export class ScheduledChecks extends Construct {
  constructor(scope: Construct, id: string, props: ScheduledChecksProps) {
    super(scope, id);
    const { stage, checkOpenOrders, deadLetters } = props;
    const group = new CfnScheduleGroup(this, 'Group', { name: `order-state-snapshots-${stage.name}` });
    const role = new Role(this, 'Role', {
      // Nobody else's schedule, in this AWS account or another, gets Scheduler to use this role.
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID, 'aws:SourceArn': group.attrArn } },
      }),
    });
    role.addToPolicy(
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [checkOpenOrders.functionArn] }),
    );
    role.addToPolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [...deadLetters.reach.arns] }));

    for (const account of Object.keys(stage.accounts)) {
      // The L1 construct, because the L2's target may invoke every version of the function: a wildcard.
      const schedule = new CfnSchedule(this, account, {
        name: account,
        groupName: group.ref,
        description: `Checks the open orders of account "${account}".`,
        scheduleExpression: 'rate(1 minute)',
        flexibleTimeWindow: { mode: 'OFF' },
        target: {
          arn: checkOpenOrders.functionArn,
          roleArn: role.roleArn,
          input: JSON.stringify({ account }),
          // Left open, it is 185 times over 24 hours: an outage would end in a day's worth of stale sweeps.
          retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
          deadLetterConfig: { arn: deadLetters.queue.queueArn },
        },
      });
      // A schedule ticks as soon as it is there, and without the role's policy its first ticks would be dead letters.
      schedule.node.addDependency(role);
    }
  }
}
