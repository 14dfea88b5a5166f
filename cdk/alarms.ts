import { Duration } from 'aws-cdk-lib';
import type { HttpApi as Gateway } from 'aws-cdk-lib/aws-apigatewayv2';
import { type IMetric, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { EventSourceMapping, IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { retentionMsOf } from '../lib/exchange/dialects/index.ts';
import { indexName } from '../lib/snapshots/items.ts';
import type { Stage } from '../lib/stage.ts';
import { minute, ours, sumOf } from './metrics.ts';

/** What the alarms look at. */
export type Alarmed = {
  readonly stage: Stage;
  readonly functions: readonly IFunction[];
  readonly publishTransitions: IFunction;
  readonly table: TableV2;
  readonly gateway: Gateway;
  readonly streamMapping: EventSourceMapping;
  readonly sweepDeadLetters: IQueue;
  readonly transitionDeadLetters: IQueue;
  /** How many synthetic checks were answered, where the stage has them. */
  readonly syntheticResponses?: IMetric | undefined;
};

export type AlarmConfig = {
  /** cdk/runbooks.md has a section for it, `#alarm-<id>`. */
  readonly id: string;
  /** Follows the stack's name: together they are the first sentence that the person on call reads. */
  readonly description: string;
  /** What it means for the desk, and what to do first. */
  readonly means: string;
  readonly metric: IMetric;
  /** Default: from 1. */
  readonly breach?: { readonly from: number } | { readonly below: number };
  /** Default: a single period. */
  readonly periods?: { readonly bad: number; readonly of: number };
  readonly missing: TreatMissingData;
  /** Also with `monitoring: 'essential'`. */
  readonly essential?: true;
};

/** Nothing is written when nothing happens. */
const nothingHappened = TreatMissingData.NOT_BREACHING;
/** Every sweep writes the current numbers; until the next one does, they stay as they were. */
const asItWas = TreatMissingData.IGNORE;
/** The metric is a sign of life. */
const silence = TreatMissingData.BREACHING;

/** The alarm on an account without sweeps. Another account's sweeps would hide it, so each account has its own. */
export function sweepSilent({ name, accounts }: Stage, account: string): AlarmConfig {
  return {
    id: 'sweep-silent',
    description: `has not checked the orders of account ${account} for three minutes`,
    means: `Orders of account "${account}" close without a snapshot: ${retentionMinutes(accounts)} minutes after one closes, the exchange no longer reports how. First: read the newest log lines of check-open-orders, then the messages of its dead-letter queue; check that its schedule is enabled.`,
    metric: ours('Sweeps', Stats.SUM, { stage: name, account }),
    breach: { below: 1 },
    periods: { bad: 3, of: 3 },
    missing: silence,
    essential: true,
  };
}

/** The shortest time for which an exchange of the stage reports closed orders, minutes. */
function retentionMinutes(accounts: Stage['accounts']): number {
  return Math.min(...Object.values(accounts).map(retentionMsOf)) / 60_000;
}

/** The alarms of a stage. */
export function stageAlarms(alarmed: Alarmed): readonly AlarmConfig[] {
  return [
    ...orderAlarms(alarmed.stage),
    ...capacityAlarms(alarmed.stage),
    ...eventAlarms(alarmed),
    ...serviceAlarms(alarmed),
  ];
}

/** Orders, and the key that checks them. */
function orderAlarms({ name: stage, accounts }: Stage): readonly AlarmConfig[] {
  const minutes = retentionMinutes(accounts);
  const worst = (metricName: string) => ours(metricName, Stats.MAXIMUM, { stage });
  return [
    {
      id: 'missing-orders',
      description: 'has orders that the exchange no longer finds',
      means:
        'The exchange answers not-found for orders that it reported as open, and no end of theirs has been found in its histories, which are searched automatically: whether they were filled is unknown. They keep their last snapshot and are still checked. First: look them up in the interface of the exchange; once that is settled, stop the watch with DELETE.',
      metric: worst('Missing'),
      missing: asItWas,
    },
    {
      id: 'unknown-states',
      description: 'has orders in an unknown state',
      means:
        'The exchange reports a state that we know neither as live nor as final, so these orders stay on watch and are never reported as closed. First: read order_state in the newest snapshots of the orders that need attention, and look the state up in the documents of the exchange.',
      metric: worst('UnknownState'),
      missing: asItWas,
    },
    {
      id: 'inconsistent-orders',
      description: 'has orders with contradictory answers of the exchange',
      means:
        'Twice in a row the exchange answered with an older version of an order than before. The state that we show may be wrong. First: compare the history of these orders with the interface of the exchange, and rely on neither until they agree.',
      metric: worst('Inconsistent'),
      missing: asItWas,
    },
    {
      id: 'list-untrusted',
      description: 'does not trust the lists of open orders of an account',
      means:
        'The list of an account failed three times in a row, or lacked an order that is open. Its orders are checked one by one meanwhile, which takes more calls, and new orders are not discovered. First: find the account and the reason with GET /accounts; no action is needed if the exchange lists again within the hour.',
      metric: worst('ListUntrusted'),
      missing: asItWas,
    },
    {
      id: 'auth-refused',
      description: 'has an exchange key that is refused',
      means:
        'No order of that account can be checked until its key works, and orders close without a snapshot. First: find account and code in the log of check-open-orders; put a working key in place with ops account add. It is used within a minute.',
      metric: ours('AuthRefused', Stats.SUM, { stage }),
      // An idle account is refused once in some minutes: the alarm stays on in between.
      periods: { bad: 1, of: 10 },
      missing: nothingHappened,
      essential: true,
    },
    {
      id: 'retention-headroom-low',
      description: 'is about to lose track of an order',
      means: `The exchange reports closed orders for ${minutes} minutes, and more than half of that has passed since some live order was last confirmed, by a list or by a check of its own. First: check that the exchange answers; if it does, raise shareOfRate or watch fewer orders.`,
      metric: ours('RetentionHeadroomSeconds', Stats.MINIMUM, { stage }),
      breach: { below: (minutes * 60) / 2 },
      // Without orders there is no deadline, and sweeps that stop have an alarm of their own.
      missing: nothingHappened,
      essential: true,
    },
  ];
}

/** Whether checks keep up with the number of orders. */
function capacityAlarms({ name: stage }: Stage): readonly AlarmConfig[] {
  return [
    {
      id: 'rate-limit-exhausted',
      description: 'gets too few calls to the exchange',
      means:
        "Checks and API requests wait for our share of the account's rate limit until they give up. First: see in the log whether the exchange throttles, because others use the account more than before; if not, raise shareOfRate or send fewer requests.",
      metric: ours('RateLimitExhausted', Stats.SUM, { stage }),
      periods: { bad: 3, of: 5 },
      missing: nothingHappened,
    },
    {
      id: 'over-capacity',
      description: 'watches more orders than it can check in time',
      means:
        'Checks get later and later, and in the end orders close without a snapshot: there are more orders than the share of the rate limit allows in maxCheckSeconds. First: DELETE watches that are no longer needed, raise shareOfRate, or spread the orders over more accounts.',
      metric: ours('OverCapacity', Stats.MAXIMUM, { stage }),
      periods: { bad: 3, of: 3 },
      missing: asItWas,
    },
    {
      id: 'backlog',
      description: 'has left due orders unchecked for 15 minutes',
      means:
        'Snapshots are older than they should be; no order is lost yet. First: look in the log of check-open-orders for failed checks and their codes; without any, there are too many orders for the share of the rate limit.',
      metric: ours('Backlog', Stats.MAXIMUM, { stage }, Duration.minutes(5)),
      periods: { bad: 3, of: 3 },
      missing: asItWas,
    },
  ];
}

/** Schedules, the stream and events. */
function eventAlarms(alarmed: Alarmed): readonly AlarmConfig[] {
  const { publishTransitions, streamMapping, sweepDeadLetters, transitionDeadLetters } = alarmed;
  const messages = (queue: IQueue) =>
    queue.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM, period: minute });
  return [
    {
      id: 'sweep-dead-letters',
      description: 'gave up on a scheduled check',
      means:
        'EventBridge could not start check-open-orders, or Lambda could not finish it; the next minute checks the same orders. First: read accounts and error in the message of the queue. Then delete it: a check is not repeated, and the alarm ends with the last message.',
      metric: messages(sweepDeadLetters),
      missing: nothingHappened,
      essential: true,
    },
    {
      id: 'transition-dead-letters',
      description: 'has transitions that were not published',
      means:
        'Consumers of the event bus act on old states: publish-transitions gave up on changes that the table has. The message has their position in the stream and their time. First: fix the cause; then run npm run ops -- redrive --yes, which publishes the events again and deletes the messages.',
      metric: messages(transitionDeadLetters),
      missing: nothingHappened,
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
      missing: nothingHappened,
    },
    {
      id: 'stream-silent',
      description: 'does not read the stream of the table',
      means:
        'No transition is published: Lambda has not read the stream of the table for 15 minutes, and after 24 hours its records are gone. First: check that the event source mapping of publish-transitions is enabled, and why it was disabled.',
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
      missing: silence,
      essential: true,
    },
  ];
}

/** Functions, API and table. */
function serviceAlarms(alarmed: Alarmed): readonly AlarmConfig[] {
  const { functions, gateway, table, syntheticResponses } = alarmed;
  return [
    {
      id: 'function-errors',
      description: 'has functions that fail',
      means:
        'Our own code crashed or timed out; neither the exchange nor a caller is the cause. First: find the function by its metric Errors, and the newest ERROR in its log; if a deployment just finished, roll it back.',
      metric: sumOf(
        'Errors',
        functions.map((lambda) => lambda.metric('Errors', { statistic: Stats.SUM })),
      ),
      periods: { bad: 3, of: 5 },
      missing: nothingHappened,
    },
    {
      id: 'function-throttles',
      description: 'has functions that Lambda throttles',
      means:
        'Requests are rejected and checks wait, because the AWS account has no concurrency left or a function is at its own limit. First: compare ConcurrentExecutions with the limit in the Lambda console; reserveConcurrency keeps executions free for the checks.',
      metric: sumOf(
        'Throttles',
        functions.map((lambda) => lambda.metric('Throttles', { statistic: Stats.SUM })),
      ),
      periods: { bad: 3, of: 5 },
      missing: nothingHappened,
    },
    {
      id: 'api-errors',
      description: 'answers API requests with server errors',
      means:
        'Callers get 5xx responses: the exchange or the table cannot be reached, a function fails, or the gateway cannot invoke it. First: group the log lines "failed" of the API functions by code; without any, read integration_error in the access log.',
      metric: gateway.metricServerError({ statistic: Stats.SUM, period: minute }),
      periods: { bad: 3, of: 5 },
      missing: nothingHappened,
      essential: true,
    },
    {
      id: 'table-throttles',
      description: 'has requests that DynamoDB throttles',
      means:
        'Checks and API requests are slow or fail: DynamoDB limits the table, the index or one partition. First: see which of the four metrics it is; a new peak passes by itself within minutes, a single busy account or order does not.',
      metric: sumOf('Throttled', throttleMetrics(table)),
      periods: { bad: 3, of: 5 },
      missing: nothingHappened,
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
      'Other requests for that account most likely fail, too: the key, the exchange, the table or our code fails. First: read the code of the newest log lines of get-order with the route synthetic-check; if it is order_not_found, the test order itself is gone: set another one in the stage table.',
    metric,
    breach: { below: 1 },
    periods: { bad: 3, of: 3 },
    missing: silence,
    essential: true,
  };
}
