import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { idlePrice, totalDollars } from '../../cdk/idle-price.ts';
import { resolveStage } from '../../cdk/stages.ts';
import { errorCatalog } from '../../lib/errors.ts';
import { essentialSweepMetrics } from '../../lib/sweep/metric-names.ts';
import { captureOutput } from '../lib/captured-output.ts';
import { loopbackStage, stackOf, templateOf } from './synthesize.ts';

const topic = 'arn:aws:sns:eu-west-1:111122223333:desk-pager';
const template = templateOf({ alarmTopicArn: topic });
const composites = Object.values(template.findResources('AWS::CloudWatch::CompositeAlarm'));
const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(({ Properties: alarm }) => alarm);

/** Runbook section, then when it breaches: statistic and metric, threshold, bad periods of periods, period. */
function inShort(alarm: (typeof alarms)[number]): [string, string] {
  const [, anchor = ''] = /cdk\/runbooks\.md#alarm-([a-z-]+)$/.exec(alarm.AlarmDescription) ?? [];
  const comparison = alarm.ComparisonOperator === 'LessThanThreshold' ? '<' : '>=';
  const { MetricName: metric = alarm.Metrics?.[0].Label, Statistic: statistic = 'Sum', Period: period = 60 } = alarm;
  const periods = `${alarm.DatapointsToAlarm} of ${alarm.EvaluationPeriods} x ${period} s`;
  return [anchor, `${statistic} ${metric} ${comparison} ${alarm.Threshold}, ${periods}, ${alarm.TreatMissingData}`];
}

/** The identity of a metric in CloudWatch: without one of the dimensions it is another metric, and empty. */
function inFull(namespace: string, name: string, dimensions: Readonly<Record<string, string>>): string {
  return [
    namespace,
    name,
    ...Object.entries(dimensions)
      .map(([key, value]) => `${key}=${value}`)
      .toSorted(),
  ].join(' ');
}

it('the alarms of a stage have exactly these names, metrics and thresholds', () => {
  expect(alarms.map(inShort)).toEqual([
    ['sweep-silent', 'Maximum UnsweptAccounts >= 1, 3 of 3 x 60 s, breaching'],
    ['missing-orders', 'Maximum Missing >= 1, 1 of 1 x 60 s, ignore'],
    ['unknown-states', 'Maximum UnknownState >= 1, 1 of 1 x 60 s, ignore'],
    ['inconsistent-orders', 'Maximum Inconsistent >= 1, 1 of 1 x 60 s, ignore'],
    ['list-untrusted', 'Maximum ListUntrusted >= 1, 1 of 1 x 60 s, ignore'],
    ['auth-refused', 'Sum AuthRefused >= 1, 1 of 10 x 60 s, notBreaching'],
    ['previous-key-used', 'Sum PreviousKeyUsed >= 1, 1 of 10 x 60 s, notBreaching'],
    ['retention-headroom-low', 'Minimum RetentionHeadroomSeconds < 900, 1 of 1 x 60 s, notBreaching'],
    ['rate-limit-exhausted', 'Sum RateLimitExhausted >= 1, 3 of 5 x 60 s, notBreaching'],
    ['over-capacity', 'Maximum OverCapacity >= 1, 3 of 3 x 60 s, ignore'],
    ['backlog', 'Maximum Backlog >= 1, 3 of 3 x 300 s, ignore'],
    ['sweep-dead-letters', 'Maximum ApproximateNumberOfMessagesVisible >= 1, 1 of 1 x 60 s, notBreaching'],
    ['transition-dead-letters', 'Maximum ApproximateNumberOfMessagesVisible >= 1, 1 of 1 x 60 s, notBreaching'],
    ['transitions-late', 'Maximum IteratorAge >= 300000, 3 of 5 x 60 s, notBreaching'],
    ['stream-silent', 'SampleCount PolledEventCount < 1, 3 of 3 x 300 s, breaching'],
    ['function-errors', 'Sum Errors >= 1, 3 of 5 x 60 s, notBreaching'],
    ['function-throttles', 'Sum Throttles >= 1, 3 of 5 x 60 s, notBreaching'],
    ['api-errors', 'Sum 5xx >= 1, 3 of 5 x 60 s, notBreaching'],
    ['table-throttles', 'Sum Throttled >= 1, 3 of 5 x 60 s, notBreaching'],
  ]);
});

it('the alarms of a stage use metrics that the functions of the stage emit, with the dimensions that Powertools adds', () => {
  const [lambda] = Object.values(template.findResources('AWS::Lambda::Function'));
  vi.stubEnv('POWERTOOLS_SERVICE_NAME', lambda?.['Properties'].Environment.Variables.POWERTOOLS_SERVICE_NAME);
  onTestFinished(() => void vi.unstubAllEnvs());
  const output = captureOutput();
  onTestFinished(output.release);
  // As functions/check-open-orders.ts makes them.
  const metrics = new Metrics({ namespace: 'OrderStateSnapshots', defaultDimensions: { stage: 'test' } });
  for (const { MetricName: name, Namespace: namespace } of alarms) {
    if (namespace === 'OrderStateSnapshots') metrics.addMetric(name, MetricUnit.Count, 0);
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
  expect(read).toHaveLength(11);
  expect(read.toSorted()).toEqual(written.toSorted());
});

it('the alarms of a stage count errors and throttles of every function but the one whose failure already fails its deployment', () => {
  const all = Object.keys(template.findResources('AWS::Lambda::Function'));
  const functions = all.filter((id) => !id.startsWith('GuardAccounts'));
  expect(functions).toHaveLength(all.length - 1);
  const summed = alarms.filter(({ Metrics: [sum] = [] }) => ['Errors', 'Throttles'].includes(sum?.Label));
  expect(summed).toHaveLength(2);
  for (const { Metrics: metrics } of summed) {
    const [sum, ...parts] = metrics;
    expect(sum.Expression).toBe('SUM(METRICS())');
    expect(
      parts.map((part: { MetricStat: { Metric: { Dimensions: { Value: { Ref: string } }[] } } }) =>
        part.MetricStat.Metric.Dimensions.map(({ Value: value }) => value.Ref),
      ),
    ).toEqual(functions.map((id) => [id]));
  }
});

it('the alarms of a stage describe in full sentences what is wrong, what that means and what to do first', () => {
  const all = [...alarms, ...composites.map(({ Properties: composite }) => composite)];
  for (const { AlarmName: name, AlarmDescription: description } of all) {
    expect(name).toMatch(/^order-state-snapshots-test (has|is|watches|gave|publishes|returns|does not) [ -~]+$/);
    // With the longest names of a stage and an account it is still something that CloudWatch accepts.
    expect(name.length + 16 + 32).toBeLessThanOrEqual(255);
    expect(description).toMatch(/^[A-Z].+\. First: [A-Za-z].+\. cdk\/runbooks\.md#alarm-[a-z-]+$/);
    expect(description.length).toBeLessThanOrEqual(1024);
  }
  expect(new Set(alarms.map(({ AlarmName: name }) => name)).size).toBe(alarms.length);
});

it('the alarms of a stage notify the topic when they start and when they end', () => {
  for (const alarm of [...alarms, ...composites.map(({ Properties: composite }) => composite)]) {
    expect(alarm).toMatchObject({ AlarmActions: [topic], OKActions: [topic] });
  }
});

it('the alarms of a stage have no action where the stage has no alarm topic', () => {
  const silent = Object.values(templateOf().findResources('AWS::CloudWatch::Alarm'));
  expect(silent).toHaveLength(alarms.length);
  for (const { Properties: alarm } of silent) expect(alarm).not.toHaveProperty('AlarmActions');
});

describe('order-monitoring-down', () => {
  /** What a rule is made of, by the logical ids of alarms, and how long it is with the longest names. */
  function ruleOf(rule: { 'Fn::Join': [string, (string | { 'Fn::GetAtt': [string, string] })[]] }) {
    const parts = rule['Fn::Join'][1];
    return {
      alarms: parts.flatMap((part) => (typeof part === 'string' ? [] : [part['Fn::GetAtt'][0]])),
      text: parts.map((part) => (typeof part === 'string' ? part : 'ARN')).join(''),
      length: parts.reduce((sum, part) => sum + (typeof part === 'string' ? part.length : maxArn), 0),
    };
  }
  const description = `order-state-snapshots-${'x'.repeat(16)} has accounts that have not been swept for three minutes`;
  const maxArn = `arn:aws-us-gov:cloudwatch:ap-southeast-1:111122223333:alarm:${description}`.length;

  it('the alarm order-monitoring-down is in alarm when an account is not swept, a key is refused or the retention headroom is low', () => {
    const [blind, ...others] = composites.map(({ Properties: composite }) => ruleOf(composite.AlarmRule));
    expect(others).toEqual([]);
    expect(blind?.text).toBe('(ALARM("ARN") OR ALARM("ARN") OR ALARM("ARN"))');
    const anchors = blind?.alarms.map((id) =>
      inShort(template.findResources('AWS::CloudWatch::Alarm')[id]?.['Properties']),
    );
    expect(anchors?.map(([anchor]) => anchor)).toEqual(['sweep-silent', 'auth-refused', 'retention-headroom-low']);
  });
});

describe('monitoring: essential', () => {
  const stage = resolveStage('test', { ...loopbackStage, monitoring: 'essential' });
  const essential = Template.fromStack(stackOf(stage));
  const kept = Object.values(essential.findResources('AWS::CloudWatch::Alarm')).map(({ Properties: alarm }) => alarm);

  it('essential monitoring keeps the alarms for what nothing else would reveal, and has no dashboard', () => {
    expect(kept.map(inShort).map(([anchor]) => anchor)).toEqual([
      'sweep-silent',
      'auth-refused',
      'previous-key-used',
      'retention-headroom-low',
      'sweep-dead-letters',
      'transition-dead-letters',
      'stream-silent',
      'api-errors',
    ]);
    essential.resourceCountIs('AWS::CloudWatch::CompositeAlarm', 0);
    essential.resourceCountIs('AWS::CloudWatch::Dashboard', 0);
  });

  it('essential monitoring uses only metrics that its sweeps emit', () => {
    const read = kept.filter(({ Namespace: of }) => of === 'OrderStateSnapshots').map(({ MetricName: name }) => name);
    expect(new Set(read)).toEqual(new Set(['UnsweptAccounts', 'PreviousKeyUsed', ...essentialSweepMetrics]));
    expect(stage.runtime.monitoring).toBe('essential');
  });

  it('essential monitoring costs an idle stage of two accounts less than $4 a month, and less than half of full monitoring', () => {
    const price = totalDollars(idlePrice(JSON.stringify(essential.toJSON()), stage));
    const full = resolveStage('test', loopbackStage);
    expect(price).toBeLessThan(4);
    expect(price).toBeLessThan(totalDollars(idlePrice(JSON.stringify(templateOf().toJSON()), full)) / 2);
  });
});

describe('dashboard', () => {
  const [board] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'));
  const body = JSON.parse(
    board?.['Properties'].DashboardBody['Fn::Join'][1]
      .map((part: string | { Ref?: string; 'Fn::GetAtt'?: [string] }) =>
        typeof part === 'string' ? part : (part.Ref ?? part['Fn::GetAtt']?.[0]),
      )
      .join(''),
  );
  const widgets: { properties: Widget }[] = body.widgets;
  type Widget = { title: string; metrics?: unknown[][]; query?: string; alarms?: string[] };

  it('the CloudWatch dashboard has these charts, from top to bottom', () => {
    expect(widgets.map(({ properties }) => properties.title)).toEqual([
      'Alarms of the stage',
      'Orders by state',
      'Longest time since a live order was confirmed, seconds',
      'Lists of open orders',
      'Orders discovered in lists, and orders that vanished from lists',
      'Permits acquired by checks per second, and our share of the rate limit',
      'From transition to snapshot, seconds',
      'Failed API requests by code',
      'Failed checks by code',
      'Cost: Lambda duration, milliseconds',
      'Cost: Lambda requests',
      'Cost: request units of the table',
    ]);
  });

  it('the CloudWatch dashboard charts metrics that a tick emits, with the dimensions that the alarms use', () => {
    const drawn = widgets
      .flatMap(({ properties: { metrics = [] } }) => metrics)
      .filter(([namespace]) => namespace === 'OrderStateSnapshots');
    for (const [, , ...dimensions] of drawn) {
      expect(dimensions.slice(0, 4)).toEqual(['service', 'order-state-snapshots', 'stage', 'test']);
    }
    expect([...new Set(drawn.map(([, name]) => name))]).toEqual([
      'Watched',
      'Missing',
      'UnknownState',
      'Inconsistent',
      'Final',
      'OldestUnseenSeconds',
      'Listed',
      'ListFailed',
      'ListUntrusted',
      'Discovered',
      'Vanished',
      'Checked',
      'Failed',
      'RateLimitExhausted',
    ]);
  });

  it("the CloudWatch dashboard compares the permits taken with the sum of all accounts' shares: half of 10 and half of 20 a second", () => {
    const rateLimit = widgets.find(({ properties }) => properties.title.startsWith('Permits'));
    expect(rateLimit).toMatchObject({ properties: { annotations: { horizontal: [{ value: 15 }] } } });
  });

  it('the CloudWatch dashboard counts every code that a check can fail with, and queries the logs of every API function', () => {
    const [, , , , , , , requests, checks] = widgets.map(({ properties: { query = '' } }) => query);
    for (const code of Object.keys(errorCatalog)) {
      expect(checks?.includes(`sum(failed.${code}) as ${code}`)).toBe(code !== 'order_not_found');
    }
    for (const id of ['GetOrder', 'CheckOrders', 'GetOrderState', 'ListOrders', 'ListSnapshots', 'ChangeWatch']) {
      expect(requests).toMatch(new RegExp(`SOURCE '${id}Logs`));
    }
  });
});
