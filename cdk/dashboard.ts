import { Duration } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Dashboard as Board,
  GraphWidget,
  type IAlarm,
  type IMetric,
  LogQueryVisualizationType,
  LogQueryWidget,
  MathExpression,
  Stats,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { errorCatalog } from '../lib/errors.ts';
import { dialects, retentionMsOf } from '../lib/exchange/dialects/index.ts';
import type { Stage } from '../lib/stage.ts';
import { ours } from './metrics.ts';

export type DashboardProps = {
  readonly stage: Stage;
  /** Those of the whole stage. */
  readonly alarms: readonly IAlarm[];
  /** All of the stage's. */
  readonly functions: readonly Lambda[];
  /** Those of them that answer requests. */
  readonly apiFunctions: readonly Lambda[];
  readonly checkOpenOrders: Lambda;
  readonly publishTransitions: Lambda;
  readonly table: TableV2;
};

const period = Duration.minutes(5);
const half = { width: 12, height: 6 };

/** The one page to look at: is anybody blind, since when, and what does it cost. */
export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, props: DashboardProps) {
    super(scope, id);
    const { stage, alarms, apiFunctions, checkOpenOrders, publishTransitions } = props;
    new Board(this, 'Board', {
      dashboardName: `order-state-snapshots-${stage.name}`,
      defaultInterval: Duration.hours(6),
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms of the stage', alarms: [...alarms], width: 24, height: 3 })],
        [ordersByState(stage), oldestUnseen(stage)],
        [permitsAgainstShare(stage), delays(publishTransitions)],
        [apiErrors(apiFunctions), errorsOfChecks(checkOpenOrders)],
        costDrivers(props),
      ],
    });
  }
}

/** Every account writes once a minute how it stands: their mean, times how many there are, is the whole stage. */
function ordersByState({ name, accounts }: Stage): GraphWidget {
  const count = Object.keys(accounts).length;
  const inState = (metricName: string, label: string) =>
    new MathExpression({
      expression: `${metricName.toLowerCase()} * ${count}`,
      usingMetrics: { [metricName.toLowerCase()]: ours(metricName, Stats.AVERAGE, { stage: name }, period) },
      label,
      period,
    });
  return new GraphWidget({
    title: 'Orders by state',
    ...half,
    stacked: true,
    left: [
      inState('Watched', 'watched'),
      inState('Missing', 'missing'),
      inState('UnknownState', 'in an unknown state'),
      inState('Inconsistent', 'inconsistent'),
    ],
    right: [ours('Final', Stats.SUM, { stage: name }, period).with({ label: 'ended' })],
  });
}

function oldestUnseen(stage: Stage): GraphWidget {
  const forgets = Math.min(...Object.values(stage.accounts).map(retentionMsOf)) / 1_000;
  return new GraphWidget({
    title: 'Age of the oldest unseen order, seconds',
    ...half,
    left: [ours('OldestUnseenSeconds', Stats.MAXIMUM, { stage: stage.name }).with({ label: 'oldest' })],
    leftAnnotations: [
      { value: forgets / 2, label: 'the alarm slack-short' },
      { value: forgets, label: 'the exchange may have forgotten it' },
    ],
    leftYAxis: { min: 0 },
  });
}

/** One credit a call; those that questions through the API spend are in the same ledger, and on top of these. */
function permitsAgainstShare({ name, accounts }: Stage): GraphWidget {
  const acquired = (metricName: string) => ours(metricName, Stats.SUM, { stage: name }, period);
  const share = Object.values(accounts).reduce(
    (sum, { dialect, shareOfRate }) => sum + dialects[dialect].limit.perSecond * shareOfRate,
    0,
  );
  return new GraphWidget({
    title: 'Credits that the checks use, a second, against our share of the rate',
    ...half,
    left: [
      new MathExpression({
        expression: '(checked + failed - starved) / PERIOD(checked)',
        usingMetrics: {
          checked: acquired('Checked'),
          failed: acquired('Failed'),
          starved: acquired('RateLimitExhausted'),
        },
        label: 'used',
        period,
      }),
    ],
    leftAnnotations: [{ value: share, label: 'share of all accounts' }],
    leftYAxis: { min: 0 },
    right: [acquired('RateLimitExhausted').with({ label: 'waited in vain' })],
  });
}

function delays(publishTransitions: Lambda): LogQueryWidget {
  return logQuery('From transition to snapshot, seconds', [publishTransitions], LogQueryVisualizationType.LINE, [
    'filter ispresent(slowest_ms)',
    'stats max(slowest_ms) / 1000 as slowest, pct(slowest_ms, 50) / 1000 as median by bin(5m)',
  ]);
}

function apiErrors(apiFunctions: readonly Lambda[]): LogQueryWidget {
  return logQuery('Failed requests by code', apiFunctions, LogQueryVisualizationType.TABLE, [
    'filter message = "failed"',
    'stats count(*) as requests, max(@timestamp) as latest by code, status',
    'sort requests desc',
  ]);
}

/** A tick's line counts its failures by code: a column each. */
function errorsOfChecks(checkOpenOrders: Lambda): LogQueryWidget {
  const codes = Object.keys(errorCatalog).filter((code) => code !== 'order_not_found');
  return logQuery('Failed checks by code', [checkOpenOrders], LogQueryVisualizationType.TABLE, [
    'filter message = "ticked"',
    `stats ${codes.map((code) => `sum(failed.${code}) as ${code}`).join(', ')} by account`,
  ]);
}

function logQuery(
  title: string,
  functions: readonly Lambda[],
  view: LogQueryVisualizationType,
  queryLines: string[],
): LogQueryWidget {
  const logGroupNames = functions.map(({ logGroup }) => logGroup.logGroupName);
  return new LogQueryWidget({ title, ...half, view, logGroupNames, queryLines });
}

function costDrivers({ functions, table }: DashboardProps): GraphWidget[] {
  const ofEach = (metric: (lambda: Lambda) => IMetric) => functions.map(metric);
  const third = { width: 8, height: 6, stacked: true };
  return [
    new GraphWidget({
      title: 'Cost: milliseconds of Lambda',
      ...third,
      left: ofEach((lambda) => lambda.metricDuration({ statistic: Stats.SUM, period, label: lambda.node.path })),
    }),
    new GraphWidget({
      title: 'Cost: requests to Lambda',
      ...third,
      left: ofEach((lambda) => lambda.metricInvocations({ period, label: lambda.node.path })),
    }),
    new GraphWidget({
      title: 'Cost: units of the table',
      ...third,
      left: [
        table.metricConsumedWriteCapacityUnits({ statistic: Stats.SUM, period, label: 'written' }),
        table.metricConsumedReadCapacityUnits({ statistic: Stats.SUM, period, label: 'read' }),
      ],
    }),
  ];
}
