import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { expect, it } from 'vitest';
import { dialectNames } from '../../lib/exchange/dialects/index.ts';
import { arns, fromPlainJavaScript, problems, withArn } from './stage-refusals.ts';
import { everySetting } from './synthesize.ts';

it('resolving a stage refuses a stage name that cannot be part of resource names', () => {
  for (const name of ['Dev', '1st', 'a-name-of-17-chars', '']) {
    expect(problems({}, name)).toEqual([
      `Stage "${name}": rename it: a stage name is 1 to 16 characters from a-z, 0-9 and -, and starts with a-z.`,
    ]);
  }
});

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
])('resolving a stage refuses for %s the value %j', (setting, arn) => {
  expect(withArn(setting, arn)).toEqual([
    `Stage "test": set ${setting} to the ARN of ${arns[setting]} (it is "${arn}").`,
  ]);
});

it('resolving a stage refuses a resource in another region than the stage', () => {
  const { alarmTopicArn, kmsKeyArn, eventBusArn, permissionsBoundaryArn } = everySetting;
  const secretArn = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:desk/exchange-key-a1B2c3';
  const accounts = { main: { dialect: 'orangex', secretArn } } as const;
  const brought = { accounts, alarmTopicArn, kmsKeyArn, eventBusArn, permissionsBoundaryArn };
  expect(problems({ ...brought, region: 'eu-west-1' })).toEqual([]);
  expect(problems({ ...brought, region: 'us-east-1' })).toEqual([
    ...['alarmTopicArn', 'kmsKeyArn', 'eventBusArn'].map(
      (setting) => `Stage "test": set ${setting} to one in us-east-1, the region of the stage (it is in eu-west-1).`,
    ),
    'Stage "test", account "main": set secretArn to one in us-east-1, the region of the stage (it is in eu-west-1).',
  ]);
});

it('resolving a stage refuses a KMS key for a stage without a region, because a key encrypts in its own region only', () => {
  expect(problems({ kmsKeyArn: everySetting.kmsKeyArn })).toEqual([
    'Stage "test": set region, because kmsKeyArn is set: a key encrypts in its own region only.',
  ]);
});

it('resolving a stage refuses to keep logs for ever', () => {
  expect(problems({ logRetention: RetentionDays.INFINITE })).toEqual([
    'Stage "test": set logRetention to a number of days: RetentionDays.INFINITE would keep the logs, and their cost, forever.',
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
])('resolving a stage says what is wrong with %j in a project without a compiler', (settings, problem) => {
  expect(problems(settings)).toEqual([`Stage "test": ${problem}`]);
});

it.each(['Frankfurt', 'eu-west', 'eu-west-1a', ''])('resolving a stage refuses the region %j', (region) => {
  expect(problems({ region })).toEqual([
    `Stage "test": set region to the name of an AWS region, such as eu-west-1 (it is "${region}").`,
  ]);
});

it('resolving a stage refuses token settings that do not say whose orders the bearer may see', () => {
  const { accountsClaim: _, ...auth } = everySetting.auth;
  for (const claim of [{}, { accountsClaim: '' }, { accountsClaim: 'two words' }]) {
    expect(problems(fromPlainJavaScript({ auth: { ...auth, ...claim } }))).toEqual([
      'Stage "test": set auth.accountsClaim to the claim that lists the caller\'s accounts: without it, any token would give access to every account.',
    ]);
  }
});

it.each([
  [
    { issuer: 'login.example.com' },
    'set auth.issuer to the https address in the iss claim of your tokens, such as https://login.example.com/.',
  ],
  [
    { issuer: 'http://login.example.com' },
    'set auth.issuer to the https address in the iss claim of your tokens, such as https://login.example.com/.',
  ],
  [
    { audience: [] },
    'list in auth.audience the aud claims of tokens for this API: without them, tokens for any other API would be accepted.',
  ],
  [
    { audience: [''] },
    'list in auth.audience the aud claims of tokens for this API: without them, tokens for any other API would be accepted.',
  ],
])('resolving a stage refuses token settings of %j', (wrong, sentence) => {
  expect(problems({ auth: { ...everySetting.auth, ...wrong } })).toEqual([`Stage "test": ${sentence}`]);
});

it('resolving a stage refuses an unknown kind of auth', () => {
  expect(problems(fromPlainJavaScript({ auth: { kind: 'none' } }))).toEqual([
    'Stage "test": set auth.kind to iam or jwt.',
  ]);
});

it('resolving a stage refuses CORS origins where callers have to sign', () => {
  expect(problems({ cors: everySetting.cors })).toEqual([
    'Stage "test": remove cors, or set auth.kind to jwt: a browser has no AWS key to sign requests with.',
  ]);
});

it.each([
  [[], 'list at least one origin in cors.origins, or remove cors.'],
  [
    ['*'],
    "list the origins in cors.origins one by one: with *, any web site could request orders with a visitor's token.",
  ],
  [
    ['http://desk.example.com'],
    'write the origin "http://desk.example.com" as https:// and a host, such as https://desk.example.com.',
  ],
  [
    ['https://*.example.com'],
    'write the origin "https://*.example.com" as https:// and a host, such as https://desk.example.com.',
  ],
])('resolving a stage refuses the CORS origins %j', (origins, sentence) => {
  expect(problems({ auth: everySetting.auth, cors: { origins } })).toEqual([`Stage "test": ${sentence}`]);
});

it.each([
  [{ account: 'desk-3', orderId: '1' }, 'set syntheticCheck.account to an account of this stage (it is "desk-3").'],
  [
    { account: 'main', orderId: 'a/b' },
    'set syntheticCheck.orderId to the id of an order that stays live at the exchange: 1 to 64 characters from A-Z, a-z, 0-9 and ._-.',
  ],
])('resolving a stage refuses the synthetic check of %j', (syntheticCheck, sentence) => {
  expect(problems({ syntheticCheck })).toEqual([`Stage "test": ${sentence}`]);
});

it('resolving a stage refuses values that TypeScript would have refused', () => {
  const wrong = {
    protect: 'no',
    xray: 1,
    logRetention: 15,
    alarmTopic: 'desk',
    accounts: { main: { dialect: 'binance', maxCheckSecond: 5 } },
  };
  expect(problems(fromPlainJavaScript(wrong))).toEqual([
    expect.stringMatching(
      /^Stage "test": remove the unknown setting "alarmTopic"; the settings are accounts, .*alarmTopicArn/,
    ),
    'Stage "test": set protect to true or false (it is "no").',
    'Stage "test": set xray to true or false (it is "1").',
    'Stage "test": set logRetention to a number of days that CloudWatch supports, such as 14, 90 or 365 (it is 15).',
    expect.stringMatching(
      /^Stage "test", account "main": remove the unknown setting "maxCheckSecond"; .*maxCheckSeconds/,
    ),
    `Stage "test", account "main": set dialect to one of ${dialectNames.join(', ')} (it is "binance").`,
  ]);
});

it('resolving a stage refuses a throttle that lets nothing through', () => {
  expect(problems({ throttle: { rate: 0, burst: 1 } })).toEqual([
    'Stage "test": set throttle.rate to more than 0 (it is 0): otherwise no request gets through.',
  ]);
  expect(problems({ throttle: { rate: 0.5, burst: 0 } })).toEqual([
    'Stage "test": set throttle.burst to a whole number of at least 1 (it is 0): otherwise no request gets through.',
  ]);
});

it.each([
  ['aws:owner', 'desk'],
  ['AWS:owner', 'desk'],
  ['', 'desk'],
  ['owner', 'desk?'],
  ['owner', 'x'.repeat(257)],
])('resolving a stage refuses the tag %j = %j', (key, value) => {
  expect(problems({ tags: { [key]: value } })).toEqual([
    `Stage "test": change the tag "${key}"="${value}": AWS allows letters, digits, spaces and _.:/=+-@, and no aws: prefix.`,
  ]);
});
