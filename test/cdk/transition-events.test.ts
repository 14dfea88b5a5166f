import { expect, it } from 'vitest';
import { headKey, watchKey } from '../../lib/snapshots/items.ts';
import { statuses } from '../../lib/snapshots/statuses.ts';
import { templateOf } from './synthesize.ts';

const template = templateOf();
const [source] = Object.values(template.findResources('AWS::Lambda::EventSourceMapping')).map(
  ({ Properties: properties }) => properties,
);

it('the event bus of a stage has a predictable name for consumers, and no policy that lets others in', () => {
  template.hasResourceProperties('AWS::Events::EventBus', { Name: 'order-state-snapshots-test' });
  template.resourceCountIs('AWS::Events::EventBusPolicy', 0);
});

it("the table's stream of changes is read by the publisher alone, from its oldest record, in batches that wait a second", () => {
  template.resourceCountIs('AWS::Lambda::EventSourceMapping', 1);
  expect(source).toMatchObject({
    EventSourceArn: { 'Fn::GetAtt': ['SnapshotTable', 'StreamArn'] },
    FunctionName: { Ref: expect.stringMatching(/^PublishTransitions/) },
    StartingPosition: 'TRIM_HORIZON',
    BatchSize: 100,
    MaximumBatchingWindowInSeconds: 1,
    ParallelizationFactor: 1,
    MaximumRetryAttempts: 10,
    MaximumRecordAgeInSeconds: 12 * 3600,
  });
});

it("the table's stream of changes invokes the publisher for heads, and for no item that never changes", () => {
  expect(passes({ Keys: { sk: { S: headKey } }, NewImage: {} })).toBe(true);
  for (const sk of ['S#1', 'E#1#r', 'ACCOUNT']) {
    const image = { status: { S: 'stopped' } };
    expect(passes({ Keys: { sk: { S: sk } }, NewImage: image, OldImage: image })).toBe(false);
  }
});

it("the table's stream of changes invokes the publisher for every watch whose status changed, and not for one whose status stayed the same", () => {
  const image = (status: string | undefined) => (status === undefined ? undefined : { status: { S: status } });
  const pairs = [undefined, ...statuses].flatMap((from) => statuses.map((to) => ({ from, to })));
  const silent = pairs.filter(
    ({ from, to }) => !passes({ Keys: { sk: { S: watchKey } }, OldImage: image(from), NewImage: image(to) }),
  );
  expect(silent).toEqual([{ from: 'watched', to: 'watched' }]);
});

/** Whether Lambda hands a record over: one of the filters matches it. */
function passes(dynamodb: Readonly<Record<string, unknown>>): boolean {
  const eventName = dynamodb['OldImage'] === undefined ? 'INSERT' : 'MODIFY';
  const filters: { Pattern: string }[] = source?.['FilterCriteria'].Filters;
  return filters.some(({ Pattern: pattern }) => matches(JSON.parse(pattern), { eventName, dynamodb }));
}

/** The part of Lambda's filter rules that ours use: fields that are there, one of some values, anything but some. */
function matches(pattern: unknown, value: unknown): boolean {
  if (Array.isArray(pattern)) {
    return (
      value !== undefined && pattern.some((rule) => rule === value || rule['anything-but']?.includes(value) === false)
    );
  }
  const fields = new Map(Object.entries(value ?? {}));
  return Object.entries(pattern ?? {}).every(([field, part]) => matches(part, fields.get(field)));
}
