import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { breachesOf } from './house-rules.ts';
import { templateOf } from './synthesize.ts';

const whole = templateOf();

/** The template with one property of one resource of a type removed, or set to something else. */
function planted(type: string, path: readonly string[], value?: unknown): Template {
  const json = structuredClone(whole.toJSON());
  const [id] = Object.keys(whole.findResources(type));
  let holder = json['Resources'][id ?? '']['Properties'];
  for (const key of path.slice(0, -1)) holder = holder[key];
  const [last = ''] = path.slice(-1);
  // What is not there to be changed would prove nothing.
  if (!Object.hasOwn(holder, last)) throw new Error(`${type} has no ${path.join('.')}.`);
  if (value === undefined) delete holder[last];
  else holder[last] = value;
  return Template.fromJSON(json);
}

function without(type: string): Template {
  const json = structuredClone(whole.toJSON());
  for (const id of Object.keys(whole.findResources(type))) delete json['Resources'][id];
  return Template.fromJSON(json);
}

const schedule = 'AWS::Scheduler::Schedule';
const source = 'AWS::Lambda::EventSourceMapping';
const table = 'AWS::DynamoDB::GlobalTable';
const queue = 'AWS::SQS::Queue';

describe('the rules of the house', () => {
  it('hold', () => expect(breachesOf(whole)).toEqual([]));

  it.each([
    [
      'a schedule without a dead-letter queue',
      planted(schedule, ['Target', 'DeadLetterConfig']),
      /no dead-letter queue/,
    ],
    ['a schedule with 185 retries', planted(schedule, ['Target', 'RetryPolicy']), /retried when it is stale/],
    [
      'a schedule with one',
      planted(schedule, ['Target', 'RetryPolicy', 'MaximumRetryAttempts'], 1),
      /when it is stale/,
    ],
    [
      'a tick of an hour ago',
      planted(schedule, ['Target', 'RetryPolicy', 'MaximumEventAgeInSeconds'], 3600),
      /its minute/,
    ],
    ['a schedule with a time window', planted(schedule, ['FlexibleTimeWindow', 'Mode'], 'FLEXIBLE'), /may come late/],
    ['a stream without a dead-letter queue', planted(source, ['DestinationConfig']), /no dead-letter queue/],
    ['a stream read for ever', planted(source, ['MaximumRetryAttempts'], -1), /1 to 10 times/],
    [
      'a stream read for longer than it lasts',
      planted(source, ['MaximumRecordAgeInSeconds'], 86_400),
      /drops its records/,
    ],
    ['a stream that is not bisected', planted(source, ['BisectBatchOnFunctionError']), /a whole batch/],
    ['a stream that is done all over', planted(source, ['FunctionResponseTypes']), /again what was done/],
    ['a stream with all touches', planted(source, ['FilterCriteria']), /every touch/],
    ['a table without a stream', planted(table, ['StreamSpecification']), /what its items were/],
    [
      'a stream of keys only',
      planted(table, ['StreamSpecification', 'StreamViewType'], 'KEYS_ONLY'),
      /what its items were/,
    ],
    ['a queue in the clear', planted(queue, ['SqsManagedSseEnabled']), /unencrypted/],
    ['a queue of four days', planted(queue, ['MessageRetentionPeriod']), /before 14 days/],
    ['a queue without its policy', without('AWS::SQS::QueuePolicy'), /over plain http/],
    ['functions with two retries', without('AWS::Lambda::EventInvokeConfig'), /again and again/],
    ['functions that fail without a trace', without('AWS::Lambda::EventInvokeConfig'), /without a trace/],
    ['queues that are gone', without(queue), /no dead-letter queue/],
  ])('find %s', (_, template, sentence) => {
    expect(breachesOf(template)).toContainEqual(expect.stringMatching(sentence));
  });
});
