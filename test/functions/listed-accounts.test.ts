import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDynamoAccountTable } from '../../lib/accounts/dynamo-table.ts';
import { type CapturedOutput, captureOutput } from '../lib/captured-output.ts';
import { startTestBed, type TestBed } from '../lib/test-bed.ts';
import { type CheckOpenOrders, loadCheckOpenOrders } from './load-function.ts';

let testBed: TestBed;
let checkOpenOrders: CheckOpenOrders;
let output: CapturedOutput;
beforeEach(async () => {
  testBed = await startTestBed({ lists: true });
  checkOpenOrders = await loadCheckOpenOrders(testBed);
  output = captureOutput();
});
afterEach(async () => {
  output.release();
  await testBed.stop();
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
});

const accounts = [
  ['main', 'orangex'],
  ['other', 'deribit'],
] as const;

/** One tick of the schedule, in which the account is listed at least so many times: once a second, the first at once. */
function tick(account: string, lists: number) {
  return checkOpenOrders({ accounts: [account] }, 26_000 + lists * 1_000);
}

async function watchOf(orderId: string, account: string) {
  const watch = await testBed.watchOf(orderId, account);
  return {
    status: watch?.['status']?.S,
    startedBy: watch?.['started_by']?.S,
    present: watch?.['listed']?.M?.['present'],
  };
}

describe.each(accounts)('%s on %s', (account, exchange) => {
  it('the sweep of a listed account discovers an order that nobody registered, and sees it change and end, with one exchange call of its own', async () => {
    const id = testBed[exchange].place({ amount: '10' });
    expect(await tick(account, 1)).toMatchObject({ outcome: 'swept', discovered: 1, checked: 0, covered: 1 });
    expect(await watchOf(id, account)).toEqual({ status: 'watched', startedBy: 'list', present: { BOOL: true } });
    testBed[exchange].partialFill(id, '4');
    expect(await tick(account, 1)).toMatchObject({ discovered: 0, checked: 0 });
    testBed[exchange].fill(id);
    expect(await tick(account, 2)).toMatchObject({ vanished: 1, checked: 1, final: 1, covered: 0 });
    const history = await testBed.historyOf(id, account);
    expect(history.map((item) => [item['order_state']?.S, item['observed_by']?.S])).toEqual([
      ['open', 'list'],
      ['open', 'list'],
      ['filled', 'check-open-orders'],
    ]);
    expect(await watchOf(id, account)).toMatchObject({ status: 'final' });
  });

  it('the sweep of a listed account finds the end of an order in the histories when the exchange no longer knows its id', async () => {
    const id = testBed[exchange].place({ amount: '10' });
    await tick(account, 1);
    testBed[exchange].cancel(id);
    testBed[exchange].forget(id);
    expect(await tick(account, 2)).toMatchObject({ vanished: 1, found: 1, missing: 0 });
    const items = await testBed.itemsOf(id, account);
    expect(items.find(({ sk }) => sk?.S === 'NOW#HEAD')).toMatchObject({
      order_state: { S: 'canceled' },
      observed_by: { S: 'history' },
    });
    expect(items.map(({ kind }) => kind?.S).filter((kind) => kind !== undefined)).toEqual([
      'not_found',
      'history_lookup',
    ]);
  });

  it('the sweep of a listed account stores with the account the size of its latest list, and the summary of the sweep', async () => {
    for (let i = 0; i < 3; i++) testBed[exchange].place({ amount: '10' });
    await tick(account, 3);
    const table = createDynamoAccountTable({ client: testBed.engine.client, tableName: testBed.engine.tableName });
    const { listed, listTrust, summary } = await table.readAccount(account);
    expect(listed?.orders).toBeGreaterThanOrEqual(3);
    expect(listTrust).toMatchObject({ trusted: true });
    expect(summary).toMatchObject({ missing: 0, breaker: { phase: 'closed' } });
    expect(summary?.covered).toBe(listed?.orders);
  });
});
