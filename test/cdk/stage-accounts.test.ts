import { expect, it } from 'vitest';
import { maxAccounts, maxExistingSecrets } from '../../cdk/stage-problems.ts';
import { fromPlainJavaScript, problems, withAccount, withUrl } from './stage-refusals.ts';
import { manyAccounts } from './synthesize.ts';

it('resolving a stage refuses a stage without accounts', () => {
  expect(problems({ accounts: {} })).toEqual(['Stage "test" has no account: add at least one.']);
});

it('resolving a stage refuses more accounts than fit into a template', () => {
  expect(problems({ accounts: manyAccounts() })).toEqual([]);
  expect(problems({ accounts: manyAccounts(maxAccounts + 1, maxExistingSecrets) })).toEqual([
    'Stage "test" has 401 accounts: move some to another stage; a stage holds at most 400.',
  ]);
});

it('resolving a stage refuses more secrets and schedules than fit into a template', () => {
  expect(problems({ accounts: manyAccounts(346, 0) })).toEqual([]);
  expect(problems({ accounts: manyAccounts(347, 0) })).toEqual([
    'Stage "test" needs 347 secrets and 14 schedules: set secretArn in some accounts, remove ownSchedule, or move some accounts to another stage; a stage holds at most 360 of both together.',
  ]);
});

it('resolving a stage refuses more external secrets than fit into a template', () => {
  expect(problems({ accounts: manyAccounts(maxExistingSecrets, maxExistingSecrets) })).toEqual([]);
  expect(problems({ accounts: manyAccounts(141, 141) })).toEqual([
    'Stage "test" has 141 accounts with a secretArn: remove it from some, or move them to another stage; a stage holds at most 140.',
  ]);
});

it.each(['Main', 'a_b', 'a'.repeat(33), ''])('resolving a stage refuses the account name %j', (account) => {
  expect(problems({ accounts: { [account]: { dialect: 'orangex' } } })).toEqual([
    `Stage "test", account "${account}": rename it: an account name is 1 to 32 characters from a-z, 0-9 and -.`,
  ]);
});

it('resolving a stage refuses an account called constructor, which every JavaScript object has', () => {
  expect(problems(fromPlainJavaScript({ accounts: { constructor: { dialect: 'orangex' } } }))).toEqual([
    'Stage "test", account "constructor": rename it: every JavaScript object has a member of this name.',
  ]);
});

it('resolving a stage refuses an invalid address, without quoting it', () => {
  expect(withUrl('api.orangex.com')).toEqual([
    'Stage "test", account "main": set url to a complete address, such as https://api.orangex.com/api/v1.',
  ]);
});

it.each([
  ['http://api.orangex.com/api/v1', 'http://api.orangex.com'],
  ['ftp://127.0.0.1/x', 'ftp://127.0.0.1'],
  ['http://127.0.0.1.example.test/x', 'http://127.0.0.1.example.test'],
])('resolving a stage refuses the address %s, which is not encrypted', (url, shown) => {
  expect(withUrl(url)).toEqual([
    `Stage "test", account "main": use https in url (it is ${shown}); plain http is allowed for this machine only.`,
  ]);
});

it.each(['https://key:secret@x.test/a', 'https://key@x.test/a', 'https://x.test/a?key=1', 'https://x.test/a#k'])(
  'resolving a stage refuses an address that could hold a key (%s), without quoting it',
  (url) => {
    expect(withUrl(url)).toEqual([
      'Stage "test", account "main": remove user, password, query and # from url: keys belong in the secret.',
    ]);
  },
);

it('resolving a stage refuses a slash at the end of an address', () => {
  expect(withUrl('https://x.test/api/v1/')).toEqual([
    'Stage "test", account "main": remove the slash at the end of url: the method\'s path is appended to it.',
  ]);
});

it('resolving a stage refuses a check interval that would let an order close and vanish unseen', () => {
  expect(withAccount({ maxCheckSeconds: 600 })).toEqual([]);
  expect(withAccount({ maxCheckSeconds: 601 })).toEqual([
    'Stage "test", account "main": lower maxCheckSeconds from 601 to at most 600, a third of the time for which the exchange keeps closed orders (1800 s): otherwise an order can close and be forgotten unseen.',
  ]);
});

it.each([
  [0, 60],
  [1.5, 60],
  [10, 60.5],
  [Number.NaN, 60],
])('resolving a stage refuses a check interval of %d to %d seconds', (minCheckSeconds, maxCheckSeconds) => {
  expect(withAccount({ minCheckSeconds, maxCheckSeconds })).toEqual([
    `Stage "test", account "main": set minCheckSeconds and maxCheckSeconds to whole numbers of at least 1 (they are ${minCheckSeconds} and ${maxCheckSeconds}).`,
  ]);
});

it('resolving a stage refuses a check interval whose minimum is above its maximum', () => {
  expect(withAccount({ minCheckSeconds: 61, maxCheckSeconds: 60 })).toEqual([
    'Stage "test", account "main": lower minCheckSeconds (61) to at most maxCheckSeconds (60).',
  ]);
});

it.each([
  [{ lists: 'no' }, 'set lists to true or false (it is "no").'],
  [{ ownSchedule: 1 }, 'set ownSchedule to true or false (it is "1").'],
  [{ discover: 0 }, 'set discover to true or false (it is "0").'],
  [{ minListSeconds: 0 }, 'set minListSeconds and maxListSeconds to whole numbers of at least 1 (they are 0 and 10).'],
  [
    { minListSeconds: 1.5, maxListSeconds: 3 },
    'set minListSeconds and maxListSeconds to whole numbers of at least 1 (they are 1.5 and 3).',
  ],
  [{ minListSeconds: 8, maxListSeconds: 7 }, 'lower minListSeconds (8) to at most maxListSeconds (7).'],
  [
    { maxCheckSeconds: 60, maxListSeconds: 61 },
    'lower maxListSeconds from 61 to at most maxCheckSeconds (60): otherwise lists come too late to see an order close.',
  ],
])('resolving a stage refuses the list settings %j', (settings, problem) => {
  const accounts = { main: { dialect: 'orangex', ...settings } };
  expect(problems(fromPlainJavaScript({ accounts }))).toEqual([`Stage "test", account "main": ${problem}`]);
});

it.each([0, -0.5, 1.01, Number.NaN])(
  "resolving a stage refuses a share of %d of the exchange's rate limit",
  (shareOfRate) => {
    expect(problems({ accounts: { main: { dialect: 'orangex', shareOfRate } } })).toEqual([
      `Stage "test", account "main": set shareOfRate to more than 0 and at most 1 (it is ${shareOfRate}): it is the part of the exchange's rate limit that this stack uses.`,
    ]);
  },
);

it.each([0, 2, 100.5, 1801, Number.NaN])(
  'resolving a stage refuses the setting that an exchange keeps closed orders for %d s',
  (seconds) => {
    expect(withAccount({ keepsClosedOrdersSeconds: seconds })).toEqual([
      `Stage "test", account "main": set keepsClosedOrdersSeconds to a whole number from 3 to 1800, the time for which orangex is known to keep closed orders (it is ${seconds}).`,
    ]);
  },
);

it.each([0, -1, 1.5, 36_501, Number.NaN])('resolving a stage refuses to keep history for %d days', (historyDays) => {
  expect(withAccount({ historyDays })).toEqual([
    `Stage "test", account "main": set historyDays to a whole number from 1 to 36500, or remove it to keep the history forever (it is ${historyDays}).`,
  ]);
});

it.each([
  'desk/exchange-key',
  'arn:aws:secretsmanager:eu-west-1:111122223333:secret:desk/exchange-key',
  'arn:aws:secretsmanager:eu-west-1:111122223333:secret:desk/exchange-key-??????',
  'arn:aws:secretsmanager:eu-west-1:111122223333:secret:*',
  'arn:aws:ssm:eu-west-1:111122223333:parameter/key-a1B2c3',
])('resolving a stage refuses %s as an external secret', (secretArn) => {
  expect(withAccount({ secretArn })).toEqual([
    `Stage "test", account "main": set secretArn to the ARN of a secret, including the - and the 6 characters that Secrets Manager appended, such as arn:aws:secretsmanager:eu-west-1:111122223333:secret:desk/key-a1B2c3 (it is "${secretArn}").`,
  ]);
});
