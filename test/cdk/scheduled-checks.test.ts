import { describe, expect, it } from 'vitest';
import { scheduleGroups } from '../../cdk/schedule-groups.ts';
import { loopbackStage, manyAccounts, templateOf } from './synthesize.ts';

const template = templateOf();
const [checkOpenOrders = ''] = Object.keys(template.findResources('AWS::Lambda::Function')).filter((id) =>
  id.startsWith('CheckOpenOrders'),
);

describe('schedules', () => {
  const schedules = Object.values(template.findResources('AWS::Scheduler::Schedule'));

  it('the scheduled checks of a stage are one schedule for all accounts that share one, in a schedule group of the stage', () => {
    const [[groupId, group] = []] = Object.entries(template.findResources('AWS::Scheduler::ScheduleGroup'));
    expect(group?.['Properties']).toMatchObject({ Name: 'order-state-snapshots-test' });
    expect(schedules.map(({ Properties: { Name, GroupName } }) => [Name, GroupName])).toEqual([
      ['Accounts1', { Ref: groupId }],
    ]);
  });

  it('the scheduled checks of a stage start the sweeps of their accounts every minute', () => {
    for (const { Properties: schedule } of schedules) {
      expect(schedule).toMatchObject({
        ScheduleExpression: 'rate(1 minute)',
        Target: {
          Arn: { 'Fn::GetAtt': [checkOpenOrders, 'Arn'] },
          Input: JSON.stringify({ accounts: ['main', 'desk-2'], next: ['main', 'desk-2'] }),
        },
      });
      expect(schedule).not.toHaveProperty('State', 'DISABLED');
    }
  });

  it('the scheduled checks of a stage may only invoke that one function and send dead letters, and only schedules of the group may use the role', () => {
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

  it('the scheduled checks of a stage start only after the permissions of the role exist', () => {
    for (const { DependsOn: awaited } of schedules) {
      expect(awaited).toContainEqual(expect.stringMatching(/RoleDefaultPolicy/));
    }
  });

  it('the scheduled checks of a stage send ticks that Scheduler or Lambda gave up on to the same queue', () => {
    const [, config] =
      Object.entries(template.findResources('AWS::Lambda::EventInvokeConfig')).find(
        ([, { Properties: of }]) => of.FunctionName.Ref === checkOpenOrders,
      ) ?? [];
    const queue = { 'Fn::GetAtt': ['SweepDeadLetters', 'Arn'] };
    expect(config?.['Properties'].DestinationConfig).toEqual({ OnFailure: { Destination: queue } });
    for (const { Properties: schedule } of schedules) expect(schedule.Target.DeadLetterConfig).toEqual({ Arn: queue });
  });

  it.each([
    ['reserve two concurrent invocations for each schedule', {}, 2],
    ['reserve no concurrency where the stage says so', { reserveConcurrency: false }, undefined],
  ])('the scheduled checks of a stage %s', (_, changes, reserved) => {
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

describe('groups', () => {
  const { main } = loopbackStage.accounts;
  const names = (count: number) => Array.from({ length: count }, (_, i) => `desk-${i + 1}`);
  const groupsOf = (accounts: readonly string[], alone: readonly string[] = []) =>
    scheduleGroups(Object.fromEntries(accounts.map((name) => [name, { ...main, ownSchedule: alone.includes(name) }])));

  it('the groups of accounts that share a schedule hold 25 accounts each, in the order of the stage table', () => {
    expect(groupsOf(names(60)).map(({ name, accounts }) => [name, accounts.length, accounts[0]])).toEqual([
      ['Accounts1', 25, 'desk-1'],
      ['Accounts2', 25, 'desk-26'],
      ['Accounts3', 10, 'desk-51'],
    ]);
  });

  it('the groups of accounts that share a schedule stay as they are when accounts are added at the end', () => {
    const accountsOf = (count: number) => groupsOf(names(count)).map(({ accounts }) => accounts);
    expect(accountsOf(130).slice(0, 2)).toEqual(accountsOf(50));
  });

  it('the groups of accounts that share a schedule do not include an account with its own schedule, which takes no place in a group', () => {
    const others = names(26).filter((name) => name !== 'desk-3');
    expect(groupsOf(names(26), ['desk-3'])).toEqual([
      { name: 'Accounts1', accounts: others, next: ['desk-3'] },
      { name: 'desk-3', accounts: ['desk-3'], next: others },
    ]);
  });

  it('the groups of accounts that share a schedule check on each other in a ring', () => {
    const groups = groupsOf(names(60), ['desk-7', 'desk-9']);
    const [first, ...others] = groups.map(({ accounts }) => accounts);
    expect(groups.map(({ next }) => next)).toEqual([...others, first]);
  });

  it('the groups of accounts that share a schedule have a description that is short enough for Scheduler', () => {
    const accounts = { ...manyAccounts(60), alone: { ...main, ownSchedule: true } };
    const described = Object.values(templateOf({ accounts }).findResources('AWS::Scheduler::Schedule')).map(
      ({ Properties: { Description } }) => Description,
    );
    expect(described).toHaveLength(4);
    expect(described[0]).toMatch(/^Checks the open orders of 25 accounts, "account-.+0" to "account-.+24"\.$/);
    expect(described[3]).toBe('Checks the open orders of account "alone".');
    for (const text of described) expect(text.length).toBeLessThanOrEqual(512);
  });
});
