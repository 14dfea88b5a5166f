import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { describe, expect, it } from 'vitest';
import type { AccountConfig, StageConfig } from '../../cdk/stage-config.ts';
import { maxAccounts, maxBroughtSecrets } from '../../cdk/stage-problems.ts';
import { resolveStage, StageError, stageNamed } from '../../cdk/stages.ts';
import { dialectNames } from '../../lib/exchange/dialects/index.ts';
import { Stage } from '../../lib/stage/stage.ts';
import { everySetting, loopbackStage, manyAccounts } from './synthesize.ts';

/** The sentences that refuse `loopbackStage` with these changes. */
function problems(changes: Partial<StageConfig>, name = 'test'): string[] {
  try {
    resolveStage(name, { ...loopbackStage, ...changes });
    return [];
  } catch (error) {
    if (error instanceof StageError) return error.message.split('\n');
    throw error;
  }
}

const withUrl = (url: string) => problems({ accounts: { main: { dialect: 'orangex', url } } });

const withAccount = (settings: Partial<AccountConfig>) =>
  problems({ accounts: { main: { dialect: 'orangex', ...settings } } });

/** An ARN as a setting of a stage in the ARN's own region. */
const withArn = (setting: string, arn: string) =>
  problems({ region: arn.split(':')[3] || 'eu-west-1', [setting]: arn });

/** Settings as Node hands them on, which looks at no types. */
function fromPlainJavaScript(settings: object): Partial<StageConfig> {
  return JSON.parse(JSON.stringify(settings));
}

/** What each ARN has to be. */
const arns = {
  alarmTopicArn: 'a standard SNS topic, such as arn:aws:sns:eu-west-1:111122223333:desk-pager',
  kmsKeyArn:
    'a KMS key, not of an alias, such as arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4444-8888-123456789abc',
  eventBusArn: 'an event bus, such as arn:aws:events:eu-west-1:111122223333:event-bus/desk',
  permissionsBoundaryArn: 'an IAM policy, such as arn:aws:iam::111122223333:policy/boundary',
};

describe('the stage table', () => {
  it.each(['dev', 'prod'])('%s resolves to what the functions parse', (name) => {
    const { runtime } = stageNamed(name);
    expect(Stage.parse(JSON.parse(JSON.stringify(runtime)))).toEqual(runtime);
    expect(runtime.name).toBe(name);
  });

  it.each(['staging', '', 'toString'])('an unknown stage (%j) lists the known ones', (name) => {
    expect(() => stageNamed(name)).toThrow(new StageError(`There is no stage "${name}": choose one of dev, prod.`));
  });
});

describe('resolving a stage', () => {
  it('takes a second account of a stage, and a second stage of an AWS account, as one line each', () => {
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

  it('takes every setting, and compiles in those that the functions need', () => {
    const { runtime, ...settings } = resolveStage('test', { ...loopbackStage, ...everySetting });
    expect(settings).toMatchObject(everySetting);
    expect(runtime.auth).toEqual({ kind: 'jwt', accountsClaim: 'desk_accounts' });
    expect(Stage.parse(JSON.parse(JSON.stringify(runtime)))).toEqual(runtime);
  });

  it("fills in the exchange's address, the secret's name, the share of the rate and the check interval", () => {
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
    'takes %s as an address',
    (url) => expect(withUrl(url)).toEqual([]),
  );

  it('names everything that is wrong at once', () => {
    expect(problems({ accounts: {}, throttle: { rate: 0, burst: 0 } })).toHaveLength(3);
  });

  it('refuses a name that cannot be part of resource names', () => {
    for (const name of ['Dev', '1st', 'a-name-of-17-chars', '']) {
      expect(problems({}, name)).toEqual([`Stage "${name}": rename it to 1 to 16 of a-z, 0-9 and -, a letter first.`]);
    }
  });

  it('refuses a stage without accounts', () => {
    expect(problems({ accounts: {} })).toEqual(['Stage "test" has no account: add at least one.']);
  });

  it('refuses more accounts than a template has room for', () => {
    expect(problems({ accounts: manyAccounts() })).toEqual([]);
    expect(problems({ accounts: manyAccounts(maxAccounts + 1, maxBroughtSecrets) })).toEqual([
      'Stage "test" has 401 accounts: move some to another stage, one holds 400.',
    ]);
  });

  it('refuses more secrets and schedules than a template has room for', () => {
    expect(problems({ accounts: manyAccounts(346, 0) })).toEqual([]);
    expect(problems({ accounts: manyAccounts(347, 0) })).toEqual([
      'Stage "test" needs 347 secrets and 14 schedules, one holds 360 of both: set secretArn in some accounts, remove ownSchedule, or move some to another stage.',
    ]);
  });

  it('refuses more secrets of your own than a template has room for', () => {
    expect(problems({ accounts: manyAccounts(maxBroughtSecrets, maxBroughtSecrets) })).toEqual([]);
    expect(problems({ accounts: manyAccounts(141, 141) })).toEqual([
      'Stage "test" has 141 accounts with a secretArn: leave it out of some, or move them to another stage, one holds 140.',
    ]);
  });

  it.each(['Main', 'a_b', 'a'.repeat(33), ''])('refuses the account name %j', (account) => {
    expect(problems({ accounts: { [account]: { dialect: 'orangex' } } })).toEqual([
      `Stage "test", account "${account}": rename it to 1 to 32 of a-z, 0-9 and -.`,
    ]);
  });

  it('refuses an account called constructor, which every JavaScript object has', () => {
    expect(problems(fromPlainJavaScript({ accounts: { constructor: { dialect: 'orangex' } } }))).toEqual([
      'Stage "test", account "constructor": rename it: every JavaScript object has a member of this name.',
    ]);
  });

  it('refuses what is no address, without quoting it', () => {
    expect(withUrl('api.orangex.com')).toEqual([
      'Stage "test", account "main": write url as a whole address, such as https://api.orangex.com/api/v1.',
    ]);
  });

  it.each([
    ['http://api.orangex.com/api/v1', 'http://api.orangex.com'],
    ['ftp://127.0.0.1/x', 'ftp://127.0.0.1'],
    ['http://127.0.0.1.example.test/x', 'http://127.0.0.1.example.test'],
  ])('refuses %s, which is not encrypted', (url, shown) => {
    expect(withUrl(url)).toEqual([
      `Stage "test", account "main": use https in url (it is ${shown}); plain http reaches this machine only.`,
    ]);
  });

  it.each(['https://key:secret@x.test/a', 'https://key@x.test/a', 'https://x.test/a?key=1', 'https://x.test/a#k'])(
    'refuses an address that could hold a key (%s), without quoting it',
    (url) => {
      expect(withUrl(url)).toEqual([
        'Stage "test", account "main": leave user, password, query and # out of url: keys belong in the secret.',
      ]);
    },
  );

  it('refuses a slash at the end of an address', () => {
    expect(withUrl('https://x.test/api/v1/')).toEqual([
      'Stage "test", account "main": drop the slash at the end of url: the method\'s path is appended to it.',
    ]);
  });

  it('refuses to check more rarely than lets an order close and vanish unseen', () => {
    expect(withAccount({ maxCheckSeconds: 600 })).toEqual([]);
    expect(withAccount({ maxCheckSeconds: 601 })).toEqual([
      'Stage "test", account "main": lower maxCheckSeconds from 601 to at most 600, a third of how long the exchange keeps closed orders (1800 s), or an order can close and vanish unseen.',
    ]);
  });

  it.each([
    [0, 60],
    [1.5, 60],
    [10, 60.5],
    [Number.NaN, 60],
  ])('refuses an interval of %d to %d seconds', (minCheckSeconds, maxCheckSeconds) => {
    expect(withAccount({ minCheckSeconds, maxCheckSeconds })).toEqual([
      `Stage "test", account "main": give minCheckSeconds and maxCheckSeconds in whole seconds from 1 (they are ${minCheckSeconds} and ${maxCheckSeconds}).`,
    ]);
  });

  it('refuses an interval whose ends are swapped', () => {
    expect(withAccount({ minCheckSeconds: 61, maxCheckSeconds: 60 })).toEqual([
      'Stage "test", account "main": lower minCheckSeconds (61) to at most maxCheckSeconds (60).',
    ]);
  });

  it.each([
    [{ lists: 'no' }, 'set lists to true or false (it is "no").'],
    [{ ownSchedule: 1 }, 'set ownSchedule to true or false (it is "1").'],
    [{ discover: 0 }, 'set discover to true or false (it is "0").'],
    [{ minListSeconds: 0 }, 'give minListSeconds and maxListSeconds in whole seconds from 1 (they are 0 and 10).'],
    [
      { minListSeconds: 1.5, maxListSeconds: 3 },
      'give minListSeconds and maxListSeconds in whole seconds from 1 (they are 1.5 and 3).',
    ],
    [{ minListSeconds: 8, maxListSeconds: 7 }, 'lower minListSeconds (8) to at most maxListSeconds (7).'],
    [
      { maxCheckSeconds: 60, maxListSeconds: 61 },
      'lower maxListSeconds from 61 to at most maxCheckSeconds (60), or lists come too late to see an order close.',
    ],
  ])('refuses the settings of lists %j', (settings, problem) => {
    const accounts = { main: { dialect: 'orangex', ...settings } };
    expect(problems(fromPlainJavaScript({ accounts }))).toEqual([`Stage "test", account "main": ${problem}`]);
  });

  it('gives the settings of lists to the functions', () => {
    const settings = { lists: true, discover: false, minListSeconds: 20, maxListSeconds: 30 };
    const accounts: StageConfig['accounts'] = { main: { dialect: 'orangex', ...settings } };
    expect(resolveStage('test', { ...loopbackStage, accounts }).runtime.accounts['main']).toMatchObject(settings);
  });

  it.each([0, -0.5, 1.01, Number.NaN])('refuses to spend %d of the rate', (shareOfRate) => {
    expect(problems({ accounts: { main: { dialect: 'orangex', shareOfRate } } })).toEqual([
      `Stage "test", account "main": set shareOfRate above 0 and to at most 1 (it is ${shareOfRate}): the part of the exchange's rate limit that we spend.`,
    ]);
  });

  it('takes the whole rate, when nobody else uses the account', () => {
    expect(problems({ accounts: { main: { dialect: 'orangex', shareOfRate: 1 } } })).toEqual([]);
  });

  it('reserves concurrency for the checks, unless the stage says no', () => {
    expect(resolveStage('test', loopbackStage).reserveConcurrency).toBe(true);
    expect(resolveStage('test', { ...loopbackStage, reserveConcurrency: false }).reserveConcurrency).toBe(false);
    expect([stageNamed('dev'), stageNamed('prod')].map((stage) => stage.reserveConcurrency)).toEqual([false, true]);
  });

  it('reserves no more, in the largest stage, than leaves 100 of the 1000 that AWS gives an account', () => {
    expect(
      2 * resolveStage('test', { ...loopbackStage, accounts: manyAccounts() }).schedules.length,
    ).toBeLessThanOrEqual(1000 - 100);
  });

  it("checks more often where the exchange keeps closed orders for less than its dialect's", () => {
    const accounts = { main: { dialect: 'orangex', keepsClosedOrdersSeconds: 100 } } as const;
    expect(resolveStage('test', { ...loopbackStage, accounts }).runtime.accounts['main']).toMatchObject({
      keepsClosedOrdersSeconds: 100,
      minCheckSeconds: 10,
      maxCheckSeconds: 33,
    });
    expect(withAccount({ keepsClosedOrdersSeconds: 100, maxCheckSeconds: 34 })).toEqual([
      'Stage "test", account "main": lower maxCheckSeconds from 34 to at most 33, a third of how long the exchange keeps closed orders (100 s), or an order can close and vanish unseen.',
    ]);
  });

  it.each([0, 2, 100.5, 1801, Number.NaN])('refuses to believe that an exchange keeps orders for %d s', (seconds) => {
    expect(withAccount({ keepsClosedOrdersSeconds: seconds })).toEqual([
      `Stage "test", account "main": set keepsClosedOrdersSeconds to whole seconds from 3 to 1800, which is as long as orangex is known to keep closed orders (it is ${seconds}).`,
    ]);
  });

  it('keeps history for ever, or for as many days as an account says', () => {
    const accounts = { main: { dialect: 'orangex', historyDays: 30 }, hedge: { dialect: 'orangex' } } as const;
    const { main, hedge } = resolveStage('test', { ...loopbackStage, accounts }).runtime.accounts;
    expect([main?.historyDays, hedge?.historyDays]).toEqual([30, undefined]);
  });

  it.each([0, -1, 1.5, 36_501, Number.NaN])('refuses to keep history for %d days', (historyDays) => {
    expect(withAccount({ historyDays })).toEqual([
      `Stage "test", account "main": set historyDays to whole days from 1 to 36500, or remove it to keep history for ever (it is ${historyDays}).`,
    ]);
  });

  it('takes a secret of your own in the place of the one that the stack would make', () => {
    const secretArn = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:desk/exchange-key-a1B2c3';
    const accounts = { main: { dialect: 'orangex', secretArn } } as const;
    expect(resolveStage('test', { ...loopbackStage, accounts }).runtime.accounts['main']?.secretName).toBe(secretArn);
  });

  it.each([
    'desk/exchange-key',
    'arn:aws:secretsmanager:eu-west-1:111122223333:secret:desk/exchange-key',
    'arn:aws:secretsmanager:eu-west-1:111122223333:secret:desk/exchange-key-??????',
    'arn:aws:secretsmanager:eu-west-1:111122223333:secret:*',
    'arn:aws:ssm:eu-west-1:111122223333:parameter/key-a1B2c3',
  ])('refuses %s as a secret of your own', (secretArn) => {
    expect(withAccount({ secretArn })).toEqual([
      `Stage "test", account "main": write secretArn as the ARN of a secret, whole, with the - and the 6 characters that Secrets Manager put at its end, such as arn:aws:secretsmanager:eu-west-1:111122223333:secret:desk/key-a1B2c3 (it is "${secretArn}").`,
    ]);
  });

  it.each<[keyof typeof arns, string]>([
    ['alarmTopicArn', 'arn:aws-cn:sns:cn-north-1:111122223333:Desk_1'],
    ['kmsKeyArn', 'arn:aws:kms:eu-west-1:111122223333:key/mrk-1a2b3c4d000044448888123456789abc'],
    ['eventBusArn', 'arn:aws-us-gov:events:us-gov-west-1:111122223333:event-bus/default'],
    ['permissionsBoundaryArn', 'arn:aws:iam::aws:policy/PowerUserAccess'],
  ])('takes as %s %s', (setting, arn) => expect(withArn(setting, arn)).toEqual([]));

  it.each<[keyof typeof arns, string]>([
    ['alarmTopicArn', 'desk-pager'],
    ['alarmTopicArn', 'arn:aws:sqs:eu-west-1:111122223333:q'],
    ['alarmTopicArn', 'arn:aws:sns:eu-west-1:111122223333:in-order.fifo'],
    ['alarmTopicArn', ''],
    ['kmsKeyArn', '1a2b3c4d-0000-4444-8888-123456789abc'],
    ['kmsKeyArn', 'arn:aws:kms:eu-west-1:111122223333:alias/desk'],
    ['eventBusArn', 'desk'],
    ['eventBusArn', 'arn:aws:events:eu-west-1:111122223333:rule/desk'],
    ['permissionsBoundaryArn', 'boundary'],
    ['permissionsBoundaryArn', 'arn:aws:iam::111122223333:role/boundary'],
  ])('refuses as %s %j', (setting, arn) => {
    expect(withArn(setting, arn)).toEqual([
      `Stage "test": write ${setting} as the ARN of ${arns[setting]} (it is "${arn}").`,
    ]);
  });

  it('refuses what is in another region than the stage', () => {
    const { alarmTopicArn, kmsKeyArn, eventBusArn, permissionsBoundaryArn } = everySetting;
    const secretArn = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:desk/exchange-key-a1B2c3';
    const accounts = { main: { dialect: 'orangex', secretArn } } as const;
    const brought = { accounts, alarmTopicArn, kmsKeyArn, eventBusArn, permissionsBoundaryArn };
    expect(problems({ ...brought, region: 'eu-west-1' })).toEqual([]);
    expect(problems({ ...brought, region: 'us-east-1' })).toEqual([
      ...['alarmTopicArn', 'kmsKeyArn', 'eventBusArn'].map(
        (setting) => `Stage "test": choose for ${setting} one in us-east-1, where the stage is (it is in eu-west-1).`,
      ),
      'Stage "test", account "main": choose for secretArn one in us-east-1, where the stage is (it is in eu-west-1).',
    ]);
  });

  it('refuses a key without a region, because a key encrypts in its own region only', () => {
    expect(problems({ kmsKeyArn: everySetting.kmsKeyArn })).toEqual([
      'Stage "test": set region, because kmsKeyArn is set: a key encrypts in its own region only.',
    ]);
  });

  it('refuses to keep logs for ever', () => {
    expect(problems({ logRetention: RetentionDays.INFINITE })).toEqual([
      'Stage "test": set logRetention to a number of days: RetentionDays.INFINITE would keep the logs, and their cost, for ever.',
    ]);
  });

  it.each<[Record<string, unknown>, string]>([
    [{ protect: undefined }, 'set protect to true or false (it is "undefined").'],
    [{ throttle: undefined }, 'set throttle to an object (it is missing).'],
    [{ throttle: { rate: '10', burst: 20 } }, 'set throttle.rate to a number (it is a string).'],
    [{ tags: undefined }, 'set tags to an object (it is missing).'],
    [{ tags: { desk: 1 } }, 'set tags.desk to text (it is a number).'],
    [{ accounts: undefined }, 'set accounts to an object (it is missing).'],
    [{ accounts: { main: null } }, 'set accounts.main to an object (it is missing).'],
    [
      { accounts: { main: { dialect: 'orangex', shareOfRate: '0.5' } } },
      'set accounts.main.shareOfRate to a number (it is a string).',
    ],
    [
      { accounts: { main: { dialect: 'orangex', url: { key: 'secret' } } } },
      'set accounts.main.url to text (it is an object).',
    ],
    [{ auth: null }, 'set auth to an object (it is missing).'],
    [{ cors: {} }, 'set cors.origins to a list (it is missing).'],
    [{ cors: [] }, 'set cors to an object (it is a list).'],
  ])('of a project without a compiler says what is wrong with %j', (settings, problem) => {
    expect(problems(settings)).toEqual([`Stage "test": ${problem}`]);
  });

  it.each(['Frankfurt', 'eu-west', 'eu-west-1a', ''])('refuses the region %j', (region) => {
    expect(problems({ region })).toEqual([
      `Stage "test": write region as AWS does, such as eu-west-1 (it is "${region}").`,
    ]);
  });

  it('refuses tokens that do not say whose orders their holder may see', () => {
    const { accountsClaim: _, ...auth } = everySetting.auth;
    for (const claim of [{}, { accountsClaim: '' }, { accountsClaim: 'two words' }]) {
      expect(problems(fromPlainJavaScript({ auth: { ...auth, ...claim } }))).toEqual([
        'Stage "test": name in auth.accountsClaim the claim that lists the accounts of the caller: without it any token would give access to every account.',
      ]);
    }
  });

  it.each([
    [
      { issuer: 'login.example.com' },
      'write auth.issuer as the https address in the iss claim of your tokens, such as https://login.example.com/.',
    ],
    [
      { issuer: 'http://login.example.com' },
      'write auth.issuer as the https address in the iss claim of your tokens, such as https://login.example.com/.',
    ],
    [
      { audience: [] },
      'name in auth.audience the aud of the tokens that are meant for this API: without it tokens for any other one pass.',
    ],
    [
      { audience: [''] },
      'name in auth.audience the aud of the tokens that are meant for this API: without it tokens for any other one pass.',
    ],
  ])('refuses tokens of %j', (wrong, sentence) => {
    expect(problems({ auth: { ...everySetting.auth, ...wrong } })).toEqual([`Stage "test": ${sentence}`]);
  });

  it('refuses another kind of auth', () => {
    expect(problems(fromPlainJavaScript({ auth: { kind: 'none' } }))).toEqual([
      'Stage "test": set auth.kind to iam or jwt.',
    ]);
  });

  it('refuses pages of web sites where callers have to sign', () => {
    expect(problems({ cors: everySetting.cors })).toEqual([
      'Stage "test": remove cors: a browser has no AWS key to sign with, it needs auth of kind jwt.',
    ]);
  });

  it.each([
    [[], 'name at least one origin in cors.origins, or remove cors.'],
    [
      ['*'],
      "name the origins in cors.origins one by one: with * any web site may ask for orders with a visitor's token.",
    ],
    [
      ['http://desk.example.com'],
      'write the origin "http://desk.example.com" as https:// and a host, such as https://desk.example.com.',
    ],
    [
      ['https://*.example.com'],
      'write the origin "https://*.example.com" as https:// and a host, such as https://desk.example.com.',
    ],
  ])('refuses the origins %j', (origins, sentence) => {
    expect(problems({ auth: everySetting.auth, cors: { origins } })).toEqual([`Stage "test": ${sentence}`]);
  });

  it.each([
    [{ account: 'desk-3', orderId: '1' }, 'set syntheticCheck.account to an account of this stage (it is "desk-3").'],
    [
      { account: 'main', orderId: 'a/b' },
      'set syntheticCheck.orderId to the id of an order that stays alive at the exchange, 1 to 64 of A-Z, a-z, 0-9 and ._-.',
    ],
  ])('refuses the synthetic check of %j', (syntheticCheck, sentence) => {
    expect(problems({ syntheticCheck })).toEqual([`Stage "test": ${sentence}`]);
  });

  it('refuses what TypeScript would have refused', () => {
    const wrong = {
      protect: 'no',
      xray: 1,
      logRetention: 15,
      alarmTopic: 'desk',
      accounts: { main: { dialect: 'binance', maxCheckSecond: 5 } },
    };
    expect(problems(fromPlainJavaScript(wrong))).toEqual([
      expect.stringMatching(/^Stage "test": remove "alarmTopic", or write it as one of accounts, .*alarmTopicArn/),
      'Stage "test": set protect to true or false (it is "no").',
      'Stage "test": set xray to true or false (it is "1").',
      'Stage "test": set logRetention to a number of days that CloudWatch has, such as 14, 90 or 365 (it is 15).',
      expect.stringMatching(/^Stage "test", account "main": remove "maxCheckSecond", or write .*maxCheckSeconds/),
      `Stage "test", account "main": set dialect to one of ${dialectNames.join(', ')} (it is "binance").`,
    ]);
  });

  it('refuses a throttle that lets nothing through', () => {
    expect(problems({ throttle: { rate: 0, burst: 1 } })).toEqual([
      'Stage "test": set throttle.rate above 0 (it is 0), or no request gets through.',
    ]);
    expect(problems({ throttle: { rate: 0.5, burst: 0 } })).toEqual([
      'Stage "test": set throttle.burst to a whole number from 1 (it is 0), or no request gets through.',
    ]);
  });

  it.each([
    ['aws:owner', 'desk'],
    ['AWS:owner', 'desk'],
    ['', 'desk'],
    ['owner', 'desk?'],
    ['owner', 'x'.repeat(257)],
  ])('refuses the tag %j = %j', (key, value) => {
    expect(problems({ tags: { [key]: value } })).toEqual([
      `Stage "test": change the tag "${key}"="${value}": AWS takes letters, digits, spaces and _.:/=+-@, no aws: in front.`,
    ]);
  });
});
