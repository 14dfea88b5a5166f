import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDynamoAccountTable } from '../../../lib/accounts/dynamo-table.ts';
import type { SweepProgress } from '../../../lib/accounts/table.ts';
import { AccountList } from '../../../lib/api/account-responses.ts';
import { names, type OpsTestBed, startOpsTestBed } from './ops-test-bed.ts';

let ops: OpsTestBed;
const iso = (ago: number) => new Date(ops.clock.now() - ago).toISOString();

beforeAll(async () => {
  ops = await startOpsTestBed();
  const table = createDynamoAccountTable(ops.engine);
  const now = ops.clock.now();
  const owner = 'sweep';
  const store = async (account: string, progress: SweepProgress) => {
    await table.takeLease(account, { owner, until: now + 1_000, now });
    await table.renewLease(account, { owner, until: now + 2_000 }, progress);
  };
  const counts = { at: now - 3_000, open: 58, covered: 57, missing: 1, unknown: 2, inconsistent: 3 };
  await store('main', {
    listed: { at: now - 4_000, orders: 60, ordersReadAt: now - 9_000 },
    summary: { ...counts, breaker: { phase: 'closed' }, overCapacity: false },
  });
  await store('testnet', {
    listed: { at: now - 300_000, orders: 7, ordersReadAt: now - 309_000 },
    listTrust: { trusted: false, since: now - 250_000, reason: 'contradicted', failures: 1, nextAt: now + 60_000 },
    summary: {
      ...counts,
      breaker: { phase: 'open', reason: 'maintenance', since: now - 95_000 },
      overCapacity: true,
    },
  });
  await table.setPause('testnet', { paused: true, by: 'eve\u202E\u001b[2J', at: now, until: now + 60_000 });
});
afterAll(() => ops.stop());

const accounts = (...args: readonly string[]) => ops.run(['accounts', ...args]);

it('ops accounts shows each account of a stage with its lists, orders, rate limit and circuit breaker', async () => {
  const { code, stderr, out } = await accounts('--stage', 'dev');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [heading, ...rows] = out
    .trimEnd()
    .split('\n')
    .map((row) => row.split(/ {2,}/));
  expect(heading).toEqual([
    ...['account', 'lists', 'age', 'listed', 'open', 'covered', 'missing', 'unknown', 'inconsistent'],
    ...['rate limit', 'circuit breaker', 'over capacity', 'paused'],
  ]);
  const open = `open: maintenance since ${iso(95_000)}`;
  expect(rows).toEqual([
    ['main', 'trusted', '4.0 s', '60', '58', '57', '1', '2', '3', '0 %', 'closed', 'no', 'no'],
    [
      ...['testnet', 'untrusted: contradicted', '5 min', '7', '58', '57', '1', '2', '3', '0 %', open, 'yes'],
      `until ${iso(-60_000)} by eve\\u202e\\u001b[2J`,
    ],
  ]);
});

it('ops accounts shows how much of the rate limit is in use', async () => {
  const table = createDynamoAccountTable(ops.engine);
  // Half of 10 calls a second and of a burst of 10: the whole burst is 1000 ms.
  await table.raiseTat('busy', { below: 1, to: ops.clock.now() + 400 });
  const { out } = await accounts('--account', 'busy', '--dialect', 'orangex', '--table', names.table);
  expect(out).toMatch(/\nbusy +never +- +- +- +- +- +- +- +40 % +closed +no +no\n$/);
});

it('ops accounts prints the JSON that the API returns, for one account if one is named', async () => {
  const { out } = await accounts('--stage', 'dev', '--account', 'main', '--json');
  const parsed: unknown = JSON.parse(out);
  expect(AccountList.parse(parsed)).toEqual(parsed);
  expect(parsed).toEqual({
    accounts: [
      {
        account: 'main',
        dialect: 'orangex',
        list: { state: 'trusted', listed_at: iso(4_000), age_seconds: 4, orders: 60 },
        orders: { open: 58, covered: 57, missing: 1, unknown: 2, inconsistent: 3 },
        swept_at: iso(3_000),
        rate_limit: { used: 0 },
        circuit_breaker: { state: 'closed' },
        over_capacity: false,
      },
    ],
  });
});

it.each([
  [['--stage', 'elsewhere'], 'for a stage of your own project, give --account and --dialect'],
  [['--stage', 'dev', '--account', 'nobody'], 'Stage dev has no account nobody: it has main, testnet'],
  [
    ['--table', names.table],
    'Give --stage, or --account and --dialect: those of npm start without options are --account main --dialect orangex',
  ],
  [['--stage', 'dev', '--dialect', 'orangex'], '--dialect needs --account'],
  [[], '--account main --dialect orangex'],
])('ops accounts refuses %j', async (args, line) => {
  const { code, stderr } = await accounts(...args);
  expect(code).toBe(2);
  expect(stderr).toContain(line);
});
