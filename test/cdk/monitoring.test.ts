import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { captureOutput } from '../lib/captured-output.ts';
import { templateOf } from './synthesize.ts';

const topic = 'arn:aws:sns:eu-west-1:111122223333:desk-pager';
const template = templateOf({ alarmTopicArn: topic });
const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(({ Properties: alarm }) => alarm);

/** README section, then when it breaches: statistic and metric, threshold, bad periods of periods, period. */
function inShort(alarm: (typeof alarms)[number]): [string, string] {
  const [, anchor = ''] = /README\.md#alarm-([a-z-]+)$/.exec(alarm.AlarmDescription) ?? [];
  const comparison = alarm.ComparisonOperator === 'LessThanThreshold' ? '<' : '>=';
  const { MetricName: metric = alarm.Metrics?.[0].Label, Statistic: statistic = 'Sum', Period: period = 60 } = alarm;
  const periods = `${alarm.DatapointsToAlarm} of ${alarm.EvaluationPeriods} x ${period} s`;
  return [anchor, `${statistic} ${metric} ${comparison} ${alarm.Threshold}, ${periods}, ${alarm.TreatMissingData}`];
}

/** What CloudWatch tells a metric from others by: without one of the dimensions it is another metric, and empty. */
function inFull(namespace: string, name: string, dimensions: Readonly<Record<string, string>>): string {
  return [
    namespace,
    name,
    ...Object.entries(dimensions)
      .map(([key, value]) => `${key}=${value}`)
      .toSorted(),
  ].join(' ');
}

describe('the alarms', () => {
  it('are these', () => {
    expect(alarms.map(inShort)).toEqual([
      ['missing-orders', 'Maximum Missing >= 1, 1 of 1 x 60 s, ignore'],
      ['unknown-states', 'Maximum UnknownState >= 1, 1 of 1 x 60 s, ignore'],
      ['inconsistent-orders', 'Maximum Inconsistent >= 1, 1 of 1 x 60 s, ignore'],
      ['auth-refused', 'Sum AuthRefused >= 1, 1 of 10 x 60 s, notBreaching'],
      ['slack-short', 'Minimum SlackSeconds < 900, 1 of 1 x 60 s, notBreaching'],
      ['ledger-starved', 'Sum LedgerStarved >= 1, 3 of 5 x 60 s, notBreaching'],
      ['over-capacity', 'Maximum OverCapacity >= 1, 3 of 3 x 60 s, ignore'],
      ['left-over', 'Maximum LeftOver >= 1, 3 of 3 x 300 s, ignore'],
      ['sweep-dead-letters', 'Maximum ApproximateNumberOfMessagesVisible >= 1, 1 of 1 x 60 s, notBreaching'],
      ['transition-dead-letters', 'Maximum ApproximateNumberOfMessagesVisible >= 1, 1 of 1 x 60 s, notBreaching'],
      ['transitions-late', 'Maximum IteratorAge >= 300000, 3 of 5 x 60 s, notBreaching'],
      ['function-errors', 'Sum Errors >= 1, 3 of 5 x 60 s, notBreaching'],
      ['function-throttles', 'Sum Throttles >= 1, 3 of 5 x 60 s, notBreaching'],
      ['sweep-silent', 'Sum Sweeps < 1, 3 of 3 x 60 s, breaching'],
      ['sweep-silent', 'Sum Sweeps < 1, 3 of 3 x 60 s, breaching'],
    ]);
  });

  it('read what the functions of this stage write, under the dimensions that Powertools writes it under', () => {
    const [lambda] = Object.values(template.findResources('AWS::Lambda::Function'));
    vi.stubEnv('POWERTOOLS_SERVICE_NAME', lambda?.['Properties'].Environment.Variables.POWERTOOLS_SERVICE_NAME);
    onTestFinished(() => void vi.unstubAllEnvs());
    const output = captureOutput();
    onTestFinished(output.release);
    // As functions/check-open-orders.ts makes them.
    const metrics = new Metrics({ namespace: 'OrderStateSnapshots', defaultDimensions: { stage: 'test' } });
    for (const account of ['main', 'desk-2']) {
      metrics.singleMetric().addDimension('account', account).addMetric('Sweeps', MetricUnit.Count, 1);
    }
    for (const { MetricName: name, Namespace: namespace } of alarms) {
      if (namespace === 'OrderStateSnapshots' && name !== 'Sweeps') metrics.addMetric(name, MetricUnit.Count, 0);
    }
    metrics.publishStoredMetrics();

    const written = output.lines().flatMap((line) => {
      const { _aws: aws, ...values } = JSON.parse(line);
      const [{ Namespace: namespace, Dimensions: dimensions, Metrics: names }] = aws.CloudWatchMetrics;
      return names.map(({ Name: name }: { Name: string }) =>
        inFull(namespace, name, Object.fromEntries(dimensions[0].map((key: string) => [key, values[key]]))),
      );
    });
    const read = alarms
      .filter((alarm) => alarm.Namespace === 'OrderStateSnapshots')
      .map((alarm) => {
        const dimensions = alarm.Dimensions.map((of: { Name: string; Value: string }) => [of.Name, of.Value]);
        return inFull(alarm.Namespace, alarm.MetricName, Object.fromEntries(dimensions));
      });
    expect(read).toHaveLength(10);
    expect(read.toSorted()).toEqual(written.toSorted());
  });

  it('count errors and throttles of every function', () => {
    const functions = Object.keys(template.findResources('AWS::Lambda::Function'));
    for (const { Metrics: metrics } of alarms.filter((alarm) => alarm.Metrics !== undefined)) {
      const [sum, ...parts] = metrics;
      expect(sum.Expression).toBe('SUM(METRICS())');
      expect(
        parts.map((part: { MetricStat: { Metric: { Dimensions: { Value: { Ref: string } }[] } } }) =>
          part.MetricStat.Metric.Dimensions.map(({ Value: value }) => value.Ref),
        ),
      ).toEqual(functions.map((id) => [id]));
    }
  });

  it('say in sentences what is wrong, what that means and what to do first', () => {
    for (const { AlarmName: name, AlarmDescription: description } of alarms) {
      expect(name).toMatch(/^order-state-snapshots-test (has|is|gets|watches|gave|tells) [ -~]+$/);
      // With the longest names of a stage and an account it still is what CloudWatch takes.
      expect(name.length + 16 + 32).toBeLessThanOrEqual(255);
      expect(description).toMatch(/^[A-Z].+\. First: [A-Za-z].+\. README\.md#alarm-[a-z-]+$/);
      expect(description.length).toBeLessThanOrEqual(1024);
    }
    expect(new Set(alarms.map(({ AlarmName: name }) => name)).size).toBe(alarms.length);
  });

  it('tell the topic when they start and when they end', () => {
    for (const alarm of alarms) expect(alarm).toMatchObject({ AlarmActions: [topic], OKActions: [topic] });
  });

  it('are there to look at when there is no topic', () => {
    const quiet = Object.values(templateOf().findResources('AWS::CloudWatch::Alarm'));
    expect(quiet).toHaveLength(alarms.length);
    for (const { Properties: alarm } of quiet) expect(alarm).not.toHaveProperty('AlarmActions');
  });

  it('cost what they are said to', () => {
    const priced = alarms.map((alarm) => (alarm.Metrics ?? [{}, {}]).length - 1);
    expect(priced.reduce((sum, metrics) => sum + metrics, 0)).toBe(19 + 2);
  });
});
