import { describe, expect, it } from 'vitest';
import { templateOf } from './synthesize.ts';

const template = templateOf();
const [checkOpenOrders = ''] = Object.keys(template.findResources('AWS::Lambda::Function')).filter((id) =>
  id.startsWith('CheckOpenOrders'),
);

describe('the scheduled checks', () => {
  const schedules = Object.values(template.findResources('AWS::Scheduler::Schedule'));

  it('are one schedule an account, in a group of the stage, under the name that people know', () => {
    const [[groupId, group] = []] = Object.entries(template.findResources('AWS::Scheduler::ScheduleGroup'));
    expect(group?.['Properties']).toMatchObject({ Name: 'order-state-snapshots-test' });
    expect(schedules.map(({ Properties: { Name, GroupName } }) => [Name, GroupName])).toEqual([
      ['main', { Ref: groupId }],
      ['desk-2', { Ref: groupId }],
    ]);
  });

  it('wake the sweep of their account each minute', () => {
    for (const { Properties: schedule } of schedules) {
      expect(schedule).toMatchObject({
        ScheduleExpression: 'rate(1 minute)',
        Target: { Arn: { 'Fn::GetAtt': [checkOpenOrders, 'Arn'] }, Input: JSON.stringify({ account: schedule.Name }) },
      });
      expect(schedule).not.toHaveProperty('State', 'DISABLED');
    }
  });

  it('may invoke that one function and leave dead letters, and only the schedules of the group may', () => {
    const [role = ''] = new Set(schedules.map(({ Properties: schedule }) => schedule.Target.RoleArn['Fn::GetAtt'][0]));
    const [policy] = Object.values(template.findResources('AWS::IAM::Policy')).filter(
      ({ Properties: { Roles } }) => Roles[0].Ref === role,
    );
    expect(policy?.['Properties'].PolicyDocument.Statement).toEqual([
      { Action: 'sqs:SendMessage', Effect: 'Allow', Resource: { 'Fn::GetAtt': ['SweepDeadLetters', 'Arn'] } },
      {
        Action: 'lambda:InvokeFunction',
        Effect: 'Allow',
        Resource: { 'Fn::GetAtt': [checkOpenOrders, 'Arn'] },
      },
    ]);
    const { Properties: properties } = template.findResources('AWS::IAM::Role')[role] ?? {};
    expect(properties?.AssumeRolePolicyDocument.Statement).toHaveLength(1);
    expect(properties?.AssumeRolePolicyDocument.Statement[0]).toMatchObject({
      Principal: { Service: 'scheduler.amazonaws.com' },
      Condition: {
        StringEquals: {
          'aws:SourceAccount': { Ref: 'AWS::AccountId' },
          'aws:SourceArn': { 'Fn::GetAtt': [expect.stringMatching(/Group/), 'Arn'] },
        },
      },
    });
  });

  it('do not tick before the role may', () => {
    for (const { DependsOn: awaited } of schedules) {
      expect(awaited).toContainEqual(expect.stringMatching(/RoleDefaultPolicy/));
    }
  });

  it('tell the same queue of ticks that Scheduler and that Lambda gave up on', () => {
    const [, config] =
      Object.entries(template.findResources('AWS::Lambda::EventInvokeConfig')).find(
        ([, { Properties: of }]) => of.FunctionName.Ref === checkOpenOrders,
      ) ?? [];
    const queue = { 'Fn::GetAtt': ['SweepDeadLetters', 'Arn'] };
    expect(config?.['Properties'].DestinationConfig).toEqual({ OnFailure: { Destination: queue } });
    for (const { Properties: schedule } of schedules) expect(schedule.Target.DeadLetterConfig).toEqual({ Arn: queue });
  });

  it.each([
    ['two places for each account are kept free', {}, 4],
    ['none are kept free where there are none to keep', { reserveConcurrency: false }, undefined],
  ])('%s', (_, changes, reserved) => {
    const functions = Object.entries(templateOf(changes).findResources('AWS::Lambda::Function'));
    const limits = functions.map(
      ([
        id,
        {
          Properties: { ReservedConcurrentExecutions: limit },
        },
      ]) => [id, limit],
    );
    expect(limits.filter(([, limit]) => limit !== undefined)).toEqual(
      reserved === undefined ? [] : [[checkOpenOrders, reserved]],
    );
  });
});
