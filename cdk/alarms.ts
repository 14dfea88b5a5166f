import { Duration } from 'aws-cdk-lib';
import type { HttpApi as Gateway } from 'aws-cdk-lib/aws-apigatewayv2';
import { type IMetric, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { EventSourceMapping, IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { indexName } from '../lib/snapshots/items.ts';
import type { Stage } from '../lib/stage/stage.ts';
import { type AlarmConfig, missingMeansAlarm, missingMeansOk } from './alarm-config.ts';
import { minute, sumOf } from './metrics.ts';
import { capacityAlarms, orderAlarms } from './order-alarms.ts';

/** What the alarms monitor. */
export type AlarmSources = {
  readonly stage: Stage;
  readonly functions: readonly IFunction[];
  readonly publishTransitions: IFunction;
  readonly table: TableV2;
  readonly gateway: Gateway;
  readonly streamMapping: EventSourceMapping;
  readonly sweepDeadLetters: IQueue;
  readonly transitionDeadLetters: IQueue;
  /** How many synthetic checks got a response, if the stage has them. */
  readonly syntheticResponses?: IMetric | undefined;
};

/** The alarms of a stage. */
export function stageAlarms(sources: AlarmSources): readonly AlarmConfig[] {
  return [
    ...orderAlarms(sources.stage),
    ...capacityAlarms(sources.stage),
    ...eventAlarms(sources),
    ...serviceAlarms(sources),
  ];
}

/** Schedules, the stream and events. */
function eventAlarms(sources: AlarmSources): readonly AlarmConfig[] {
  const { publishTransitions, streamMapping, sweepDeadLetters, transitionDeadLetters } = sources;
  const messages = (queue: IQueue) =>
    queue.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM, period: minute });
  return [
    {
      id: 'sweep-dead-letters',
      description: 'gave up on a scheduled check',
      means:
        'EventBridge could not start check-open-orders, or the function failed; the same orders are checked again in the next minute. First: read the accounts and the error in the message of the queue. Then delete the message: the check is not repeated, and the alarm ends when the queue is empty.',
      metric: messages(sweepDeadLetters),
      missing: missingMeansOk,
      essential: true,
    },
    {
      id: 'transition-dead-letters',
      description: 'has transitions that were not published',
      means:
        'Consumers of the event bus act on old states: publish-transitions gave up on changes that are in the table. The message holds their position in the stream and their time. First: fix the cause; then run npm run ops -- redrive --yes, which publishes the events again and deletes the messages.',
      metric: messages(transitionDeadLetters),
      missing: missingMeansOk,
      essential: true,
    },
    {
      id: 'transitions-late',
      description: 'publishes transitions more than five minutes late',
      means:
        'Consumers of the event bus act on old states; nothing is lost yet. First: look for errors in the log of publish-transitions, and for an EventBridge incident in the AWS Health Dashboard.',
      metric: publishTransitions.metric('IteratorAge', { statistic: Stats.MAXIMUM, period: minute }),
      breach: { from: 5 * 60_000 },
      periods: { bad: 3, of: 5 },
      missing: missingMeansOk,
    },
    {
      id: 'stream-silent',
      description: 'does not read the stream of its table',
      means:
        'No transition is published: Lambda has not read the stream of the table for 15 minutes, and its records expire after 24 hours. First: check whether the event source mapping of publish-transitions is enabled and, if not, why it was disabled.',
      // Lambda writes a zero when a poll finds nothing, so any data point at all shows that the mapping works.
      metric: new Metric({
        namespace: 'AWS/Lambda',
        metricName: 'PolledEventCount',
        dimensionsMap: { EventSourceMappingUUID: streamMapping.eventSourceMappingId },
        statistic: Stats.SAMPLE_COUNT,
        period: Duration.minutes(5),
      }),
      breach: { below: 1 },
      periods: { bad: 3, of: 3 },
      missing: missingMeansAlarm,
      essential: true,
    },
  ];
}

/** Functions, API and table. */
function serviceAlarms(sources: AlarmSources): readonly AlarmConfig[] {
  const { functions, gateway, table, syntheticResponses } = sources;
  const functionSum = (name: 'Errors' | 'Throttles') =>
    sumOf(
      name,
      functions.map((lambda) => lambda.metric(name, { statistic: Stats.SUM })),
    );
  return [
    {
      id: 'function-errors',
      description: 'has functions that fail',
      means:
        'Our own code crashed or timed out; neither the exchange nor a caller is the cause. First: find the function by its metric Errors, and read the newest ERROR in its log; if a deployment has just finished, roll it back.',
      metric: functionSum('Errors'),
      periods: { bad: 3, of: 5 },
      missing: missingMeansOk,
    },
    {
      id: 'function-throttles',
      description: 'has functions that Lambda throttles',
      means:
        'Requests are rejected and checks are late, because the AWS account has no concurrency left or a function has reached its own limit. First: compare ConcurrentExecutions with the limit in the Lambda console; reserveConcurrency keeps executions free for the checks.',
      metric: functionSum('Throttles'),
      periods: { bad: 3, of: 5 },
      missing: missingMeansOk,
    },
    {
      id: 'api-errors',
      description: 'returns server errors to callers of its API',
      means:
        'Callers get 5xx responses: the exchange or the table cannot be reached, a function fails, or the gateway cannot invoke it. First: group the log lines "failed" of the API functions by code; if there are none, read integration_error in the access log.',
      metric: gateway.metricServerError({ statistic: Stats.SUM, period: minute }),
      periods: { bad: 3, of: 5 },
      missing: missingMeansOk,
      essential: true,
    },
    {
      id: 'table-throttles',
      description: 'has requests that DynamoDB throttles',
      means:
        'Checks and API requests are slow or fail: DynamoDB limits the table, the index or one partition. First: see which of the four metrics it is. Throttling by a new peak ends within minutes; throttling by a single busy account or order does not.',
      metric: sumOf('Throttled', throttleMetrics(table)),
      periods: { bad: 3, of: 5 },
      missing: missingMeansOk,
    },
    ...(syntheticResponses === undefined ? [] : [syntheticCheck(syntheticResponses)]),
  ];
}

/** Reads and writes, of the table and of its index: DynamoDB has no metric for all of them. */
function throttleMetrics(table: TableV2): readonly Metric[] {
  return [{}, { GlobalSecondaryIndexName: indexName }].flatMap((index) =>
    ['ReadThrottleEvents', 'WriteThrottleEvents'].map(
      (metricName) =>
        new Metric({
          namespace: 'AWS/DynamoDB',
          metricName,
          dimensionsMap: { TableName: table.tableName, ...index },
          statistic: Stats.SUM,
        }),
    ),
  );
}

function syntheticCheck(metric: IMetric): AlarmConfig {
  return {
    id: 'synthetic-check',
    description: 'returns no response for its test order',
    means:
      'Other requests for that account most likely fail, too: there is a problem with the key, the exchange, the table or our code. First: read the code of the newest log lines of get-order with the route synthetic-check; if it is order_not_found, the test order no longer exists: set another one in the stage table.',
    metric,
    breach: { below: 1 },
    periods: { bad: 3, of: 3 },
    missing: missingMeansAlarm,
    essential: true,
  };
}
