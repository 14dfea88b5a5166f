import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createDynamoAccountTable } from '../../lib/accounts/dynamo-table.ts';
import type { AccountTable, SweepProgress } from '../../lib/accounts/table.ts';
import { routes } from '../../lib/api/routes.ts';
import { startTestBedForFile, testBed } from '../lib/test-bed-for-file.ts';
import { apiEvent } from './api-events.ts';
import { type HttpFunction, loadHttpFunction } from './load-function.ts';

const now = Date.UTC(2026, 0, 1);
let table: AccountTable;
let listAccounts: HttpFunction;
beforeAll(() => {
  vi.spyOn(Date, 'now').mockImplementation(() => now);
});
startTestBedForFile({ lists: true });
beforeAll(async () => {
  table = createDynamoAccountTable(testBed.engine);
  listAccounts = await loadHttpFunction('list-accounts', testBed);
});
afterAll(() => {
  vi.restoreAllMocks();
});

const summary = {
  at: now - 2_000,
  open: 3,
  covered: 2,
  missing: 1,
  unknown: 0,
  inconsistent: 0,
  overCapacity: true,
  breaker: { phase: 'open', reason: 'key_refused', since: now - 60_000 },
} as const;

async function leave(account: string, progress: SweepProgress): Promise<void> {
  const lease = { owner: 'test', until: now + 1 };
  await table.takeLease(account, { ...lease, now });
  await table.releaseLease(account, lease.owner, progress);
}

async function get(account?: string, via = listAccounts) {
  const event =
    account === undefined
      ? apiEvent(routes.listAccounts, { path: {} })
      : apiEvent(routes.getAccount, { path: { account } });
  const { statusCode: status, body } = await via(event);
  return { status, body: JSON.parse(body) };
}

it('GET /accounts/{account} says that the account was never listed where no sweep has seen it', async () => {
  expect(await get('main')).toEqual({
    status: 200,
    body: {
      account: 'main',
      dialect: 'orangex',
      list: { state: 'never' },
      rate_limit: { used: 0 },
      circuit_breaker: { state: 'closed' },
      over_capacity: false,
    },
  });
});

it('GET /accounts/{account} shows the latest list, the counts of the sweep, and why calls are suspended', async () => {
  await leave('main', { listed: { at: now - 4_500, orders: 7, ordersReadAt: now - 9_000 }, summary });
  await table.raiseTat('main', { below: now + 300, to: now + 300 });
  await table.setPause('main', { paused: true, by: 'anna', at: now - 1_000 });
  const { body } = await get('main');
  expect(body).toMatchObject({
    list: { state: 'trusted', listed_at: '2025-12-31T23:59:55.500Z', age_seconds: 5, orders: 7 },
    orders: { open: 3, covered: 2, missing: 1, unknown: 0, inconsistent: 0 },
    swept_at: '2025-12-31T23:59:58.000Z',
    pause: { by: 'anna' },
    circuit_breaker: { state: 'open', reason: 'key_refused', since: '2025-12-31T23:59:00.000Z' },
    over_capacity: true,
  });
  expect(body.rate_limit.used).toBeGreaterThan(0);
});

it('GET /accounts/{account} says why lists are not trusted, since when, and when they are tried again', async () => {
  const listTrust = { trusted: false, since: now - 9_000, reason: 'contradicted', failures: 1, nextAt: now + 51_000 };
  await leave('other', { listTrust });
  expect((await get('other')).body.list).toEqual({
    state: 'untrusted',
    reason: 'contradicted',
    since: '2025-12-31T23:59:51.000Z',
    next_at: '2026-01-01T00:00:51.000Z',
  });
});

it('GET /accounts/{account} returns 404 for an account that the stage lacks', async () => {
  expect(await get('nobody')).toMatchObject({ status: 404, body: { code: 'unknown_account' } });
});

it('GET /accounts lists all accounts of the stage', async () => {
  const { status, body } = await get();
  expect(status).toBe(200);
  expect(body.accounts.map(({ account }: { account: string }) => account)).toEqual(['main', 'other']);
});

it('GET /accounts lists only the accounts in the caller’s token, and refuses the path of another account', async () => {
  const auth = { kind: 'jwt', accountsClaim: 'accounts' } as const;
  const jwt = await loadHttpFunction('list-accounts', { ...testBed, stage: { ...testBed.stage, auth } });
  const asTenant: HttpFunction = (event) => {
    const authorizer = { jwt: { claims: { accounts: '[other]' }, scopes: [] } };
    const requestContext = { ...event.requestContext, authorizer };
    return jwt({ ...event, requestContext });
  };
  const { body } = await get(undefined, asTenant);
  expect(body.accounts.map(({ account }: { account: string }) => account)).toEqual(['other']);
  expect(await get('main', asTenant)).toMatchObject({ status: 403, body: { code: 'account_forbidden' } });
});
