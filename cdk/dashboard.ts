import { Aws, Duration } from 'aws-cdk-lib';
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
import { dialects } from '../lib/exchange/dialects/index.ts';
import type { Stage } from '../lib/stage/stage.ts';
import { serviceMetric } from './metrics.ts';
import { minRetentionSeconds } from './order-alarms.ts';
import { stackNameOf } from './stack-outputs.ts';

type DashboardProps = {
  readonly stage: Stage;
  readonly alarms: readonly IAlarm[];
  readonly functions: readonly Lambda[];
  /** Those of them that serve the API. */
  readonly apiFunctions: readonly Lambda[];
  readonly checkOpenOrders: Lambda;
  readonly publishTransitions: Lambda;
  readonly table: TableV2;
};

const period = Duration.minutes(5);
const half = { width: 12, height: 6 };

/** One page: which alarms are on, how old the oldest confirmation is, and what causes the cost. */
export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, props: DashboardProps) {
    super(scope, id);
    const { stage, alarms, apiFunctions, checkOpenOrders, publishTransitions } = props;
    new Board(this, 'Board', {
      // Dashboards of all regions share their names.
      dashboardName: `${stackNameOf(stage.name)}-${Aws.REGION}`,
      defaultInterval: Duration.hours(6),
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms of the stage', alarms: [...alarms], width: 24, height: 3 })],
        [ordersByState(stage), oldestUnseen(stage)],
        [listsOfOrders(stage), foundByLists(stage)],
        [permitsAgainstShare(stage), delays(publishTransitions)],
        [apiErrors(apiFunctions), errorsOfChecks(checkOpenOrders)],
        costDrivers(props),
      ],
    });
  }
}

/** Every account writes its numbers once a minute: their mean, times the number of accounts, is the whole stage. */
function ordersByState({ name, accounts }: Stage): GraphWidget {
  const count = Object.keys(accounts).length;
  const inState = (metricName: string, label: string) =>
    new MathExpression({
      expression: `${metricName.toLowerCase()} * ${count}`,
      usingMetrics: { [metricName.toLowerCase()]: serviceMetric(metricName, Stats.AVERAGE, { stage: name }, period) },
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
    right: [serviceMetric('Final', Stats.SUM, { stage: name }, period).with({ label: 'final' })],
  });
}

function oldestUnseen(stage: Stage): GraphWidget {
  const retention = minRetentionSeconds(stage);
  return new GraphWidget({
    title: 'Longest time since a live order was confirmed, seconds',
    ...half,
    left: [serviceMetric('OldestUnseenSeconds', Stats.MAXIMUM, { stage: stage.name }).with({ label: 'oldest' })],
    leftAnnotations: [
      { value: retention / 2, label: 'alarm retention-headroom-low' },
      { value: retention, label: 'the exchange may no longer report it' },
    ],
    leftYAxis: { min: 0 },
  });
}

function listsOfOrders({ name: stage }: Stage): GraphWidget {
  return new GraphWidget({
    title: 'Lists of open orders',
    ...half,
    left: [
      serviceMetric('Listed', Stats.SUM, { stage }, period).with({ label: 'passed' }),
      serviceMetric('ListFailed', Stats.SUM, { stage }, period).with({ label: 'failed' }),
    ],
    right: [
      serviceMetric('ListUntrusted', Stats.MAXIMUM, { stage }, period).with({ label: 'an account is untrusted' }),
    ],
    rightYAxis: { min: 0, max: 1 },
  });
}

function foundByLists({ name: stage }: Stage): GraphWidget {
  return new GraphWidget({
    title: 'Orders discovered in lists, and orders that vanished from lists',
    ...half,
    left: [
      serviceMetric('Discovered', Stats.SUM, { stage }, period).with({ label: 'discovered' }),
      serviceMetric('Vanished', Stats.SUM, { stage }, period).with({ label: 'vanished' }),
    ],
  });
}

/**
 * One permit for each check and, on most exchanges, for each list. API requests use the same rate limiter; their
 * permits are in addition to these.
 */
function permitsAgainstShare({ name, accounts }: Stage): GraphWidget {
  const acquired = (metricName: string) => serviceMetric(metricName, Stats.SUM, { stage: name }, period);
  const share = Object.values(accounts).reduce(
    (sum, { dialect, shareOfRate }) => sum + dialects[dialect].limit.perSecond * shareOfRate,
    0,
  );
  return new GraphWidget({
    title: 'Permits acquired by checks per second, and our share of the rate limit',
    ...half,
    left: [
      new MathExpression({
        expression: '(checked + failed + listed - exhausted) / PERIOD(checked)',
        usingMetrics: {
          listed: acquired('Listed'),
          checked: acquired('Checked'),
          failed: acquired('Failed'),
          exhausted: acquired('RateLimitExhausted'),
        },
        label: 'acquired',
        period,
      }),
    ],
    leftAnnotations: [{ value: share, label: 'share of all accounts' }],
    leftYAxis: { min: 0 },
    right: [acquired('RateLimitExhausted').with({ label: 'not acquired in time' })],
  });
}

function delays(publishTransitions: Lambda): LogQueryWidget {
  return logQuery('From transition to snapshot, seconds', [publishTransitions], LogQueryVisualizationType.LINE, [
    'filter ispresent(slowest_ms)',
    'stats max(slowest_ms) / 1000 as slowest, pct(slowest_ms, 50) / 1000 as median by bin(5m)',
  ]);
}

function apiErrors(apiFunctions: readonly Lambda[]): LogQueryWidget {
  return logQuery('Failed API requests by code', apiFunctions, LogQueryVisualizationType.TABLE, [
    'filter message = "failed"',
    'stats count(*) as requests, max(@timestamp) as latest by code, status',
    'sort requests desc',
  ]);
}

/** The log line of a sweep counts failures by code: a column each. */
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
      title: 'Cost: Lambda duration, milliseconds',
      ...third,
      left: ofEach((lambda) => lambda.metricDuration({ statistic: Stats.SUM, period, label: lambda.node.path })),
    }),
    new GraphWidget({
      title: 'Cost: Lambda requests',
      ...third,
      left: ofEach((lambda) => lambda.metricInvocations({ period, label: lambda.node.path })),
    }),
    new GraphWidget({
      title: 'Cost: request units of the table',
      ...third,
      left: [
        table.metricConsumedWriteCapacityUnits({ statistic: Stats.SUM, period, label: 'written' }),
        table.metricConsumedReadCapacityUnits({ statistic: Stats.SUM, period, label: 'read' }),
      ],
    }),
  ];
}
