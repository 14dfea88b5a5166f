import { expect, it } from 'vitest';
import type { StageConfig } from '../../cdk/stage-config.ts';
import { resolveStage, StageError, stageNamed } from '../../cdk/stages.ts';
import { Stage } from '../../lib/stage/stage.ts';
import { type arns, problems, withAccount, withArn, withUrl } from './stage-refusals.ts';
import { everySetting, loopbackStage, manyAccounts } from './synthesize.ts';

it.each(['dev', 'prod'])('the stage table resolves %s to what the functions parse', (name) => {
  const { runtime } = stageNamed(name);
  expect(Stage.parse(JSON.parse(JSON.stringify(runtime)))).toEqual(runtime);
  expect(runtime.name).toBe(name);
});

it.each(['staging', '', 'toString'])('the stage table lists the known stages for an unknown one (%j)', (name) => {
  expect(() => stageNamed(name)).toThrow(new StageError(`There is no stage "${name}": choose one of dev, prod.`));
});

it('resolving a stage takes a second account of a stage, and a second stage of an AWS account, as one line each', () => {
  const one: StageConfig = { ...loopbackStage, accounts: { main: { dialect: 'orangex' } } };
  const two: StageConfig = { ...one, accounts: { ...one.accounts, 'desk-2': { dialect: 'deribit' } } };
  const stages = { blue: two, green: two };
  const names = Object.entries(stages).flatMap(([name, config]) =>
    Object.values(resolveStage(name, config).runtime.accounts).map(({ secretName }) => secretName),
  );
  expect(names).toEqual(
    ['blue/main', 'blue/desk-2', 'green/main', 'green/desk-2'].map(
      (place) => `order-state-snapshots/${place}/exchange-key`,
    ),
  );
});

it('resolving a stage accepts every setting, and compiles in those that the functions use', () => {
  const { runtime, ...settings } = resolveStage('test', { ...loopbackStage, ...everySetting });
  expect(settings).toMatchObject(everySetting);
  expect(runtime.auth).toEqual({ kind: 'jwt', accountsClaim: 'desk_accounts' });
  expect(Stage.parse(JSON.parse(JSON.stringify(runtime)))).toEqual(runtime);
});

it("resolving a stage defaults the exchange's address, the secret's name, the share of the rate limit and the check interval", () => {
  const stage = resolveStage('test', {
    ...loopbackStage,
    accounts: { main: { dialect: 'orangex' }, fast: { dialect: 'deribit', maxCheckSeconds: 5, shareOfRate: 0.8 } },
  });
  expect(stage.runtime).toEqual({
    name: 'test',
    auth: { kind: 'iam' },
    accounts: {
      main: {
        dialect: 'orangex',
        url: 'https://api.orangex.com/api/v1',
        secretName: 'order-state-snapshots/test/main/exchange-key',
        shareOfRate: 0.5,
        keepsClosedOrdersSeconds: 1800,
        minCheckSeconds: 10,
        maxCheckSeconds: 600,
        lists: true,
        discover: true,
        minListSeconds: 5,
        maxListSeconds: 10,
      },
      fast: {
        dialect: 'deribit',
        url: 'https://www.deribit.com/api/v2',
        secretName: 'order-state-snapshots/test/fast/exchange-key',
        shareOfRate: 0.8,
        keepsClosedOrdersSeconds: 1800,
        minCheckSeconds: 5,
        maxCheckSeconds: 5,
        lists: true,
        discover: true,
        minListSeconds: 5,
        maxListSeconds: 10,
      },
    },
  });
  expect(stage).not.toHaveProperty('accounts');
});

it.each(['https://example.test/api', 'http://127.0.0.1:8080/api/v1', 'http://localhost:1/x', 'http://[::1]:1/x'])(
  'resolving a stage accepts %s as an address',
  (url) => expect(withUrl(url)).toEqual([]),
);

it('resolving a stage reports all errors at once', () => {
  expect(problems({ accounts: {}, throttle: { rate: 0, burst: 0 } })).toHaveLength(3);
});

it('resolving a stage gives the list settings to the functions', () => {
  const settings = { lists: true, discover: false, minListSeconds: 20, maxListSeconds: 30 };
  const accounts: StageConfig['accounts'] = { main: { dialect: 'orangex', ...settings } };
  expect(resolveStage('test', { ...loopbackStage, accounts }).runtime.accounts['main']).toMatchObject(settings);
});

it('resolving a stage lets an account use the whole rate limit', () => {
  expect(problems({ accounts: { main: { dialect: 'orangex', shareOfRate: 1 } } })).toEqual([]);
});

it('resolving a stage reserves concurrency for the checks, unless the stage opts out', () => {
  expect(resolveStage('test', loopbackStage).reserveConcurrency).toBe(true);
  expect(resolveStage('test', { ...loopbackStage, reserveConcurrency: false }).reserveConcurrency).toBe(false);
  expect([stageNamed('dev'), stageNamed('prod')].map((stage) => stage.reserveConcurrency)).toEqual([false, true]);
});

it("resolving a stage reserves so little concurrency, in the largest stage, that 100 of AWS's default 1000 are left", () => {
  expect(2 * resolveStage('test', { ...loopbackStage, accounts: manyAccounts() }).schedules.length).toBeLessThanOrEqual(
    1000 - 100,
  );
});

it('resolving a stage checks more often where the exchange keeps closed orders for less time than its dialect says', () => {
  const accounts = { main: { dialect: 'orangex', keepsClosedOrdersSeconds: 100 } } as const;
  expect(resolveStage('test', { ...loopbackStage, accounts }).runtime.accounts['main']).toMatchObject({
    keepsClosedOrdersSeconds: 100,
    minCheckSeconds: 10,
    maxCheckSeconds: 33,
  });
  expect(withAccount({ keepsClosedOrdersSeconds: 100, maxCheckSeconds: 34 })).toEqual([
    'Stage "test", account "main": lower maxCheckSeconds from 34 to at most 33, a third of the time for which the exchange keeps closed orders (100 s): otherwise an order can close and be forgotten unseen.',
  ]);
});

it('resolving a stage keeps history for ever, or for as many days as an account says', () => {
  const accounts = { main: { dialect: 'orangex', historyDays: 30 }, hedge: { dialect: 'orangex' } } as const;
  const { main, hedge } = resolveStage('test', { ...loopbackStage, accounts }).runtime.accounts;
  expect([main?.historyDays, hedge?.historyDays]).toEqual([30, undefined]);
});

it('resolving a stage uses an external secret instead of one that the stack creates', () => {
  const secretArn = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:desk/exchange-key-a1B2c3';
  const accounts = { main: { dialect: 'orangex', secretArn } } as const;
  expect(resolveStage('test', { ...loopbackStage, accounts }).runtime.accounts['main']?.secretName).toBe(secretArn);
});

it.each<[keyof typeof arns, string]>([
  ['alarmTopicArn', 'arn:aws-cn:sns:cn-north-1:111122223333:Desk_1'],
  ['kmsKeyArn', 'arn:aws:kms:eu-west-1:111122223333:key/mrk-1a2b3c4d000044448888123456789abc'],
  ['eventBusArn', 'arn:aws-us-gov:events:us-gov-west-1:111122223333:event-bus/default'],
  ['permissionsBoundaryArn', 'arn:aws:iam::aws:policy/PowerUserAccess'],
])('resolving a stage accepts for %s the ARN %s', (setting, arn) => expect(withArn(setting, arn)).toEqual([]));
