import { unsweptMetric } from '../lib/sweep/metric-names.ts';
import type { Rule } from './rule-conditions.ts';
import { each, type Resource, referencedId, valueAt } from './template-resources.ts';

const source = ['AWS::Lambda::EventSourceMapping'];
const schedule = ['AWS::Scheduler::Schedule'];

/** Rules against silence: what is turned off, or stops, raises an alarm. */
export const alarmRules: readonly Rule[] = [
  {
    name: 'SourceEnabled',
    types: source,
    holds: ({ Properties }) => Properties['Enabled'] !== false,
    fix: 'Enable the event source mapping: without it, no transition is published.',
  },
  {
    name: 'SourceMetrics',
    types: source,
    holds: ({ Properties }) => each(valueAt(Properties, 'MetricsConfig', 'Metrics')).includes('EventCount'),
    fix: 'Turn on the EventCount metrics of the event source mapping: without them, the mapping looks disabled.',
  },
  {
    name: 'SourceSilenceAlarm',
    types: source,
    holds: ({ id }, { resources }) =>
      alarms(resources).some(
        (alarm) =>
          alarm['TreatMissingData'] === 'breaching' &&
          metricsOf(alarm).some((metric) => metric.name === 'PolledEventCount' && metric.dimensions.includes(id)),
      ),
    fix: 'Add an alarm on PolledEventCount of the event source mapping that treats missing data as breaching.',
  },
  {
    name: 'ScheduleEnabled',
    types: schedule,
    holds: ({ Properties }) => Properties['State'] !== 'DISABLED',
    fix: 'Enable the schedule; to stop the checks of an account for a while, use ops pause.',
  },
  {
    name: 'ScheduleSilenceAlarm',
    types: schedule,
    holds: ({ Properties: { Target: tick, ScheduleExpression: expression } }, { resources }) => {
      const metrics = alarms(resources)
        .filter((alarm) => alarm['TreatMissingData'] === 'breaching')
        .flatMap(metricsOf);
      if (expression !== 'rate(1 minute)') return metrics.some(({ name }) => name === 'SyntheticResponses');
      const seen = ticksIn(resources).flatMap(({ next }) => each(next));
      return (
        metrics.some(({ name }) => name === unsweptMetric) &&
        each(JSON.parse(String(valueAt(tick, 'Input'))).accounts).every((account) => seen.includes(account))
      );
    },
    fix: 'Add an alarm on what the schedule starts that treats missing data as breaching: a disabled schedule fails silently. Each account has to be in the `next` of some group.',
  },
  {
    name: 'GatewayAlarm',
    types: ['AWS::ApiGatewayV2::Api'],
    holds: ({ id }, { resources }) =>
      alarms(resources).some((alarm) =>
        metricsOf(alarm).some((metric) => metric.name === '5xx' && metric.dimensions.includes(id)),
      ),
    fix: 'Add an alarm on the 5xx responses of the API: the gateway also fails where no function runs.',
  },
  {
    name: 'TableThrottleAlarm',
    types: ['AWS::DynamoDB::GlobalTable'],
    holds: ({ id }, { resources, stage }) =>
      stage.monitoring === 'essential' ||
      alarms(resources).some((alarm) => {
        const watched = metricsOf(alarm).filter(({ dimensions }) => dimensions.includes(id));
        return ['ReadThrottleEvents', 'WriteThrottleEvents'].every((name) =>
          watched.some((metric) => metric.name === name),
        );
      }),
    fix: 'Add an alarm on throttled reads and writes of the table.',
  },
];

/** What each schedule hands to its function. */
function ticksIn(resources: readonly Resource[]): readonly Record<string, unknown>[] {
  return resources
    .filter(({ Type }) => schedule.includes(Type))
    .map(({ Properties }) => JSON.parse(String(valueAt(Properties, 'Target', 'Input'))));
}

function alarms(resources: readonly Resource[]): readonly Resource['Properties'][] {
  return resources.filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm').map(({ Properties }) => Properties);
}

/** The metrics that an alarm reads, each with the values of its dimensions: a string, or the id of a resource. */
function metricsOf(alarm: Resource['Properties']) {
  const stats = each(alarm['Metrics']).flatMap((metric) => each(valueAt(metric, 'MetricStat', 'Metric')));
  return [alarm, ...stats].map((metric) => ({
    name: valueAt(metric, 'MetricName'),
    dimensions: each(valueAt(metric, 'Dimensions')).map(
      (dimension) => referencedId(valueAt(dimension, 'Value')) ?? valueAt(dimension, 'Value'),
    ),
  }));
}
