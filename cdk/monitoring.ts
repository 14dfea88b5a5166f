import { Duration, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  type AlarmBase,
  AlarmRule,
  ComparisonOperator,
  CompositeAlarm,
  type IAlarm,
  type IMetric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { retentionMsOf } from '../lib/exchange/dialects/index.ts';
import type { Stage } from '../lib/stage.ts';
import { Dashboard } from './dashboard.ts';
import { minute, ours, summed } from './metrics.ts';

export type MonitoringProps = {
  readonly stage: Stage;
  /** Who hears of alarms; without it nobody does, and they are there to look at. */
  readonly alarmTopicArn?: string | undefined;
  /** All of the stage's. */
  readonly functions: readonly Lambda[];
  /** Those of them that answer requests. */
  readonly apiFunctions: readonly Lambda[];
  readonly checkOpenOrders: Lambda;
  readonly publishTransitions: Lambda;
  readonly table: TableV2;
  readonly sweepDeadLetters: IQueue;
  readonly transitionDeadLetters: IQueue;
  /** How often the synthetic check was answered, where there is one. */
  readonly syntheticAnswers?: IMetric | undefined;
};

type AlarmConfig = {
  /** The README has a section for it, `#alarm-<id>`. */
  readonly id: string;
  /** Goes on from the stack's name: together the first sentence that whoever is paged reads, perhaps at night. */
  readonly description: string;
  /** What it means to the desk, and what to do first. */
  readonly means: string;
  readonly metric: IMetric;
  /** Default: from 1. */
  readonly breach?: { readonly from: number } | { readonly below: number };
  /** Default: a single period. */
  readonly periods?: { readonly bad: number; readonly of: number };
  readonly missing: TreatMissingData;
};

/** A count is not written when there is nothing to count: no news is good news. */
const nothingHappened = TreatMissingData.NOT_BREACHING;
/** Every sweep writes how things stand. Until the next one does, they stand as they stood. */
const asItWas = TreatMissingData.IGNORE;
/** The metric says that we are alive. */
const silence = TreatMissingData.BREACHING;

/** More alarms than these make a rule that is longer than the 10,240 characters that CloudWatch takes. */
const maxMetricsPerAlarm = 40;

/**
 * The alarms: each says what a person loses and what they do first. Per stage, but for the sweep's silence, which another
 * account's sweep would drown. And the dashboard. At list price (metric $0.30, alarm $0.10 a month for each metric it
 * reads, composite alarm $0.50; three dashboards are free, each one more is $3):
 *
 * | a month      | metrics of ours     | alarms              | one account | 10 accounts |
 * |--------------|---------------------|---------------------|-------------|-------------|
 * | a stage      | 14 · $0.30          | 29 · $0.10, $0.50   | $7.60       | $7.60       |
 * | each account | 1 · $0.30           | 1 · $0.10           | $0.40       | $4.00       |
 */
export class Monitoring extends Construct {
  readonly #topic: ITopic | undefined;

  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id);
    const { stage, alarmTopicArn } = props;
    if (alarmTopicArn !== undefined) this.#topic = Topic.fromTopicArn(this, 'Topic', alarmTopicArn);
    const ofStage = new Map(stageAlarms(props).map((config) => [config.id, this.#alarm(config.id, config)]));
    const silent = Object.keys(stage.accounts).map((account) =>
      this.#alarm(`sweep-silent-${account}`, silentSweep(stage, account)),
    );
    const blinding = ['auth-refused', 'retention-headroom-low', 'synthetic-check'].flatMap(
      (id) => ofStage.get(id) ?? [],
    );
    const blind = this.#blind([...this.#inGroups(silent), ...blinding]);
    new Dashboard(this, 'Dashboard', { ...props, alarms: [blind, ...ofStage.values()] });
  }

  /** The one to page somebody for, whichever of the others it is that leaves us without sight of the orders. */
  #blind(alarms: readonly IAlarm[]): CompositeAlarm {
    const blind = new CompositeAlarm(this, 'order-monitoring-down', {
      compositeAlarmName: `${Stack.of(this).stackName} leaves the desk blind`,
      alarmDescription:
        'What the record says of live orders may no longer be true: they are not checked, the key is refused, or some order is about to be lost from sight. First: see which of the alarms that it is made of is on, in its details; each has a section of its own. README.md#alarm-desk-blind',
      alarmRule: AlarmRule.anyOf(...alarms),
    });
    this.#tell(blind);
    return blind;
  }

  #inGroups(silent: readonly IAlarm[]): readonly IAlarm[] {
    if (silent.length <= maxMetricsPerAlarm) return silent;
    return Array.from({ length: Math.ceil(silent.length / maxMetricsPerAlarm) }, (_, i) => {
      const group = silent.slice(i * maxMetricsPerAlarm, (i + 1) * maxMetricsPerAlarm);
      return new CompositeAlarm(this, `sweeps-silent-${i + 1}`, {
        compositeAlarmName: `${Stack.of(this).stackName} has not checked some account, group ${i + 1}`,
        alarmDescription:
          'A part of the alarm that the desk is blind: one rule has no room for all accounts. README.md#alarm-desk-blind',
        alarmRule: AlarmRule.anyOf(...group),
      });
    });
  }

  #alarm(id: string, { description, means, metric, missing, ...config }: AlarmConfig): Alarm {
    const { breach = { from: 1 }, periods = { bad: 1, of: 1 } } = config;
    const alarm = new Alarm(this, id, {
      alarmName: `${Stack.of(this).stackName} ${description}`,
      alarmDescription: `${means} README.md#alarm-${config.id}`,
      metric,
      ...('from' in breach
        ? { threshold: breach.from, comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD }
        : { threshold: breach.below, comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD }),
      datapointsToAlarm: periods.bad,
      evaluationPeriods: periods.of,
      treatMissingData: missing,
    });
    this.#tell(alarm);
    return alarm;
  }

  #tell(alarm: AlarmBase): void {
    if (this.#topic === undefined) return;
    const tell = new SnsAction(this.#topic);
    alarm.addAlarmAction(tell);
    // Pagers close what they opened when they hear that it is over.
    alarm.addOkAction(tell);
  }
}

function silentSweep({ name, accounts }: Stage, account: string): AlarmConfig {
  const minutes = retentionMinutes({ accounts });
  return {
    id: 'sweep-silent',
    description: `has not checked the orders of account ${account} for three minutes`,
    means: `Orders of account "${account}" fill, close and vanish unseen: ${minutes} minutes after one closes, the exchange no longer tells how. First: read the newest lines of check-open-orders in the log, then its dead letters; see whether the schedule "${account}" is enabled.`,
    metric: ours('Sweeps', Stats.SUM, { stage: name, account }),
    breach: { below: 1 },
    periods: { bad: 3, of: 3 },
    missing: silence,
  };
}

/** How long the most forgetful exchange of the stage still tells how an order closed. */
function retentionMinutes({ accounts }: Pick<Stage, 'accounts'>): number {
  return Math.min(...Object.values(accounts).map(retentionMsOf)) / 60_000;
}

function stageAlarms(props: MonitoringProps): readonly AlarmConfig[] {
  const { stage, functions, publishTransitions, sweepDeadLetters, transitionDeadLetters, syntheticAnswers } = props;
  const of = { stage: stage.name };
  const minutes = retentionMinutes(stage);
  /** How things stand with the account that has it worst. */
  const standing = (metricName: string, period = minute) => ours(metricName, Stats.MAXIMUM, of, period);
  const happened = (metricName: string) => ours(metricName, Stats.SUM, of);
  const waiting = (queue: IQueue) =>
    queue.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM, period: minute });
  return [
    {
      id: 'missing-orders',
      description: 'has orders that the exchange no longer finds',
      means:
        'Orders that we saw alive are answered with not-found: nobody knows whether they were filled. They keep their last snapshot and are checked on. First: ask the exchange about them by other means; let one go with DELETE on its watch once that is settled.',
      metric: standing('Missing'),
      missing: asItWas,
    },
    {
      id: 'unknown-states',
      description: 'has orders in a state that it has no name for',
      means:
        'The exchange gives a state that is neither live nor final to us, so these orders are watched for ever and never reported closed. First: read order_state in the newest snapshots of the orders that need attention, and what the exchange says that it means.',
      metric: standing('UnknownState'),
      missing: asItWas,
    },
    {
      id: 'inconsistent-orders',
      description: 'has orders that the exchange contradicts itself about',
      means:
        'Twice running, the exchange answered an older version of an order than it had before. What we tell of these orders may not be what is settled. First: compare their history with what the exchange shows, and trust neither until they agree.',
      metric: standing('Inconsistent'),
      missing: asItWas,
    },
    {
      id: 'auth-refused',
      description: 'is refused by the exchange because of its key',
      means:
        "Nothing of that account can be checked or asked for until its key works, and orders close unseen meanwhile. First: find account and code in the log of check-open-orders; put a working key in place with aws secretsmanager put-secret-value (the stack's outputs have the command). It is taken up within a minute.",
      metric: happened('AuthRefused'),
      // A quiet account is refused once in minutes: it stays one alarm, and does not come and go.
      periods: { bad: 1, of: 10 },
      missing: nothingHappened,
    },
    {
      id: 'retention-headroom-low',
      description: 'is about to lose sight of an order',
      means: `The exchange tells how an order closed for ${minutes} minutes, and for some order more than half of that has gone by since it was last seen. First: see whether the exchange answers at all; if it does, give the sweep room by a higher shareOfRate or fewer watches.`,
      metric: ours('RetentionHeadroomSeconds', Stats.MINIMUM, of),
      breach: { below: (minutes * 60) / 2 },
      // Without orders there is no deadline; and a sweep that writes nothing has an alarm of its own.
      missing: nothingHappened,
    },
    {
      id: 'rate-limit-exhausted',
      description: 'gets too few calls to the exchange',
      means:
        "Checks and people's questions wait for our share of the account's rate until they give up. First: see in the log whether the exchange throttles, that is, whether others use the account more than they did; else raise shareOfRate or ask less.",
      metric: happened('RateLimitExhausted'),
      periods: { bad: 3, of: 5 },
      missing: nothingHappened,
    },
    {
      id: 'over-capacity',
      description: 'watches more orders than it can check in time',
      means:
        'Checks come later and later, and in the end orders close unseen: there are more than the share of the rate times maxCheckSeconds. First: DELETE the watches that nobody needs, raise shareOfRate, or spread the orders over more accounts.',
      metric: standing('OverCapacity'),
      periods: { bad: 3, of: 3 },
      missing: asItWas,
    },
    {
      id: 'backlog',
      description: 'has left due orders unchecked for 15 minutes',
      means:
        "Snapshots are older than promised, though no order is out of sight yet. First: look at what failed and with which code in the sweep's report in the log; if nothing did, there are too many orders for the share of the rate.",
      metric: standing('Backlog', Duration.minutes(5)),
      periods: { bad: 3, of: 3 },
      missing: asItWas,
    },
    {
      id: 'sweep-dead-letters',
      description: 'gave up on a scheduled check',
      means:
        'EventBridge could not start check-open-orders, or Lambda could not finish it; the next minute does the work of the lost one. First: read the message in the queue for the account and the error. Delete it when you have: a sweep of back then is worth nothing, and the alarm ends with the last message.',
      metric: waiting(sweepDeadLetters),
      missing: nothingHappened,
    },
    {
      id: 'transition-dead-letters',
      description: 'has transitions that no consumer was told of',
      means:
        "Consumers work with states that are no longer true: publish-transitions gave up on changes that the table has. The message says where in the table's stream they were, and when. First: mend what it failed on; then run npm run ops -- redrive --yes, which sends the events again and deletes the messages.",
      metric: waiting(transitionDeadLetters),
      missing: nothingHappened,
    },
    {
      id: 'transitions-late',
      description: 'tells of transitions more than five minutes late',
      means:
        'Consumers of the event bus act on old states; nothing is lost yet. First: look for errors of publish-transitions in the log, and for trouble of EventBridge on the health page of AWS.',
      metric: publishTransitions.metric('IteratorAge', { statistic: Stats.MAXIMUM, period: minute }),
      breach: { from: 5 * 60_000 },
      periods: { bad: 3, of: 5 },
      missing: nothingHappened,
    },
    {
      id: 'function-errors',
      description: 'has functions that fail',
      means:
        'Not the exchange and not the caller: our own code crashed or ran out of time, and what it was asked for did not happen. First: find the function by its metric Errors, and the newest ERROR in its log; if a deployment just went out, roll it back.',
      metric: summed(functions, 'Errors'),
      periods: { bad: 3, of: 5 },
      missing: nothingHappened,
    },
    {
      id: 'function-throttles',
      description: 'has functions that Lambda does not let run',
      means:
        'Callers are turned away and checks wait, because the AWS account has no concurrency left or a function is at its own limit. First: compare ConcurrentExecutions with the limit in the Lambda console; reserveConcurrency keeps the checks out of it.',
      metric: summed(functions, 'Throttles'),
      periods: { bad: 3, of: 5 },
      missing: nothingHappened,
    },
    ...(syntheticAnswers === undefined ? [] : [unanswered(syntheticAnswers)]),
  ];
}

function unanswered(metric: IMetric): AlarmConfig {
  return {
    id: 'synthetic-check',
    description: 'gets no answer about its own test order',
    means:
      'Whoever asks for an order of that account now most likely gets none either: the key, the exchange, the table or our code fails. First: read the code of the newest lines of get-order that have the route synthetic-check; if it is order_not_found, the test order itself is gone: name another one in the stage table.',
    metric,
    breach: { below: 1 },
    periods: { bad: 3, of: 3 },
    missing: silence,
  };
}
