import { describe, expect, it } from 'vitest';
import { maxAccounts, maxExistingSecrets } from '../../cdk/stage-problems.ts';
import { everySetting, fewestBrought, loopbackStage, manyAccounts, templateOf } from './synthesize.ts';
import { dev } from './templates.ts';

const largestWith = (brought: number) =>
  templateOf({
    ...everySetting,
    accounts: { ...manyAccounts(maxAccounts - 1, brought), main: loopbackStage.accounts.main },
  });

const largest = largestWith(fewestBrought);

it.each([
  ['a plain stage', dev],
  ['the largest stage', largest],
])('no function and no permission of %s changes before the account guard has agreed', (_, template) => {
  const [guard = ''] = Object.keys(template.findResources('Custom::Accounts'));
  const types = ['AWS::Lambda::Function', 'AWS::IAM::Role', 'AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy'];
  const changedBefore = types.flatMap((type) =>
    Object.entries(template.findResources(type)).filter(
      ([, { DependsOn: awaited }]) => !(awaited ?? []).includes(guard),
    ),
  );
  expect(changedBefore.map(([id]) => id.replace(/[0-9A-F]{8}$/, ''))).toEqual([
    'GuardAccountsFunction',
    'GuardAccountsRole',
    'ScheduledChecksRole',
    'GuardAccountsRoleDefaultPolicy',
    'ScheduledChecksRoleDefaultPolicy',
  ]);
});

describe.each([
  ['the most secrets that the stack creates', largest],
  ['the most secrets that accounts bring', largestWith(maxExistingSecrets)],
])('the largest stage with %s', (_, template) => {
  const { Resources: resources, Outputs: outputs } = template.toJSON();
  const secretArn = `arn:aws:secretsmanager:ap-southeast-1:123456789012:secret:order-state-snapshots/${'x'.repeat(16)}/${'x'.repeat(32)}/exchange-key-AbCdEf`;
  /** The size of a value once its references are resolved, at most `length` characters each; a region has 14 at most. */
  const resolvedSize = (value: unknown, length: number) =>
    Buffer.byteLength(
      JSON.stringify(value)
        .replaceAll(/\{"Ref":"AWS::[^}]*\}/g, `"${'x'.repeat(14)}"`)
        .replaceAll(/\{"(Ref|Fn::GetAtt)":[^}]*\}/g, `"${'x'.repeat(length)}"`),
    );
  const propertiesOf = (type: string) => Object.values(template.findResources(type)).map((of) => of['Properties']);
  const greatest = (sizes: readonly number[]) => Math.max(0, ...sizes);
  const policySizes = (type: string) =>
    propertiesOf(type).map(({ PolicyDocument: document }) => resolvedSize(document, secretArn.length));
  const managedPolicies = propertiesOf('AWS::IAM::ManagedPolicy').map(({ Roles: [role] }) => role.Ref);

  it.each<[what: string, value: number, limit: number, headroom: number]>([
    ['bytes of the template', Buffer.byteLength(JSON.stringify(template.toJSON(), null, 1)), 1_000_000, 0.2],
    ['resources', Object.keys(resources).length, 500, 0.04],
    ['outputs', Object.keys(outputs).length, 200, 0.25],
    // CDK fills each policy before it starts the next.
    ['characters of an inline policy', greatest(policySizes('AWS::IAM::Policy')), 10_240, 0.02],
    ['characters of a managed policy', greatest(policySizes('AWS::IAM::ManagedPolicy')), 6_144, 0.02],
    [
      'managed policies of a role',
      greatest(managedPolicies.map((role) => managedPolicies.filter((other) => other === role).length)),
      10,
      0.2,
    ],
    [
      'bytes of an environment',
      greatest(
        propertiesOf('AWS::Lambda::Function').map(({ Environment: { Variables: of } }) => resolvedSize(of, 255)),
      ),
      4_096,
      0.5,
    ],
    [
      'metrics of an alarm',
      greatest(propertiesOf('AWS::CloudWatch::Alarm').map(({ Metrics: of = [] }) => of.length)),
      10,
      0,
    ],
  ])('the largest stage stays below the limit of %s: %d of at most %d', (what, value, limit, headroom) => {
    console.log(`${what}: ${value} of ${limit}`);
    // One policy may be enough for each role.
    expect(value).toBeGreaterThan(managedPolicies.length === 0 && what.includes('managed') ? -1 : 0);
    expect(value).toBeLessThanOrEqual(limit * (1 - headroom));
  });
});
