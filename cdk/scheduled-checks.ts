import { Aws } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnSchedule, CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import type { DeadLetterQueue } from './dead-letter-queue.ts';
import type { ResolvedStage } from './stages.ts';

export type ScheduledChecksProps = {
  readonly stage: ResolvedStage;
  readonly checkOpenOrders: IFunction;
  readonly deadLetters: DeadLetterQueue;
};

/** What is to happen again and again. */
export type Recurring = {
  readonly name: string;
  readonly description: string;
  /** Such as `rate(1 minute)`. */
  readonly every: string;
  readonly target: IFunction;
  /** What the function is given. */
  readonly input: object;
};

/**
 * The clock of the checks: once a minute, for each account, EventBridge Scheduler wakes the function that sweeps the
 * account's open orders. A minute is as fine as Scheduler gets.
 */
export class ScheduledChecks extends Construct {
  readonly #group: CfnScheduleGroup;
  readonly #role: Role;
  readonly #deadLetters: DeadLetterQueue;

  constructor(scope: Construct, id: string, props: ScheduledChecksProps) {
    super(scope, id);
    const { stage, checkOpenOrders, deadLetters } = props;
    this.#deadLetters = deadLetters;
    this.#group = new CfnScheduleGroup(this, 'Group', { name: `order-state-snapshots-${stage.runtime.name}` });
    this.#role = new Role(this, 'Role', {
      // Nobody else's schedule, in this AWS account or another, gets Scheduler to use this role.
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID, 'aws:SourceArn': this.#group.attrArn } },
      }),
    });
    this.#allow(['sqs:SendMessage'], deadLetters.queue.queueArn);
    if (stage.kmsKeyArn !== undefined) this.#allow(['kms:Decrypt', 'kms:GenerateDataKey'], stage.kmsKeyArn);
    for (const account of Object.keys(stage.runtime.accounts)) {
      this.add({
        name: account,
        description: `Checks the open orders of account "${account}".`,
        every: 'rate(1 minute)',
        target: checkOpenOrders,
        input: { account },
      });
    }
  }

  /** Adds a schedule of this name. What it starts late, or could not start, is not tried again. */
  add({ name, description, every, target, input }: Recurring): void {
    this.#allow(['lambda:InvokeFunction'], target.functionArn);
    // The L1 construct, because the L2's target may invoke every version of the function: a wildcard.
    const schedule = new CfnSchedule(this, name, {
      name,
      groupName: this.#group.ref,
      description,
      scheduleExpression: every,
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: target.functionArn,
        roleArn: this.#role.roleArn,
        input: JSON.stringify(input),
        // Left open, it is 185 times over 24 hours: an outage would end in a day's worth of stale sweeps.
        retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
        deadLetterConfig: { arn: this.#deadLetters.queue.queueArn },
      },
    });
    // A schedule ticks as soon as it is there, and without the role's policy its first ticks would be dead letters.
    schedule.node.addDependency(this.#role);
  }

  #allow(actions: string[], resource: string): void {
    this.#role.addToPolicy(new PolicyStatement({ actions, resources: [resource] }));
  }
}
