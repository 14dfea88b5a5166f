import { describe, expect, it } from 'vitest';
import { mostAccounts, resolveStage, type StageConfig, StageError, stageNamed } from '../../cdk/stages.ts';
import { Stage } from '../../lib/stage.ts';
import { loopbackStage, manyAccounts } from './synthesize.ts';

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

const withChecks = (checks: { minCheckSeconds?: number; maxCheckSeconds?: number }) =>
  problems({ accounts: { main: { dialect: 'orangex', ...checks } } });

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
  it("fills in the exchange's address, the secret's name, the share of the rate and the check interval", () => {
    const stage = resolveStage('test', {
      ...loopbackStage,
      accounts: { main: { dialect: 'orangex' }, fast: { dialect: 'deribit', maxCheckSeconds: 5, shareOfRate: 0.8 } },
    });
    expect(stage.runtime).toEqual({
      name: 'test',
      accounts: {
        main: {
          dialect: 'orangex',
          url: 'https://api.orangex.com/api/v1',
          secretName: 'order-state-snapshots/test/main/exchange-key',
          shareOfRate: 0.5,
          minCheckSeconds: 10,
          maxCheckSeconds: 600,
        },
        fast: {
          dialect: 'deribit',
          url: 'https://www.deribit.com/api/v2',
          secretName: 'order-state-snapshots/test/fast/exchange-key',
          shareOfRate: 0.8,
          minCheckSeconds: 5,
          maxCheckSeconds: 5,
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
    expect(problems({ accounts: manyAccounts(mostAccounts + 1) })).toEqual([
      'Stage "test" has 131 accounts: move some to another stage, one holds 130.',
    ]);
  });

  it.each(['Main', 'a_b', 'a'.repeat(33), ''])('refuses the account name %j', (account) => {
    expect(problems({ accounts: { [account]: { dialect: 'orangex' } } })).toEqual([
      `Stage "test", account "${account}": rename it to 1 to 32 of a-z, 0-9 and -.`,
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
    expect(withChecks({ maxCheckSeconds: 600 })).toEqual([]);
    expect(withChecks({ maxCheckSeconds: 601 })).toEqual([
      'Stage "test", account "main": lower maxCheckSeconds from 601 to at most 600, a third of how long orangex remembers closed orders, or an order can close and vanish unseen.',
    ]);
  });

  it.each([
    [0, 60],
    [1.5, 60],
    [10, 60.5],
    [Number.NaN, 60],
  ])('refuses an interval of %d to %d seconds', (minCheckSeconds, maxCheckSeconds) => {
    expect(withChecks({ minCheckSeconds, maxCheckSeconds })).toEqual([
      `Stage "test", account "main": give minCheckSeconds and maxCheckSeconds in whole seconds from 1 (they are ${minCheckSeconds} and ${maxCheckSeconds}).`,
    ]);
  });

  it('refuses an interval whose ends are swapped', () => {
    expect(withChecks({ minCheckSeconds: 61, maxCheckSeconds: 60 })).toEqual([
      'Stage "test", account "main": lower minCheckSeconds (61) to at most maxCheckSeconds (60).',
    ]);
  });

  it.each([0, -0.5, 1.01, Number.NaN])('refuses to spend %d of the rate', (shareOfRate) => {
    expect(problems({ accounts: { main: { dialect: 'orangex', shareOfRate } } })).toEqual([
      `Stage "test", account "main": set shareOfRate above 0 and to at most 1 (it is ${shareOfRate}): the part of the exchange's rate limit that we spend.`,
    ]);
  });

  it('takes the whole rate, when nobody else uses the account', () => {
    expect(problems({ accounts: { main: { dialect: 'orangex', shareOfRate: 1 } } })).toEqual([]);
  });

  it('reserves concurrency for the checks, unless told not to', () => {
    expect(resolveStage('test', loopbackStage).reserveConcurrency).toBe(true);
    expect(resolveStage('test', { ...loopbackStage, reserveConcurrency: false }).reserveConcurrency).toBe(false);
    expect([stageNamed('dev'), stageNamed('prod')].map((stage) => stage.reserveConcurrency)).toEqual([false, true]);
  });

  it('reserves no more, in the largest stage, than leaves 100 of the 1000 that AWS gives an account', () => {
    expect(2 * mostAccounts).toBeLessThanOrEqual(1000 - 100);
  });

  it.each(['arn:aws:sns:eu-west-1:111122223333:desk-pager', 'arn:aws-cn:sns:cn-north-1:111122223333:Desk_1'])(
    'takes %s to send alarms to',
    (alarmTopicArn) => expect(problems({ alarmTopicArn })).toEqual([]),
  );

  it.each([
    'desk-pager',
    'arn:aws:sqs:eu-west-1:111122223333:q',
    'arn:aws:sns:eu-west-1:111122223333:in-order.fifo',
    '',
  ])('refuses to send alarms to %j', (alarmTopicArn) => {
    expect(problems({ alarmTopicArn })).toEqual([
      `Stage "test": write alarmTopicArn as the ARN of a standard SNS topic, such as arn:aws:sns:eu-west-1:111122223333:desk-pager (it is "${alarmTopicArn}").`,
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
