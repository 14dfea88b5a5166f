import { Aws } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnSchedule, CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import type { DeadLetterQueue } from './dead-letter-queue.ts';
import type { ResolvedStage } from './stages.ts';

type ScheduledChecksProps = {
  readonly stage: ResolvedStage;
  readonly checkOpenOrders: IFunction;
  readonly deadLetters: DeadLetterQueue;
};

/** A recurring invocation. */
type Recurring = {
  readonly name: string;
  readonly description: string;
  /** Such as `rate(1 minute)`. */
  readonly every: string;
  readonly target: IFunction;
  /** The event that the function receives. */
  readonly input: object;
};

/**
 * The schedules of the checks: once a minute, Scheduler's finest interval, check-open-orders is invoked for each group of
 * accounts.
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
      // No other schedule, in this AWS account or another, can use this role.
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID, 'aws:SourceArn': this.#group.attrArn } },
      }),
    });
    this.#allow(['sqs:SendMessage'], deadLetters.queue.queueArn);
    if (stage.kmsKeyArn !== undefined) this.#allow(['kms:Decrypt', 'kms:GenerateDataKey'], stage.kmsKeyArn);
    for (const { name, accounts, next } of stage.schedules) {
      this.add({
        name,
        description: descriptionOf(accounts),
        every: 'rate(1 minute)',
        target: checkOpenOrders,
        input: { accounts, next },
      });
    }
  }

  /** Adds a schedule of this name. An invocation that is late or fails is not repeated. */
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
        // The default is 185 retries over 24 hours: an outage would end in a day's worth of late sweeps.
        retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
        deadLetterConfig: { arn: this.#deadLetters.queue.queueArn },
      },
    });
    // A schedule starts when it is created: without the role's policy its first invocations would fail.
    schedule.node.addDependency(this.#role);
  }

  #allow(actions: string[], resource: string): void {
    this.#role.addToPolicy(new PolicyStatement({ actions, resources: [resource] }));
  }
}

/** Scheduler takes 512 characters. */
function descriptionOf([first = '', ...others]: readonly string[]): string {
  const last = others.at(-1);
  if (last === undefined) return `Checks the open orders of account "${first}".`;
  return `Checks the open orders of ${others.length + 1} accounts, "${first}" to "${last}".`;
}
