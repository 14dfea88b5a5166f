import { expect, test } from 'vitest';
import { readStack } from './assembly.ts';
import { Template } from './template.ts';

const place = { stackName: 'toy', region: 'eu-west-1', accountId: '111122223333' };
const attribute = (id: string, name = 'Arn') => ({ 'Fn::GetAtt': [id, name] });

const resources = {
  Table: {
    Type: 'AWS::DynamoDB::GlobalTable',
    Properties: {
      AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: [
        { AttributeName: 'sk', KeyType: 'RANGE' },
        { AttributeName: 'pk', KeyType: 'HASH' },
      ],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
    },
  },
  Sweep: {
    Type: 'AWS::Lambda::Function',
    Properties: { Handler: 'index.handler', Runtime: 'nodejs24.x', Code: { S3Key: 'a.zip' } },
  },
  Queue: { Type: 'AWS::SQS::Queue', Properties: { SqsManagedSseEnabled: true } },
  QueuePolicy: { Type: 'AWS::SQS::QueuePolicy', Properties: { PolicyDocument: attribute('Queue') } },
  Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'desk-bus' } },
  Alarm: { Type: 'AWS::CloudWatch::Alarm' },
  TopicPolicy: { Type: 'AWS::SNS::TopicPolicy' },
  Invocations: { Type: 'AWS::Lambda::EventInvokeConfig' },
  Group: { Type: 'AWS::Scheduler::ScheduleGroup' },
  Tick: {
    Type: 'AWS::Scheduler::Schedule',
    Properties: {
      ScheduleExpression: 'rate(1 minute)',
      GroupName: { Ref: 'Group' },
      Target: { Arn: attribute('Sweep'), RoleArn: attribute('Nobody'), Input: '{"accounts":["main"]}' },
    },
  },
  Resting: {
    Type: 'AWS::Scheduler::Schedule',
    Properties: { ScheduleExpression: 'rate(1 hour)', State: 'DISABLED', Target: { Arn: attribute('Sweep') } },
  },
  Mapping: {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: {
      EventSourceArn: attribute('Table', 'StreamArn'),
      FunctionName: { Ref: 'Sweep' },
      StartingPosition: 'TRIM_HORIZON',
      BatchSize: 7,
      MaximumBatchingWindowInSeconds: 2,
      MaximumRetryAttempts: 10,
      MaximumRecordAgeInSeconds: 60,
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      DestinationConfig: { OnFailure: { Destination: attribute('Queue') } },
      FilterCriteria: { Filters: [{ Pattern: '{"eventName":["INSERT"]}' }, { Pattern: '{"a":["b"]}' }] },
    },
  },
};
const whole = (more: Readonly<Record<string, unknown>> = {}) =>
  readStack(Template.parse({ Resources: { ...resources, ...more } }), place, new Map([['a.zip', '/assets/a']]));

const streamArn = 'arn:aws:dynamodb:eu-west-1:111122223333:table/toy-Table/stream/local';

test('the emulator reads schedules, streams, mappings, buses and queues from a template, and skips what it cannot run', () => {
  const { schedules, streams, mappings, busNames, queueNames } = whole();
  expect(schedules).toEqual([
    { name: 'Tick', expression: 'rate(1 minute)', functionName: 'toy-Sweep', input: '{"accounts":["main"]}' },
  ]);
  expect(streams).toEqual([{ arn: streamArn, tableName: 'toy-Table', keyNames: ['pk', 'sk'] }]);
  expect(mappings).toEqual([
    {
      streamArn,
      functionName: 'toy-Sweep',
      passes: expect.any(Function),
      batchSize: 7,
      batchingWindowMs: 2000,
      retryAttempts: 10,
      maxRecordAgeMs: 60_000,
      bisectOnError: true,
      reportsItemFailures: true,
      deadLetterQueue: 'toy-Queue',
    },
  ]);
  expect(busNames).toEqual(['desk-bus']);
  expect(queueNames).toEqual(['toy-Queue']);
  const passes = (record: unknown) => mappings[0]?.passes(record);
  expect([{ eventName: 'INSERT' }, { eventName: 'MODIFY', a: 'b' }, { eventName: 'MODIFY' }].map(passes)).toEqual([
    true,
    true,
    false,
  ]);
});

const mapping = (properties: Readonly<Record<string, unknown>>) => ({
  Mapping: { Type: 'AWS::Lambda::EventSourceMapping', Properties: properties },
});
const bare = {
  EventSourceArn: attribute('Table', 'StreamArn'),
  FunctionName: attribute('Sweep'),
  StartingPosition: 'LATEST',
};

test("an event source mapping has CloudFormation's defaults, and does not run when it is disabled", () => {
  expect(whole(mapping({ ...bare, MaximumRetryAttempts: -1 })).mappings).toMatchObject([
    {
      batchSize: 100,
      batchingWindowMs: 0,
      retryAttempts: undefined,
      maxRecordAgeMs: undefined,
      bisectOnError: false,
      reportsItemFailures: false,
    },
  ]);
  expect(whole(mapping(bare)).mappings[0]?.passes({})).toBe(true);
  expect(whole(mapping({ ...bare, Enabled: false })).mappings).toEqual([]);
});

test.each([
  [
    {
      Tick: {
        Type: 'AWS::Scheduler::Schedule',
        Properties: { ScheduleExpression: 'rate(1 minute)', Target: { Arn: 'x' } },
      },
    },
    'Tick wakes no function of this template.',
  ],
  [mapping({ ...bare, EventSourceArn: attribute('Queue') }), 'Mapping does not lead from a table'],
  [mapping({ ...bare, FunctionName: 'x' }), 'to a function of this template.'],
  [mapping({ ...bare, FilterCriteria: { Filters: [{ Pattern: '{' }] } }), 'Mapping.Filters[0] is not JSON.'],
  [mapping({ ...bare, StartingPosition: 'AT_TIMESTAMP' }), 'Mapping.StartingPosition cannot run here: '],
])('the emulator refuses a template with a trigger that it cannot run: %j', (more, message) => {
  expect(() => whole(more)).toThrow(message);
});
