import { Match, type Template } from 'aws-cdk-lib/assertions';
import { expect, it, onTestFinished } from 'vitest';
import { resolveStage } from '../../cdk/stages.ts';
import { routes } from '../../lib/api/routes.ts';
import { systemClock } from '../../lib/clock.ts';
import { httpHandler } from '../../lib/http/middleware.ts';
import { readParameters } from '../../lib/http/request.ts';
import { Logger } from '../../lib/log.ts';
import { contextOf } from '../functions/events.ts';
import { captureOutput } from '../lib/captured-output.ts';
import { everySetting, loopbackStage, templateOf } from './synthesize.ts';

const { syntheticCheck } = everySetting;
const template = templateOf({ syntheticCheck });

function checkIn(of: Template) {
  const schedules = Object.entries(of.findResources('AWS::Scheduler::Schedule'));
  const [, check] = schedules.find(([id]) => /SyntheticCheck/.test(id)) ?? [];
  return check?.['Properties'];
}

const inputOf = (of: Template) => JSON.parse(checkIn(of).Target.Input);

it('the synthetic check does not exist where the stage configures none', () => {
  const plain = templateOf();
  plain.resourceCountIs('AWS::Logs::MetricFilter', 0);
  expect(checkIn(plain)).toBeUndefined();
});

it('the synthetic check invokes get-order every five minutes, as the gateway would, for a response from the exchange', () => {
  const { Target: target, ...schedule } = checkIn(template);
  expect(schedule).toMatchObject({ Name: 'SyntheticCheck', ScheduleExpression: 'rate(5 minutes)' });
  expect(target.Arn['Fn::GetAtt'][0]).toMatch(/^GetOrderFunction/);
  expect(inputOf(template)).toMatchObject({
    version: '2.0',
    rawQueryString: 'max_age=0',
    pathParameters: { account: 'main', order_id: 'TEST-1' },
    requestContext: { authorizer: { iam: { userArn: 'synthetic-check' } } },
  });
});

it.each([
  ['callers sign', { syntheticCheck }],
  ['callers bring a token', everySetting],
])(
  'the synthetic check succeeds where %s, and its response is logged in a line that the metric filter counts',
  async (_, settings) => {
    const stage = resolveStage('test', { ...loopbackStage, ...settings });
    const output = captureOutput();
    onTestFinished(output.release);
    const deps = { logger: new Logger(), clock: systemClock, stage: stage.runtime };
    const handler = httpHandler(deps, async (event) => {
      return { statusCode: 200, body: JSON.stringify(readParameters(routes.getOrder, event)) };
    });
    const { body = '' } = await handler(inputOf(templateOf(settings)), contextOf());
    expect(JSON.parse(body)).toEqual({ account: 'main', order_id: 'TEST-1', max_age: 0 });
    expect(output.lines().map((line) => JSON.parse(line))).toMatchObject([
      { route: 'synthetic-check', message: 'responded' },
    ]);
  },
);

it('the synthetic check raises an alarm when no response came for a quarter of an hour', () => {
  template.hasResourceProperties('AWS::Logs::MetricFilter', {
    LogGroupName: { Ref: Match.stringLikeRegexp('^GetOrderLogs') },
    FilterPattern: '{ ($.route = "synthetic-check") && ($.message = "responded") }',
    MetricTransformations: [
      { MetricNamespace: 'OrderStateSnapshots/test', MetricName: 'SyntheticResponses', MetricValue: '1' },
    ],
  });
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    Namespace: 'OrderStateSnapshots/test',
    MetricName: 'SyntheticResponses',
    Statistic: 'Sum',
    Threshold: 1,
    ComparisonOperator: 'LessThanThreshold',
    Period: 300,
    EvaluationPeriods: 3,
    DatapointsToAlarm: 3,
    TreatMissingData: 'breaching',
    AlarmDescription: Match.stringLikeRegexp('runbooks\\.md#alarm-synthetic-check$'),
  });
});
