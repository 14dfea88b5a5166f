import { Stack } from 'aws-cdk-lib';
import {
  Alarm,
  type AlarmBase,
  AlarmRule,
  ComparisonOperator,
  CompositeAlarm,
  type IAlarm,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { AlarmConfig } from './alarm-config.ts';
import { type AlarmSources, stageAlarms } from './alarms.ts';
import { Dashboard } from './dashboard.ts';
import type { ResolvedStage } from './stages.ts';

type MonitoringProps = Omit<AlarmSources, 'stage' | 'functions' | 'publishTransitions'> & {
  readonly stage: ResolvedStage;
  readonly functions: readonly Lambda[];
  /** Those of them that serve the API. */
  readonly apiFunctions: readonly Lambda[];
  readonly checkOpenOrders: Lambda;
  readonly publishTransitions: Lambda;
};

/**
 * The alarms and the dashboard. Each alarm says what is at stake and what to do first; cdk/runbooks.md has the rest. With
 * `monitoring: 'essential'` only the alarms that nothing else would reveal, and no dashboard. `npm run price` prints what
 * both cost.
 */
export class Monitoring extends Construct {
  readonly #topic: ITopic | undefined;

  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id);
    const { alarmTopicArn, monitoring, runtime } = props.stage;
    if (alarmTopicArn !== undefined) this.#topic = Topic.fromTopicArn(this, 'Topic', alarmTopicArn);
    const isFull = monitoring === 'full';
    const configs = stageAlarms({ ...props, stage: runtime }).filter(({ essential }) => isFull || essential);
    const ofStage = new Map(configs.map((config) => [config.id, this.#alarm(config)]));
    if (!isFull) return;
    const down = ['sweep-silent', 'auth-refused', 'retention-headroom-low', 'synthetic-check'].flatMap(
      (id) => ofStage.get(id) ?? [],
    );
    const summary = this.#orderMonitoringDown(down);
    new Dashboard(this, 'Dashboard', { ...props, stage: runtime, alarms: [summary, ...ofStage.values()] });
  }

  /** The alarm to page someone for: it covers the conditions in which some orders are no longer observed. */
  #orderMonitoringDown(alarms: readonly IAlarm[]): CompositeAlarm {
    const down = new CompositeAlarm(this, 'order-monitoring-down', {
      compositeAlarmName: `${Stack.of(this).stackName} does not monitor all orders`,
      alarmDescription:
        'The recorded state of live orders may no longer be true: they are not checked, a key is rejected, or an order is about to be lost. First: see in the details of this alarm which of its alarms is on; each has its own runbook. cdk/runbooks.md#alarm-order-monitoring-down',
      alarmRule: AlarmRule.anyOf(...alarms),
    });
    this.#notify(down);
    return down;
  }

  #alarm({ id, description, means, metric, missing, ...config }: AlarmConfig): Alarm {
    const { breach = { from: 1 }, periods = { bad: 1, of: 1 } } = config;
    const alarm = new Alarm(this, id, {
      alarmName: `${Stack.of(this).stackName} ${description}`,
      alarmDescription: `${means} cdk/runbooks.md#alarm-${id}`,
      metric,
      ...('from' in breach
        ? { threshold: breach.from, comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD }
        : { threshold: breach.below, comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD }),
      datapointsToAlarm: periods.bad,
      evaluationPeriods: periods.of,
      treatMissingData: missing,
    });
    this.#notify(alarm);
    return alarm;
  }

  #notify(alarm: AlarmBase): void {
    if (this.#topic === undefined) return;
    const action = new SnsAction(this.#topic);
    alarm.addAlarmAction(action);
    // Pagers close an incident when its alarm ends.
    alarm.addOkAction(action);
  }
}
